// The server over real sockets: what it takes, what it refuses and how, and that nobody can hold it up.
#include "api/server.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "core/json/json.h"
#include "tests/support/raw_connection.h"

namespace tenure::http {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::exchange;
using test::RawConnection;

// What the routes of these tests share with the test.
struct Stage {
  std::latch begun{1};               // a request to /held has reached its handler
  std::atomic<bool> release{false};  // and may be answered now
  std::atomic<int> served{0};
};

boost::asio::awaitable<Response> held(Stage& stage) {
  stage.begun.count_down();
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  while (!stage.release) {
    pause.expires_after(1ms);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return Response{.status = 200, .body = R"("held")"};
}

boost::asio::awaitable<Response> failing_later() {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, 1ms);
  co_await pause.async_wait(boost::asio::use_awaitable);
  throw std::runtime_error("planted");
}

Server::Reply serve(Stage& stage, Request& request) {
  ++stage.served;
  if (!parse_target(request.target, request)) return Response{.status = 400, .body = {}};
  const auto& name = request.segments.front();
  if (name == "big") return Response{.status = 200, .body = '"' + std::string(5000, 'a') + '"'};
  if (name == "huge") return Response{.status = 200, .body = '"' + std::string(8U << 20U, 'a') + '"'};
  if (name == "empty") return Response{.status = 204, .body = {}};
  if (name == "secret") return Response{.status = 200, .body = R"("s")", .no_store = true};
  if (name == "throw") throw std::runtime_error("planted");
  if (name == "throw_later") return failing_later();
  if (name == "held") return held(stage);
  std::string text(to_string(request.method));
  text.append(" ").append(request.target).append(" ").append(request.body);
  return Response{.status = 200, .body = std::move(text), .content_type = "text/plain"};
}

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    auto started = Server::start(options, [this](Request& request) { return serve(stage_, request); });
    ASSERT_TRUE(started) << started.error();
    server_ = std::move(*started);
  }
  [[nodiscard]] RawConnection connect() const { return RawConnection(server_->address()); }
  // Status of the answer to `request`; 0 when there is none.
  [[nodiscard]] int status_of(std::string_view request) const {
    const auto answer = exchange(server_->address(), request);
    return answer ? answer->status : 0;
  }
  // Waits until `condition` holds; false after ten seconds.
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  Stage stage_;
  std::unique_ptr<Server> server_;
};

std::string get(std::string_view path, std::string_view headers = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view headers, std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string reason_of(const Answer& answer) {
  const auto body = json::parse(answer.body);
  if (!body || !body->is_object()) return "not JSON: " + answer.body;
  const auto* reason = body->get_object().if_contains("reason");
  return reason == nullptr ? "no reason" : std::string(reason->get_string());
}

// ---- Ordinary requests
// --------------------------------------------------------------------------------------------

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  auto connection = connect();
  for (const std::string path : {"/a", "/b", "/c"}) {
    connection.send(get(path));
    const auto answer = connection.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "GET " + path + " ");
    EXPECT_EQ(answer->header("connection"), "");
    EXPECT_TRUE(answer->header("date").ends_with(" GMT")) << answer->header("date");
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrder) {
  start();
  auto connection = connect();
  std::string all;
  constexpr int requests = 500;
  for (int i = 0; i < requests; ++i) {
    all += i % 3 == 0 ? post("Content-Length: 3\r\n", "abc") : get("/n" + std::to_string(i));
  }
  std::thread sender([&] { connection.send(all); });
  for (int i = 0; i < requests; ++i) {
    const auto answer = connection.read_answer();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, i % 3 == 0 ? "POST /echo abc" : "GET /n" + std::to_string(i) + " ");
  }
  sender.join();
}

TEST_F(ServerTest, AnswersARequestThatComesByteByByte) {
  start();
  auto connection = connect();
  for (const char byte : post("Transfer-Encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")) {
    ASSERT_TRUE(connection.send({&byte, 1}));
  }
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST /echo abc");
}

TEST_F(ServerTest, AnswersHeadWithTheHeadersOfGetAndNoBody) {
  start();
  auto connection = connect();
  connection.send("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n" + get("/after"));
  const auto head = connection.read_answer(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "5002");
  EXPECT_EQ(head->header("content-type"), "application/json");
  const auto after = connection.read_answer();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->body, "GET /after ");
}

TEST_F(ServerTest, SendsNoLengthAndNoTypeWithoutContent) {
  start();
  const auto answer = exchange(server_->address(), get("/empty"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_FALSE(answer->headers.contains("content-length"));
  EXPECT_FALSE(answer->headers.contains("content-type"));
}

TEST_F(ServerTest, SendsTheRequestIdBack) {
  start();
  auto answer = exchange(server_->address(), get("/a", "X-Request-Id: mine-1\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("x-request-id"), "mine-1");
  for (const std::string bad : {"has space", "", std::string(129, 'a').c_str()}) {
    answer = exchange(server_->address(), get("/a", "X-Request-Id: " + bad + "\r\n"));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->header("x-request-id").starts_with("req_")) << answer->header("x-request-id");
  }
}

TEST_F(ServerTest, ForbidsCachesToKeepSecrets) {
  start();
  EXPECT_EQ(exchange(server_->address(), get("/secret"))->header("cache-control"), "no-store");
  EXPECT_EQ(exchange(server_->address(), get("/a"))->header("cache-control"), "");
}

TEST_F(ServerTest, ClosesWhenTheClientAsksForIt) {
  start();
  auto connection = connect();
  connection.send(get("/a", "Connection: close\r\n"));
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(connection.is_closed());
}

TEST_F(ServerTest, ServesHttp10AndKeepsTheConnectionOnlyWhenAsked) {
  start();
  auto once = connect();
  once.send("GET /a HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(once.read_answer());
  EXPECT_TRUE(once.is_closed());

  auto kept = connect();
  for (int i = 0; i < 2; ++i) {
    kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto answer = kept.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header("connection"), "keep-alive");
  }
}

TEST_F(ServerTest, TakesTargetsInAbsoluteForm) {
  start();
  const auto answer =
      exchange(server_->address(), "GET http://a.example/abs?x=1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(ServerTest, ListensOnIpv6) {
  start({.host = "::1"});
  EXPECT_TRUE(server_->address().starts_with("[::1]:"));
  EXPECT_EQ(status_of(get("/a")), 200);
}

TEST_F(ServerTest, ServesFromSeveralThreads) {
  start({.threads = 4});
  std::vector<std::future<int>> clients;
  for (int client = 0; client < 8; ++client) {
    clients.push_back(std::async(std::launch::async, [this, client] {
      auto connection = connect();
      int right = 0;
      for (int i = 0; i < 200; ++i) {
        const auto path = "/c" + std::to_string(client) + "_" + std::to_string(i);
        connection.send(get(path));
        const auto answer = connection.read_answer();
        right += answer && answer->body == "GET " + path + " " ? 1 : 0;
      }
      return right;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 200);
}

TEST_F(ServerTest, SaysInOneSentenceWhenTheAddressIsTaken) {
  start();
  const auto address = server_->address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  const auto second = Server::start({.port = port}, [](Request&) { return Response{}; });
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find(address), std::string::npos) << second.error();
}

// ---- Bodies
// -------------------------------------------------------------------------------------------------------

TEST_F(ServerTest, TakesChunkedBodies) {
  start();
  const auto answer =
      exchange(server_->address(), post("Transfer-Encoding: chunked\r\n",
                                        "3;note=x\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST /echo abc0123456789");
}

TEST_F(ServerTest, SaysContinueBeforeTheBodyWhenTheClientWaitsForIt) {
  start();
  auto connection = connect();
  connection.send(post("Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
  const auto interim = connection.read_answer();
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  connection.send("abc");
  const auto answer = connection.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "POST /echo abc");
}

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

// ---- Framing that two readers could understand differently
// ----------------------------------------------------------

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
        Hostile{"nul_in_header", std::string("GET /a HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 38), 400},
        Hostile{"nul_in_target", std::string("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", 30), 400},
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

// ---- gzip
// -----------------------------------------------------------------------------------------------------------

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1U << 16U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(ServerTest, CompressesLargeAnswersForClientsThatTakeIt) {
  start();
  for (const std::string accepted : {"gzip", "GZIP", "br, gzip;q=0.5", "deflate , gzip", "gzip;q=1.0"}) {
    const auto answer = exchange(server_->address(), get("/big", "Accept-Encoding: " + accepted + "\r\n"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header("content-encoding"), "gzip") << accepted;
    EXPECT_EQ(answer->header("vary"), "Accept-Encoding");
    EXPECT_EQ(gunzip(answer->body), '"' + std::string(5000, 'a') + '"');
  }
  for (const std::string refused : {"", "br", "gzip;q=0", "gzip;q=0.000", "gzip; q=0", "xgzip", "identity"}) {
    const auto answer = exchange(server_->address(), get("/big", "Accept-Encoding: " + refused + "\r\n"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header("content-encoding"), "") << refused;
    EXPECT_EQ(answer->header("vary"), "Accept-Encoding");
    EXPECT_EQ(answer->body.size(), 5002U);
  }
  const auto small = exchange(server_->address(), get("/a", "Accept-Encoding: gzip\r\n"));
  ASSERT_TRUE(small);
  EXPECT_EQ(small->header("content-encoding"), "");
}

// ---- Faults and the end
// ---------------------------------------------------------------------------------------------

TEST_F(ServerTest, AnswersAFaultInAHandlerAsAnInternalErrorAndGoesOn) {
  start();
  auto connection = connect();
  for (const std::string path : {"/throw", "/throw_later"}) {
    connection.send(get(path, "X-Request-Id: r-7\r\n"));
    const auto answer = connection.read_answer();
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 500);
    EXPECT_EQ(reason_of(*answer), "internal_error");
    EXPECT_EQ(answer->body.find("planted"), std::string::npos);
    EXPECT_NE(answer->body.find("r-7"), std::string::npos);
  }
  connection.send(get("/a"));
  EXPECT_EQ(connection.read_answer()->status, 200);
  EXPECT_EQ(server_->faults(), 2U);
}

TEST_F(ServerTest, TellsItsObserverOfEveryAnswer) {
  std::mutex mutex;
  std::vector<std::pair<std::string, int>> seen;
  ServerOptions options{.header_bytes_max = 2000};
  options.observe = [&](const Request& request, int status, std::chrono::nanoseconds duration) {
    EXPECT_GE(duration.count(), 0);
    const std::lock_guard lock(mutex);
    seen.emplace_back(request.target, status);
  };
  start(options);
  EXPECT_EQ(status_of(get("/a")), 200);
  EXPECT_EQ(status_of(get("/throw_later")), 500);
  EXPECT_EQ(status_of("BREW /b HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  server_->stop(1s);
  EXPECT_EQ(seen,
            (std::vector<std::pair<std::string, int>>{{"/a", 200}, {"/throw_later", 500}, {"/b", 501}}));
}

TEST_F(ServerTest, FinishesWhatItHasBegunBeforeItStops) {
  start();
  auto idle = connect();
  idle.send(get("/a"));
  ASSERT_TRUE(idle.read_answer());
  auto busy = connect();
  busy.send(get("/held"));
  stage_.begun.wait();
  const auto address = server_->address();
  auto stopped = std::async(std::launch::async, [&] { server_->stop(10s); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_THROW(RawConnection(address, 100ms), std::runtime_error);
  stage_.release = true;
  const auto answer = busy.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, R"("held")");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  stopped.get();
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(ServerTest, StopsWhenTheGraceIsOver) {
  start({.threads = 2});
  std::vector<RawConnection> connections;
  connections.push_back(connect());
  connections.back().send(get("/held"));
  stage_.begun.wait();
  for (const std::string part : {"GET", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"}) {
    connections.push_back(connect());
    connections.back().send(part);
  }
  ASSERT_TRUE(eventually([&] { return server_->connections() == 3; }));
  const auto begun = std::chrono::steady_clock::now();
  server_->stop(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  server_.reset();
  for (auto& connection : connections) EXPECT_TRUE(connection.is_closed());
}

}  // namespace
}  // namespace tenure::http
