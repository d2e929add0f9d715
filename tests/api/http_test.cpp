#include "api/http.h"

#include <gtest/gtest.h>

namespace tenure::http {
namespace {

using Segments = std::vector<std::string>;

Request parsed(std::string_view target) {
  Request request;
  EXPECT_TRUE(parse_target(target, request)) << target;
  return request;
}

bool is_malformed(std::string_view target) {
  Request request;
  return !parse_target(target, request);
}

TEST(Methods, are_known_by_their_exact_names) {
  for (const auto method : {Method::get, Method::head, Method::options, Method::post, Method::put,
                            Method::patch, Method::delete_, Method::trace, Method::query}) {
    EXPECT_EQ(parse_method(to_string(method)), method);
  }
  for (const std::string_view text : {"", "get", "GETX", "CONNECT", "GE"})
    EXPECT_FALSE(parse_method(text)) << text;
}

TEST(Target, is_split_at_its_slashes_before_its_segments_are_decoded) {
  EXPECT_EQ(parsed("/v1/a%2Fb/c").segments, (Segments{"v1", "a/b", "c"}));
  EXPECT_EQ(parsed("/v1/ws_1%3Afreeze").segments, (Segments{"v1", "ws_1:freeze"}));
  EXPECT_EQ(parsed("/%76%31").segments, (Segments{"v1"}));
  EXPECT_EQ(parsed("/").segments, (Segments{""}));
  EXPECT_EQ(parsed("/v1/").segments, (Segments{"v1", ""}));
  EXPECT_EQ(parsed("//v1").segments, (Segments{"", "v1"}));
  EXPECT_EQ(parsed("/a%3Fb").segments, (Segments{"a?b"}));
}

TEST(Target, keeps_a_plus_in_the_path_and_takes_it_for_a_space_in_the_query) {
  const auto request = parsed("/a+b?c+d=e+f&g=%2B");
  EXPECT_EQ(request.segments, (Segments{"a+b"}));
  EXPECT_EQ(request.query, (Fields{{"c d", "e f"}, {"g", "+"}}));
}

TEST(Target, decodes_once) {
  EXPECT_EQ(parsed("/%2541").segments, (Segments{"%41"}));
  EXPECT_EQ(parsed("/a?b=%2541").query, (Fields{{"b", "%41"}}));
}

TEST(Target, does_not_resolve_dots) {
  EXPECT_EQ(parsed("/v1/../docs/.").segments, (Segments{"v1", "..", "docs", "."}));
  EXPECT_EQ(parsed("/%2e%2e/docs").segments, (Segments{"..", "docs"}));
}

TEST(Target, has_its_query_in_order_with_empty_and_repeated_names) {
  EXPECT_EQ(parsed("/a?b=1&b=2&c&d=&&=e&f=g=h").query,
            (Fields{{"b", "1"}, {"b", "2"}, {"c", ""}, {"d", ""}, {"", "e"}, {"f", "g=h"}}));
  EXPECT_EQ(parsed("/a?").query, Fields{});
  EXPECT_EQ(parsed("/a?b=?").query, (Fields{{"b", "?"}}));
}

TEST(Target, is_malformed_with_half_an_escape_or_none_of_utf_8) {
  for (const std::string_view target :
       {"/%", "/%4", "/%4/", "/%zz", "/%-1", "/a%", "/% 41", "/%ff", "/%c0%af", "/%ed%a0%80", "/a?b=%",
        "/a?%=b", "/a?b=%f0%28", "/a?b=%4&c", "/\xff"}) {
    EXPECT_TRUE(is_malformed(target)) << target;
  }
  EXPECT_EQ(parsed("/%c3%a9").segments, (Segments{"é"}));
}

TEST(Target, is_taken_in_absolute_form_without_its_authority) {
  EXPECT_EQ(parsed("http://a.example/v1/x?y=1").segments, (Segments{"v1", "x"}));
  EXPECT_EQ(parsed("HTTPS://a.example:1/v1").segments, (Segments{"v1"}));
  EXPECT_EQ(parsed("http://a.example").segments, (Segments{""}));
}

TEST(Target, is_malformed_in_another_form) {
  for (const std::string_view target : {"", "*", "a.example:80", "ftp://a/b", "v1/x", "?a=b"})
    EXPECT_TRUE(is_malformed(target)) << target;
}

TEST(Request, finds_headers_in_any_case_the_first_of_several) {
  Request request;
  request.headers = {{"x-a", "1"}, {"X-A", "2"}, {"X-Ab", "3"}};
  EXPECT_EQ(request.header("X-a"), "1");
  EXPECT_EQ(request.count_headers("X-A"), 2U);
  EXPECT_EQ(request.header("X"), "");
  EXPECT_EQ(request.count_headers("X"), 0U);
}

TEST(Request, tells_an_empty_query_parameter_from_an_absent_one) {
  const auto request = parsed("/a?b=");
  EXPECT_EQ(request.query_value("b"), "");
  EXPECT_FALSE(request.query_value("c"));
  EXPECT_FALSE(request.query_value("B"));
}

}  // namespace
}  // namespace tenure::http
