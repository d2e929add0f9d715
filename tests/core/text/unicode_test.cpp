#include "core/text/unicode.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace tenure::text {
namespace {

std::string utf8(std::uint32_t c) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | (c >> shift & 0x3fU)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xc0U | c >> 6U), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xe0U | c >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | c >> 18U), tail(12), tail(6), tail(0)};
}

TEST(Utf8, IsValidForExactlyTheScalarValues) {
  for (std::uint32_t c = 0; c < 0x120000; ++c) {
    const bool scalar = c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);
    ASSERT_EQ(is_utf8(utf8(c)), scalar) << std::hex << c;
    if (scalar) {
      ASSERT_EQ(count_characters(utf8(c)), 1U);
    }
  }
}
TEST(Utf8, IsNotValidWhenItIsOverlongCutOrOutOfOrder) {
  for (const auto* bytes :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\x80", "\xbf", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xe2(\xa1", "\xf0\x9f(\x80",
        "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "abc\xc3", "\xc3\xa4\x80"}) {
    EXPECT_FALSE(is_utf8(bytes));
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}
TEST(Utf8, CountsCharactersAndNotBytes) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("abc"), 3U);
  EXPECT_EQ(count_characters("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 3U);
  EXPECT_EQ(count_characters("e\xcc\x81"), 2U);
}
TEST(ControlCharacters, AreThoseOfTheCategoryCc) {
  for (std::uint32_t c = 0; c < 0x3000; ++c) {
    ASSERT_EQ(has_control_characters(utf8(c)), c < 0x20 || (c >= 0x7f && c < 0xa0)) << std::hex << c;
  }
  EXPECT_TRUE(has_control_characters("a\nb"));
  EXPECT_TRUE(has_control_characters("name\xc2\x85"));
  EXPECT_FALSE(has_control_characters("\xe4\xb8\x82\xc3\x85 \xc2\xa0"));
  EXPECT_FALSE(has_control_characters(""));
}

}  // namespace
}  // namespace tenure::text
