#include "api/cursor.h"

#include <gtest/gtest.h>

#include <array>

namespace tenure::http {
namespace {

crypto::Key key_of(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return crypto::Key(bytes);
}

const crypto::Key key = key_of(1);

TEST(Cursor, opens_under_the_key_and_the_list_that_it_was_made_for) {
  for (const auto& position :
       {std::string("ws_1"), std::string(), std::string("\0\xff\n", 3), std::string(500, 'p')}) {
    const auto opened = decode_cursor(key, "list\nscope", encode_cursor(key, "list\nscope", position));
    ASSERT_TRUE(opened);
    EXPECT_EQ(*opened, position);
  }
}

TEST(Cursor, is_safe_in_a_query_as_it_stands) {
  for (int i = 0; i < 200; ++i) {
    const auto cursor =
        encode_cursor(key, "list", std::string(static_cast<std::size_t>(i), static_cast<char>(i)));
    EXPECT_EQ(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
  }
}

TEST(Cursor, of_another_list_or_another_key_is_refused) {
  const auto cursor = encode_cursor(key, "list", "position");
  for (const auto& opened : {decode_cursor(key, "other", cursor), decode_cursor(key, "", cursor),
                             decode_cursor(key_of(2), "list", cursor)}) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, Reason::invalid_cursor);
  }
}

TEST(Cursor, cannot_have_its_list_and_position_divided_differently) {
  EXPECT_FALSE(decode_cursor(key, "li", encode_cursor(key, "list", "position")));
  const auto bytes = *crypto::from_base64url(encode_cursor(key, "list", "position"));
  const auto moved = crypto::to_base64url(bytes.substr(0, 16) + "stposition");
  EXPECT_FALSE(decode_cursor(key, "li", moved));
}

TEST(Cursor, with_any_bit_changed_is_refused) {
  const auto bytes = *crypto::from_base64url(encode_cursor(key, "list", "position"));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_cursor(key, "list", crypto::to_base64url(changed))) << bit;
  }
}

TEST(Cursor, cut_short_or_made_up_is_refused) {
  const auto cursor = encode_cursor(key, "list", "position");
  for (std::size_t length = 0; length < cursor.size(); ++length) {
    EXPECT_FALSE(decode_cursor(key, "list", cursor.substr(0, length))) << length;
  }
  for (const std::string made_up : {"", "abc", "not base64!", "====", "AAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_FALSE(decode_cursor(key, "list", made_up)) << made_up;
  }
  EXPECT_FALSE(decode_cursor(key, "list", cursor + "A"));
  EXPECT_FALSE(decode_cursor(key, "list", cursor + "="));
}

}  // namespace
}  // namespace tenure::http
