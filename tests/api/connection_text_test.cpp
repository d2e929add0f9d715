#include "api/connection_text.h"

#include <gtest/gtest.h>

namespace tenure::http {
namespace {

using Found = HeadScan::Found;

Found look(std::string_view text) { return HeadScan().look(text); }

TEST(HeadScan, finds_the_end_of_a_head) {
  EXPECT_EQ(look("GET / HTTP/1.1\r\nA: b\r\n\r\n"), Found::complete);
  EXPECT_EQ(look("GET / HTTP/1.1\r\n\r\nrest\nof it"), Found::complete);
}

TEST(HeadScan, says_the_same_however_the_bytes_arrive) {
  const std::string good = "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
  HeadScan scan;
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(scan.look(std::string_view(good).substr(0, length)), Found::incomplete) << length;
  }
  EXPECT_EQ(scan.look(good), Found::complete);
}

TEST(HeadScan, refuses_folded_lines_and_bare_line_feeds_as_soon_as_they_show) {
  for (const std::string_view text :
       {"GET / HTTP/1.1\n", "\n", "GET / HTTP/1.1\r\nA: b\n", "GET / HTTP/1.1\r\nA: b\r\n c",
        "GET / HTTP/1.1\r\n\tA", "GET / HTTP/1.1\r\nA: b\r\n\n"}) {
    EXPECT_EQ(look(text), Found::malformed) << text;
  }
}

TEST(HeadScan, wants_a_request_line_of_three_parts_with_one_space_between_them) {
  const auto found = [](std::string_view line) {
    return HeadScan().look(std::string(line) + "\r\nHost: a\r\n\r\n");
  };
  for (const std::string_view good :
       {"GET / HTTP/1.1", "BREW x HTTP/1.0", "PRI * HTTP/2.0", "GET / HTTP/9.9"}) {
    EXPECT_EQ(found(good), HeadScan::Found::complete) << good;
  }
  for (const std::string_view bad :
       {"", " ", "GET", "GET /", "GET HTTP/1.1", "GET  HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1",
        "GET / b HTTP/1.1", " / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/11",
        "GET / HTTP/1.", "GET / HTTP/1.1x", "GET / HTTP/x.1", "GET / http/1.1", "GET /\tHTTP/1.1"}) {
    EXPECT_EQ(found(bad), HeadScan::Found::malformed) << bad;
  }
}

constexpr std::string_view good_traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

Request traced(std::string_view traceparent) {
  Request request;
  request.headers = {{"traceparent", traceparent}};
  read_trace(request);
  return request;
}

TEST(Trace, takes_the_trace_id_of_a_valid_traceparent) {
  EXPECT_EQ(traced(good_traceparent).trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  // A later version may say more after what this one knows.
  EXPECT_EQ(traced("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").trace_id,
            "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(Trace, begins_one_when_the_request_has_none_that_is_valid) {
  for (const std::string_view bad : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                                     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                     "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                     "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more"}) {
    const auto request = traced(bad);
    EXPECT_TRUE(request.traceparent.starts_with("00-" + request.trace_id + "-")) << bad;
    EXPECT_TRUE(request.traceparent.ends_with("-00")) << "not sampled";
    EXPECT_EQ(traced(request.traceparent).trace_id, request.trace_id) << "it is valid itself";
    EXPECT_NE(traced(bad).trace_id, request.trace_id) << bad;
  }
}

TEST(Trace, makes_a_new_request_id_each_time_none_is_given) {
  const auto first = traced(good_traceparent).request_id;
  const auto second = traced(good_traceparent).request_id;
  EXPECT_TRUE(first.starts_with("req_"));
  EXPECT_NE(first, second);
}

TEST(Trace, keeps_a_request_id_of_1_to_128_visible_characters) {
  const std::string longest(128, '~');
  const std::string too_long(129, '~');
  for (const auto& [given, kept] : std::vector<std::pair<std::string_view, bool>>{{"a", true},
                                                                                  {longest, true},
                                                                                  {too_long, false},
                                                                                  {"", false},
                                                                                  {"a b", false},
                                                                                  {"a\x7f", false},
                                                                                  {"\xc3\xa9", false}}) {
    Request request;
    request.headers = {{"X-Request-Id", given}};
    read_trace(request);
    EXPECT_EQ(request.request_id == given, kept) << given;
  }
}

std::string written(const Response& response, const Request& request,
                    Persistence persistence = Persistence::keep) {
  std::string out = "what was there before";
  write_response(response, request, persistence, out);
  return out;
}

TEST(WriteResponse, says_its_headers_and_its_body_once) {
  Request request;
  request.request_id = "r-1";
  const auto text =
      written({.status = 412, .body = "{}", .headers = {{"ETag", "\"1\""}}, .no_store = true}, request);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 412 Precondition Failed\r\nDate: ")) << text;
  for (const std::string_view line :
       {"\r\nX-Request-Id: r-1\r\n", "\r\nContent-Type: application/json\r\n", "\r\nContent-Length: 2\r\n",
        "\r\nETag: \"1\"\r\n", "\r\nCache-Control: no-store\r\n", "\r\n\r\n{}"}) {
    const auto at = text.find(line);
    ASSERT_NE(at, std::string::npos) << line << text;
    EXPECT_EQ(text.find(line, at + 1), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("Connection"), std::string::npos);
}

TEST(WriteResponse, says_what_becomes_of_the_connection) {
  EXPECT_NE(written({}, {}, Persistence::close).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_NE(written({}, {}, Persistence::keep_and_say).find("\r\nConnection: keep-alive\r\n"),
            std::string::npos);
}

TEST(WriteResponse, has_the_length_but_not_the_body_for_head) {
  Request request;
  request.method = Method::head;
  const auto text = written({.status = 200, .body = "1234"}, request);
  EXPECT_NE(text.find("\r\nContent-Length: 4\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(WriteResponse, says_that_an_empty_answer_is_empty) {
  const auto text = written({.status = 200, .body = {}}, {});
  EXPECT_NE(text.find("\r\nContent-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(text.find("\r\nContent-Type:"), std::string::npos);
}

TEST(WriteResponse, compresses_from_1024_bytes_on) {
  Request request;
  request.headers = {{"Accept-Encoding", "gzip"}};
  EXPECT_EQ(written({.status = 200, .body = std::string(1023, 'a')}, request).find("gzip"),
            std::string::npos);
  EXPECT_NE(written({.status = 200, .body = std::string(1024, 'a')}, request)
                .find("\r\nContent-Encoding: gzip\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace tenure::http
