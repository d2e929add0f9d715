// What the server takes and how it answers.
#include <fmt/core.h>
#include <zlib.h>

#include <future>

#include "tests/support/server_spec.h"

namespace tenure::http {
namespace {

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
  for (const auto& bad : {std::string("has space"), std::string(), std::string(129, 'a')}) {
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
  std::vector<std::string> seen;
  ServerOptions options{.header_bytes_max = 2000, .body_bytes_max = 1000};
  options.observe = [&](const Request& request, int status, std::chrono::nanoseconds duration) {
    EXPECT_GE(duration.count(), 0);
    const std::lock_guard lock(mutex);
    seen.push_back(fmt::format("{} {} {}", to_string(request.method), request.target, status));
  };
  start(options);
  EXPECT_EQ(status_of(get("/a")), 200);
  EXPECT_EQ(status_of(get("/throw_later")), 500);
  EXPECT_EQ(status_of(post("Content-Length: 1001\r\n", "")), 413);
  EXPECT_EQ(status_of("DELETE /b HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("BREW /b HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(status_of("GET\r\n\r\n"), 400);
  server_->stop(1s);
  EXPECT_EQ(seen, (std::vector<std::string>{"GET /a 200", "GET /throw_later 500", "POST /echo 413",
                                            "DELETE /b 400", "- /b 501", "-  400"}));
}

TEST_F(ServerTest, SendsNoBodyToAHeadThatItRefuses) {
  start({.body_bytes_max = 1000});
  auto connection = connect();
  connection.send("HEAD /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
  const auto answer = connection.read_rest();
  EXPECT_NE(answer.find(" 413 "), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
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
