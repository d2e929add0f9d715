// What the server refuses and how, and that nobody can hold it up.
#include <unistd.h>

#include <fstream>

#include "tests/support/server_spec.h"

namespace tenure::http {
namespace {

using namespace std::string_literals;

TEST_F(ServerTest, RefusesABodyThatIsTooLargeBeforeReadingIt) {
  start({.body_bytes_max = 1000});
  auto connection = connect();
  connection.send(post("Content-Length: 1001\r\nExpect: 100-continue\r\n", ""));
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(reason_of(*answer), "body_too_large");
  EXPECT_EQ(status_of(post("Content-Length: 1000\r\n", std::string(1000, 'a'))), 200);
  EXPECT_EQ(status_of(post("Content-Length: 18446744073709551615\r\n", "")), 413);
}

TEST_F(ServerTest, RefusesAChunkedBodyOnceItIsTooLarge) {
  start({.body_bytes_max = 1000});
  std::string chunks;
  for (int i = 0; i < 11; ++i) chunks += "64\r\n" + std::string(100, 'a') + "\r\n";
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n")), 413);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\n", "fffffff0\r\n")), 413);
}

TEST_F(ServerTest, TheAnswerToALargeBodyArrivesAlthoughTheClientStillSends) {
  start({.body_bytes_max = 1000});
  auto connection = connect();
  connection.send(post("Content-Length: 500000\r\n", std::string(500'000, 'a')));
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST_F(ServerTest, RefusesBodiesThatTogetherAreTooMuchToHold) {
  start({.bodies_bytes_max = 300'000});
  auto first = connect();
  first.send(post("Content-Length: 400000\r\n", std::string(250'000, 'a')));
  auto second = connect();
  ASSERT_TRUE(eventually([&] { return server_->body_bytes() >= 200'000; }));
  second.send(post("Content-Length: 400000\r\n", std::string(250'000, 'a')));
  const auto answer = second.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->header("retry-after"), "1");
  EXPECT_EQ(status_of(post("Content-Length: 3\r\n", "abc")), 200);
  first.end_sending();
  EXPECT_TRUE(eventually([&] { return server_->body_bytes() == 0; }));
}

struct Hostile {
  const char* name;
  std::string request;
  int status;
};

class HostileRequests : public ServerTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileRequests, AreRefusedAndEndTheConnection) {
  start();
  auto connection = connect();
  connection.send(GetParam().request + get("/smuggled"));
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, GetParam().status) << answer->body;
  EXPECT_EQ(answer->header("content-type"), "application/problem+json");
  EXPECT_TRUE(json::parse(answer->body)) << answer->body;
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_EQ(connection.read_rest(), "");
  EXPECT_EQ(stage_.served, 0);
}

const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Framing, HostileRequests,
    ::testing::Values(
        Hostile{"length_and_chunked",
                head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Hostile{"chunked_and_length",
                head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        Hostile{"two_lengths", head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        Hostile{"two_equal_lengths", head + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        Hostile{"list_of_lengths", head + "Content-Length: 3, 3\r\n\r\nabc", 400},
        Hostile{"signed_length", head + "Content-Length: +3\r\n\r\nabc", 400},
        Hostile{"negative_length", head + "Content-Length: -3\r\n\r\nabc", 400},
        Hostile{"hexadecimal_length", head + "Content-Length: 0x3\r\n\r\nabc", 400},
        Hostile{"length_with_inner_space", head + "Content-Length: 1 2\r\n\r\nabc", 400},
        Hostile{"empty_length", head + "Content-Length: \r\n\r\n", 400},
        Hostile{"overflowing_length", head + "Content-Length: 99999999999999999999999\r\n\r\nabc", 400},
        Hostile{"identity_coding", head + "Transfer-Encoding: identity\r\n\r\n", 501},
        Hostile{"gzip_coding", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        Hostile{"chunked_twice", head + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
        Hostile{"two_codings",
                head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Hostile{"hidden_coding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
        Hostile{"coding_with_vertical_tab",
                head + "Transfer-Encoding: \x0b"
                       "chunked\r\n\r\n0\r\n\r\n",
                400},
        Hostile{"chunked_in_http_1_0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400},
        Hostile{"space_before_colon", head + "Content-Length : 3\r\n\r\nabc", 400},
        Hostile{"tab_before_colon", head + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
        Hostile{"folded_header", head + "X-A: b\r\n c\r\n\r\n", 400},
        Hostile{"folded_coding", head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
        Hostile{"folded_first_header", "GET /a HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        Hostile{"bare_line_feeds", "GET /a HTTP/1.1\nHost: a\n\n", 400},
        Hostile{"bare_line_feed_in_header", "GET /a HTTP/1.1\r\nHost: a\nX-B: c\r\n\r\n", 400},
        Hostile{"bare_carriage_return", "GET /a HTTP/1.1\r\nHost: a\rX-B: c\r\n\r\n", 400},
        Hostile{"header_without_colon", "GET /a HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400},
        Hostile{"header_without_name", "GET /a HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
        Hostile{"nul_in_header", "GET /a HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, 400},
        Hostile{"nul_in_target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
        Hostile{"space_in_target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Hostile{"no_target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Hostile{"two_spaces", "GET  /a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Hostile{"no_host", "GET /a HTTP/1.1\r\n\r\n", 400},
        Hostile{"two_hosts", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Hostile{"bad_chunk_size", head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        Hostile{"chunk_size_with_sign", head + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
                400},
        Hostile{"chunk_size_with_0x", head + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
                400},
        Hostile{"chunk_without_line_end", head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n", 400},
        Hostile{"chunk_ended_by_line_feed", head + "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", 400},
        Hostile{"chunk_size_too_large", head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
                400},
        Hostile{"trailer_without_colon", head + "Transfer-Encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n",
                400},
        Hostile{"unknown_method", "BREW /a HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        Hostile{"connect", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501},
        Hostile{"http_1_2", "GET /a HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        Hostile{"http_2_0", "GET /a HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        Hostile{"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        Hostile{"no_version", "GET /a\r\n\r\n", 400},
        Hostile{"not_http_at_all", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n", 400}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(ServerTest, RefusesAHeaderThatIsTooLarge) {
  start({.header_bytes_max = 2000});
  auto answer = exchange(server_->address(), get("/a", "X-A: " + std::string(2000, 'a') + "\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 431);
  EXPECT_EQ(reason_of(*answer), "header_too_large");
  answer = exchange(server_->address(), get("/" + std::string(3000, 'a')));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 431);
  std::string many;
  for (int i = 0; i < 500; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(get("/a", many)), 431);
  EXPECT_EQ(status_of(get("/a", "X-A: " + std::string(1000, 'a') + "\r\n")), 200);
}

// The name of the default limit is what operators read: 32 KiB and a little must already be too much.
TEST_F(ServerTest, TakesHeadersUpTo32KiBByDefault) {
  start();
  EXPECT_EQ(status_of(get("/a", "X-A: " + std::string(31'000, 'a') + "\r\n")), 200);
  EXPECT_EQ(status_of(get("/a", "X-A: " + std::string(33'000, 'a') + "\r\n")), 431);
}

TEST_F(ServerTest, EndlessChunkExtensionsAndTrailersAreCutOffInsteadOfKept) {
  start();
  for (const std::string begin : {"3;", "0\r\nX: "}) {
    auto connection = connect();
    ASSERT_TRUE(connection.send(post("Transfer-Encoding: chunked\r\n", begin)));
    const std::string more(64U << 10U, 'a');
    std::size_t sent = 0;
    while (sent < (64U << 20U) && connection.send(more)) sent += more.size();
    EXPECT_LT(sent, 64U << 20U);
  }
  EXPECT_EQ(stage_.served, 0);
}

// ---- Slow and greedy clients
// ----------------------------------------------------------------------------------------

TEST_F(ServerTest, CutsOffAClientThatTrickesItsHeader) {
  start({.header_timeout = 300ms});
  auto connection = connect();
  const auto begun = std::chrono::steady_clock::now();
  connection.send("GET /a HTTP/1.1\r\n");
  std::jthread trickle([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && connection.send("X-A: b\r\n")) std::this_thread::sleep_for(20ms);
  });
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_EQ(reason_of(*answer), "request_timeout");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(ServerTest, CutsOffAClientThatTricklesItsBody) {
  start({.body_timeout = 300ms});
  auto connection = connect();
  connection.send(post("Content-Length: 100000\r\n", "a"));
  std::jthread trickle([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && connection.send("a")) std::this_thread::sleep_for(20ms);
  });
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
}

TEST_F(ServerTest, ClosesIdleConnectionsWithoutAWord) {
  start({.idle_timeout = 200ms});
  auto fresh = connect();
  auto used = connect();
  used.send(get("/a"));
  ASSERT_TRUE(used.read_answer());
  EXPECT_TRUE(fresh.is_closed());
  EXPECT_TRUE(used.is_closed());
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, CutsOffAClientThatDoesNotReadItsAnswer) {
  start({.write_timeout = 300ms});
  auto connection = connect();
  connection.send(get("/huge"));
  EXPECT_TRUE(eventually([&] { return stage_.served == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, AClientThatNeverReadsCannotPileUpAnswers) {
  start();
  RawConnection connection(server_->address(), 300ms);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += get("/huge");
  while (connection.send(many)) {
  }
  EXPECT_LE(stage_.served, 4);
}

TEST_F(ServerTest, TurnsAwayWhatIsBeyondItsConnections) {
  start({.connections_max = 3});
  std::vector<RawConnection> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(connect());
    held.back().send(get("/a"));
    ASSERT_TRUE(held.back().read_answer());
  }
  auto fourth = connect();
  const auto answer = fourth.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(reason_of(*answer), "overloaded");
  EXPECT_TRUE(fourth.is_closed());
  held.pop_back();
  ASSERT_TRUE(eventually([&] { return server_->connections() == 2; }));
  EXPECT_EQ(status_of(get("/a")), 200);
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(ServerTest, LetsGoOfTheMemoryOfALargeAnswer) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer keeps what is freed for a while";
#endif
  start();
  std::vector<RawConnection> connections;
  for (int i = 0; i < 12; ++i) {
    connections.push_back(connect());
    connections.back().send(get("/huge", "Accept-Encoding: identity\r\n"));
    ASSERT_TRUE(connections.back().read_answer());
  }
  // Twelve answers of 8 MiB have gone over connections that are all still open.
  EXPECT_TRUE(eventually([] { return resident_bytes() < 90U << 20U; })) << resident_bytes();
}

TEST_F(ServerTest, GoesOnAfterAClientWentAwayInTheMiddle) {
  start();
  for (const std::string part :
       {"GE", "GET /a HTTP/1.1\r\nHo", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}) {
    auto connection = connect();
    connection.send(part);
  }
  for (int i = 0; i < 20; ++i) {
    auto connection = connect();
    connection.send(get("/huge"));
  }
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(status_of(get("/a")), 200);
}

}  // namespace
}  // namespace tenure::http
