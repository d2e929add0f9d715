#include "core/ids/slug.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>

namespace tenure {
namespace {

TEST(SlugParse, TakesWhatTheRuleAllows) {
  for (const auto* text : {"abc", "a-c", "123", "a--b", "acme-prod-2"})
    EXPECT_EQ(Slug::parse(text).value().str(), text);
  EXPECT_TRUE(Slug::parse(std::string(39, 'a')));
}
TEST(SlugParse, RefusesTheRest) {
  for (const auto* text :
       {"", "a", "ab", "-ab", "ab-", "---", "Abc", "a_b", "a b", "a.b", "\u00e4bc", "abc\n", " abc"}) {
    EXPECT_FALSE(Slug::parse(text)) << text;
  }
  EXPECT_FALSE(Slug::parse(std::string(40, 'a')));
  EXPECT_FALSE(Slug::parse(std::string_view("ab\0", 3)));
}
RC_GTEST_PROP(SlugParse, AgreesWithTheRuleAsARegularExpression, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'z', '0', '9', '-', 'A', '_'));
  static const std::regex rule("^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$");
  RC_ASSERT(Slug::parse(text).has_value() ==
            (text.size() >= 3 && text.size() <= 39 && std::regex_match(text, rule)));
}

TEST(SlugFromName, IsTheNameInLowerCaseWithHyphens) {
  EXPECT_EQ(Slug::from_name("Acme Prod").str(), "acme-prod");
  EXPECT_EQ(Slug::from_name("  Acme -- & Co. (EU) ").str(), "acme-co-eu");
  EXPECT_EQ(Slug::from_name("v1.2_final").str(), "v1-2-final");
  EXPECT_EQ(Slug::from_name("Caf\xc3\xa9 M\xc3\xbcnchen").str(), "caf-m-nchen");
}
TEST(SlugFromName, FillsUpWhatIsTooShort) {
  EXPECT_EQ(Slug::from_name("").str(), "workspace");
  EXPECT_EQ(Slug::from_name("\xe6\x9d\xb1\xe4\xba\xac").str(), "workspace");
  EXPECT_EQ(Slug::from_name("---").str(), "workspace");
  EXPECT_EQ(Slug::from_name("A").str(), "a-workspace");
  EXPECT_EQ(Slug::from_name("QA!").str(), "qa-workspace");
}
TEST(SlugFromName, CutsWhatIsTooLongAndNoHyphenStaysAtTheEnd) {
  EXPECT_EQ(Slug::from_name(std::string(100, 'x')).str(), std::string(39, 'x'));
  EXPECT_EQ(Slug::from_name(std::string(38, 'x') + " y").str(), std::string(38, 'x'));
}
RC_GTEST_PROP(SlugFromName, IsAlwaysAValidSlugAndStaysOneWithAnySuffix, (const std::string& name)) {
  const auto slug = Slug::from_name(name);
  RC_ASSERT((Slug::parse(slug.str()) == slug));
  const auto number = *rc::gen::inRange(2, 1'000'000);
  const auto next = slug.with_suffix(number);
  RC_ASSERT((Slug::parse(next.str()) == next));
  RC_ASSERT(next.str().ends_with("-" + std::to_string(number)));
}

TEST(SlugWithSuffix, EndsWithTheNumberAndStaysWithinTheLimit) {
  EXPECT_EQ(Slug::from_name("acme").with_suffix(2).str(), "acme-2");
  EXPECT_EQ(Slug::from_name(std::string(39, 'x')).with_suffix(10).str(), std::string(36, 'x') + "-10");
  const auto hyphen_at_the_cut = Slug::parse(std::string(36, 'x') + "-yy").value();
  EXPECT_EQ(hyphen_at_the_cut.with_suffix(2).str(), std::string(36, 'x') + "-2");
}

}  // namespace
}  // namespace tenure
