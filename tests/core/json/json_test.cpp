#include "core/json/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

namespace tenure::json {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text, std::size_t depth_max = 64) {
  const auto value = parse(text, depth_max);
  return value ? "accepted" : value.error().message;
}
std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }
std::string as_json(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(JsonParse, TakesEveryKindOfValue) {
  const auto value = parse(R"( {"a": [1, -2, 18446744073709551615, true, false, null, "x"], "b": {}} )");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(dump(*value), R"({"a":[1,-2,18446744073709551615,true,false,null,"x"],"b":{}})");
  EXPECT_EQ(parse("7")->as_int64(), 7);
  EXPECT_EQ(parse(R"("x")")->as_string(), "x");
  EXPECT_TRUE(parse(" null ")->is_null());
}
TEST(JsonParse, KeepsWholeNumbersOf64BitsExact) {
  EXPECT_EQ(parse("9223372036854775807")->as_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse("-9223372036854775808")->as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse("18446744073709551615")->as_uint64(), std::numeric_limits<std::uint64_t>::max());
}
TEST(JsonParse, TakesABiggerWholeNumberAsAFloatingOne) {
  EXPECT_DOUBLE_EQ(parse("18446744073709551616")->as_double(), 18446744073709551616.0);
  EXPECT_DOUBLE_EQ(parse("1.5e3")->as_double(), 1500.0);
  EXPECT_DOUBLE_EQ(parse("5e-324")->as_double(), 5e-324);
}
TEST(JsonParse, RefusesANumberThatWouldBeInfinite) {
  for (const auto* text : {"1e309", "-1e309", "[1e999999999999]", "1e2147483648", R"({"a":2e308})"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
  EXPECT_FALSE(parse(std::string(400, '9')));
}
TEST(JsonParse, RefusesAMemberThatComesTwiceAndNamesIt) {
  EXPECT_EQ(error_of(R"({"name":1,"slug":2,"name":1})"), R"(duplicate member "name")");
  EXPECT_EQ(error_of(R"([{"a":{"b":1,"b":2}}])"), R"(duplicate member "b")");
  EXPECT_EQ(error_of(R"({"":1,"":2})"), R"(duplicate member "")");
}
TEST(JsonParse, RefusesAMemberThatComesTwiceInDifferentSpellings) {
  EXPECT_EQ(error_of(R"({"name":1,"n\u0061me":2})"), R"(duplicate member "name")");
  EXPECT_EQ(error_of("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
            "duplicate member \"\xf0\x9f\x98\x80\"");
  EXPECT_EQ(error_of(R"({"a\/b":1,"a/b":2})"), R"(duplicate member "a/b")");
}
TEST(JsonParse, TakesTheSameMemberInDifferentObjects) {
  EXPECT_TRUE(parse(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})"));
  EXPECT_TRUE(parse(R"({"a":1,"A":2,"a ":3,"a\u0000":4})"));
}
TEST(JsonParse, RefusesInvalidUtf8) {
  for (const auto* text : {"\"\x80\"", "\"\xc0\xaf\"", "\"\xe0\x80\xaf\"", "\"\xed\xa0\x80\"",
                           "\"\xf0\x80\x80\xaf\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xff\"",
                           "\"\xc3\"", "\"\xe2\x82\"", "{\"\xff\":1}", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
  EXPECT_TRUE(parse("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\""));
}
TEST(JsonParse, RefusesUnpairedSurrogates) {
  for (const auto* text : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")", R"("\ud800\u0041")",
                           R"("\ud800\ud800")", R"("\udc00\ud800")", R"({"\udfff":1})"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
  EXPECT_EQ(parse(R"("\ud83d\ude00")")->as_string(), "\xf0\x9f\x98\x80");
}
TEST(JsonParse, RefusesWhatIsNestedDeeperThanAllowed) {
  EXPECT_TRUE(parse(nested(64)));
  EXPECT_FALSE(parse(nested(65)));
  EXPECT_TRUE(parse(nested(3), 3));
  EXPECT_FALSE(parse(nested(4), 3));
  EXPECT_FALSE(parse(R"({"a":{"a":{"a":{}}}})", 3));
  EXPECT_FALSE(parse(std::string(1U << 20U, '[')));
}
TEST(JsonParse, RefusesWhatComesAfterTheValue) {
  for (const auto* text : {"{} {}", "{}x", "1 2", "null,", "[]]", "{}\xff"})
    EXPECT_FALSE(parse(text)) << text;
  EXPECT_FALSE(parse(std::string_view("{}\0", 3)));
  EXPECT_TRUE(parse("{} \t\r\n"));
}
TEST(JsonParse, RefusesWhatEndsTooEarly) {
  const std::string_view whole = R"({"a":[1,"b\u0041",true],"c":null})";
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse(whole.substr(0, size))) << size;
  EXPECT_TRUE(parse(whole));
}
TEST(JsonParse, RefusesWhatIsCommonButNotJson) {
  for (const auto* text : {"{a:1}",    "{'a':1}",   "[1,]",   "{\"a\":1,}", "// x\n1",     "/* x */1", "NaN",
                           "Infinity", "-Infinity", "01",     "+1",         "1.",          ".5",       "0x10",
                           "1e",       "\"\t\"",    "\"\n\"", "\"\\x41\"",  "\"\\u12g4\"", "True",     "nul",
                           "",         "   ",       "[1 2]",  "{\"a\" 1}"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}
TEST(JsonParse, SaysWhereItStopped) {
  const auto value = parse("{} x");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().offset, 3U);
  EXPECT_THAT(value.error().message, HasSubstr("after the end"));
}
TEST(JsonParse, TakesManyMembersInTimeThatGrowsWithTheirNumber) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"" + std::to_string(i) + "\":1,";
  EXPECT_EQ(error_of(text + "\"99\":1}"), "duplicate member \"99\"");
  EXPECT_TRUE(parse(text + "\"x\":1}"));
}

// RFC 8785, 3.2.2.2: the strings of the example.
TEST(JsonCanonical, EscapesStringsAsRfc8785Says) {
  EXPECT_EQ(canonical(*parse(R"("\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/")")),
            "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
  EXPECT_EQ(as_json(std::string_view("\0\x01\b\t\n\v\f\r\x1f\x7f/", 11)),
            "\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\x7f/\"");
  EXPECT_EQ(canonical(*parse(R"({"literals":[null,true,false]})")), R"({"literals":[null,true,false]})");
}
// RFC 8785, 3.2.3: names sort by their UTF-16 code units, so the emoji comes before U+FB33.
TEST(JsonCanonical, SortsMembersAsRfc8785Says) {
  const auto value =
      parse(R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
      "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"})");
  EXPECT_EQ(
      canonical(*value),
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
      "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
      "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}
TEST(JsonCanonical, SortsAPrefixFirstAndEveryLevel) {
  EXPECT_EQ(canonical(*parse(R"({"b":{"z":1,"":2,"a":3},"aa":[{"y":1,"x":2}],"a":0})")),
            R"({"a":0,"aa":[{"x":2,"y":1}],"b":{"":2,"a":3,"z":1}})");
}
TEST(JsonCanonical, WritesWholeNumbersBelow2To53AndNoOthers) {
  EXPECT_EQ(canonical(Value(9007199254740991)), "9007199254740991");
  EXPECT_EQ(canonical(Value(-9007199254740991)), "-9007199254740991");
  EXPECT_THROW((void)canonical(Value(9007199254740992)), std::logic_error);
  EXPECT_THROW((void)canonical(Value(-9007199254740992)), std::logic_error);
  EXPECT_THROW((void)canonical(Value(std::uint64_t{1} << 63U)), std::logic_error);
  EXPECT_THROW((void)canonical(*parse("[1.5]")), std::logic_error);
}
RC_GTEST_PROP(JsonCanonical, ReadsBackAsTheSameValueAndIsItsOwnCanonicalForm,
              (const std::map<std::string, std::int32_t>& members)) {
  Object object;
  for (const auto& [name, number] : members) {
    std::string ascii;
    for (const char c : name) ascii += static_cast<char>(c & 0x7f);
    object[ascii] = number;
  }
  const auto text = canonical(Value(object));
  const auto again = parse(text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == Value(object));
  RC_ASSERT(canonical(*again) == text);
}

TEST(JsonDump, KeepsTheOrderOfTheMembersAndWritesScalarsToo) {
  EXPECT_EQ(dump(*parse(R"({"b":1,"a":[ ]})")), R"({"b":1,"a":[]})");
  EXPECT_EQ(dump(Value("x\n")), R"("x\n")");
  EXPECT_EQ(dump(Value(nullptr)), "null");
  EXPECT_EQ(dump(Value(true)), "true");
  EXPECT_EQ(dump(Value(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
  EXPECT_DOUBLE_EQ(parse(dump(Value(1.5)))->as_double(), 1.5);
}

TEST(JsonWriter, PutsTheCommasAndNothingElse) {
  std::string out;
  Writer writer(out);
  writer.begin_object()
      .member("a", "x")
      .member("b", 1)
      .member("c", true)
      .null_member("d")
      .key("e")
      .begin_array();
  writer.integer(-1).string("y").begin_object().end_object().begin_array().end_array().null().end_array();
  writer.raw_member("f", "[1]").member("g", std::uint64_t{18446744073709551615U}).end_object();
  EXPECT_EQ(out,
            R"({"a":"x","b":1,"c":true,"d":null,"e":[-1,"y",{},[],null],"f":[1],"g":18446744073709551615})");
}
TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "data: ";
  Writer(out).begin_array().boolean(false).integer(std::numeric_limits<std::int64_t>::min()).end_array();
  EXPECT_EQ(out, "data: [false,-9223372036854775808]");
}
TEST(JsonWriter, EscapesNamesAndTexts) {
  std::string out;
  Writer(out).begin_object().member("a\"b", "\\\x01").end_object();
  EXPECT_EQ(out, R"({"a\"b":"\\\u0001"})");
}
TEST(JsonWriter, EscapesACharacterWhereverItStandsAndNoOther) {
  for (std::size_t size = 0; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      const std::string before(at, '\xff');
      const std::string after(size - at - 1, ' ');
      for (const auto& [plain, escaped] : std::map<char, std::string>{
               {'"', R"(\")"}, {'\\', R"(\\)"}, {'\n', R"(\n)"}, {'\x1f', R"(\u001f)"}})
        EXPECT_EQ(as_json(before + plain + after), "\"" + before + escaped + after + "\"");
    }
    const std::string plain(size, '!');
    EXPECT_EQ(as_json(plain), "\"" + plain + "\"");
  }
}
RC_GTEST_PROP(JsonWriter, WritesTextsThatReadBackAsTheyWere, (const std::string& bytes)) {
  std::string text;
  for (const char c : bytes) text += static_cast<char>(c & 0x7f);
  const auto value = parse(as_json(text));
  RC_ASSERT(value.has_value());
  RC_ASSERT(std::string(value->as_string()) == text);
}

}  // namespace
}  // namespace tenure::json
