// The server over real sockets, with routes that echo, wait, fail, or answer much.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "api/server.h"
#include "core/json/json.h"
#include "tests/support/raw_connection.h"

namespace tenure::http {

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

inline boost::asio::awaitable<Response> held(Stage& stage) {
  stage.begun.count_down();
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  while (!stage.release) {
    pause.expires_after(1ms);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return Response{.status = 200, .body = R"("held")"};
}

inline boost::asio::awaitable<Response> failing_later() {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, 1ms);
  co_await pause.async_wait(boost::asio::use_awaitable);
  throw std::runtime_error("planted");
}

inline Server::Reply serve(Stage& stage, Request& request) {
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

inline std::string get(std::string_view path, std::string_view headers = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

inline std::string post(std::string_view headers, std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

inline std::string reason_of(const Answer& answer) {
  const auto body = json::parse(answer.body);
  if (!body || !body->is_object()) return "not JSON: " + answer.body;
  const auto* reason = body->get_object().if_contains("reason");
  return reason == nullptr ? "no reason" : std::string(reason->get_string());
}

}  // namespace tenure::http
