#include "api/conditional.h"

#include <gtest/gtest.h>

#include <limits>

namespace tenure::http {
namespace {

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;
using Versions = std::vector<std::uint64_t>;

Request with(Headers headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(EtagHeader, is_the_version_in_quotes) {
  EXPECT_EQ(etag_header(0), "\"0\"");
  EXPECT_EQ(etag_header(std::numeric_limits<std::uint64_t>::max()), "\"18446744073709551615\"");
}

TEST(IfMatchHeader, is_no_condition_when_absent) {
  const auto parsed = parse_if_match(with({{"If-None-Match", "\"1\""}}));
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(*parsed);
}

struct Example {
  std::string_view text;
  bool any;
  Versions versions;
};

TEST(IfMatchHeader, takes_bare_and_quoted_etags_lists_and_the_star) {
  for (const auto& [text, any, versions] : std::vector<Example>{
           {"7", false, {7}},
           {"\"7\"", false, {7}},
           {" \t\"7\" ", false, {7}},
           {"*", true, {}},
           {" * ", true, {}},
           {"\"7\", \"8\"", false, {7, 8}},
           {"7,8 ,\t\"9\"", false, {7, 8, 9}},
           {"18446744073709551615", false, {std::numeric_limits<std::uint64_t>::max()}},
       }) {
    const auto parsed = parse_if_match(with({{"if-match", text}}));
    ASSERT_TRUE(parsed && *parsed) << text;
    EXPECT_EQ((*parsed)->any, any) << text;
    EXPECT_EQ((*parsed)->versions, versions) << text;
  }
}

TEST(IfMatchHeader, matches_nothing_by_weak_or_foreign_etags) {
  for (const std::string_view text :
       {"W/\"7\"", "\"abc\"", "abc", "\"7a\"", "\"-7\"", "\"+7\"", "\" 7\"", "\"7 \"", "0x7", "7.0", "\"*\"",
        "18446744073709551616", "\"99999999999999999999999\""}) {
    const auto parsed = parse_if_match(with({{"If-Match", text}}));
    ASSERT_TRUE(parsed && *parsed) << text;
    EXPECT_FALSE((*parsed)->any) << text;
    EXPECT_EQ((*parsed)->versions, Versions{}) << text;
  }
  const auto with_comma = parse_if_match(with({{"If-Match", "\"a,7\", \"8\""}}));
  ASSERT_TRUE(with_comma && *with_comma);
  EXPECT_EQ((*with_comma)->versions, Versions{8});
  const auto mixed = parse_if_match(with({{"If-Match", "W/\"7\", abc, \"8\""}}));
  ASSERT_TRUE(mixed && *mixed);
  EXPECT_EQ((*mixed)->versions, Versions{8});
}

TEST(IfMatchHeader, reads_several_lines_as_one_list) {
  const auto parsed = parse_if_match(with({{"If-Match", "\"7\""}, {"If-Match", "\"8\""}}));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->versions, (Versions{7, 8}));
}

TEST(IfMatchHeader, is_refused_when_it_is_no_list_of_etags) {
  const std::string too_long(257, '1');
  for (const std::string_view text :
       {std::string_view(""), std::string_view(" "), std::string_view("\""), std::string_view("\"7"),
        std::string_view("7\""), std::string_view("\"\""), std::string_view(","), std::string_view("W/"),
        std::string_view("7, *"), std::string_view("\"7\" \"8\""), std::string_view("7,,8"),
        std::string_view("7,"), std::string_view(too_long)}) {
    const auto parsed = parse_if_match(with({{"If-Match", text}}));
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, Reason::invalid_header);
  }
  EXPECT_FALSE(parse_if_match(with({{"If-Match", "*"}, {"If-Match", "\"7\""}})));
}

TEST(IdempotencyKeyHeader, is_nothing_when_absent) {
  const auto parsed = parse_idempotency_key(with({}));
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(*parsed);
}

TEST(IdempotencyKeyHeader, is_the_same_key_bare_and_quoted) {
  const std::string longest(64, 'k');
  const std::string longest_quoted = '"' + longest + '"';
  for (const auto& [text, key] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"k", "k"},
                                                                  {"\"k\"", "k"},
                                                                  {" \"k\"\t", "k"},
                                                                  {longest, longest},
                                                                  {longest_quoted, longest},
                                                                  {"a,b;c=1", "a,b;c=1"}}) {
    const auto parsed = parse_idempotency_key(with({{"idempotency-KEY", text}}));
    ASSERT_TRUE(parsed && *parsed) << text;
    EXPECT_EQ(**parsed, key);
  }
}

TEST(IdempotencyKeyHeader, is_refused_when_it_is_empty_too_long_unprintable_or_doubled) {
  const std::string too_long(65, 'k');
  const std::string too_long_quoted = '"' + too_long + '"';
  for (const std::string_view text :
       {std::string_view(""), std::string_view("  "), std::string_view("\"\""), std::string_view("\""),
        std::string_view("\"k"), std::string_view("k\""), std::string_view("a\"b"),
        std::string_view("\"a\"b\""), std::string_view("a b"), std::string_view("k\xc3\xa9"),
        std::string_view("k\x7f"), std::string_view("k\0", 2), std::string_view(too_long),
        std::string_view(too_long_quoted)}) {
    const auto parsed = parse_idempotency_key(with({{"Idempotency-Key", text}}));
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, Reason::invalid_header);
  }
  EXPECT_FALSE(parse_idempotency_key(with({{"Idempotency-Key", "k"}, {"Idempotency-Key", "k"}})));
}

}  // namespace
}  // namespace tenure::http
