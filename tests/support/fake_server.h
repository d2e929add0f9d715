// A server whose answers a test writes itself, byte for byte: for clients that have to cope with anything.
//
// Threads: it answers on a thread of its own; what the handler shares with the test needs care.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/certificate.h"

namespace tenure::test {

class FakeServer {
 public:
  struct Seen {
    int connection = 0;  // counted from 1
    std::string method, target, body;
    std::function<std::string(std::string_view name)> header;
  };
  // The bytes of an answer; none: the connection ends without one.
  using Handler = std::function<std::string(const Seen&)>;
  explicit FakeServer(Handler handler, const std::optional<Certificate>& identity = {})
      : handler_(std::move(handler)), acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {
    if (identity) {
      tls_.emplace(boost::asio::ssl::context::tls_server);
      tls_->use_certificate_chain(boost::asio::buffer(identity->certificate));
      tls_->use_private_key(boost::asio::buffer(identity->key), boost::asio::ssl::context::pem);
    }
    boost::asio::co_spawn(context_, accept(), boost::asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~FakeServer() {
    context_.stop();
    thread_.join();
  }

  [[nodiscard]] std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }
  [[nodiscard]] std::string url() const {
    return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + port();
  }

 private:
  using Socket = boost::asio::ip::tcp::socket;

  boost::asio::awaitable<void> accept() {
    for (int number = 1;; ++number) {
      auto socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      boost::asio::co_spawn(context_, serve(std::move(socket), number), boost::asio::detached);
    }
  }

  boost::asio::awaitable<void> serve(Socket socket, int number) {
    try {
      if (tls_) {
        boost::asio::ssl::stream<Socket> secure(std::move(socket), *tls_);
        co_await secure.async_handshake(boost::asio::ssl::stream_base::server, boost::asio::use_awaitable);
        co_await answer(secure, number);
      } else {
        co_await answer(socket, number);
      }
    } catch (const boost::system::system_error&) {
      // The client is gone.
    }
  }

  template <class Stream>
  boost::asio::awaitable<void> answer(Stream& stream, int number) {
    namespace http = boost::beast::http;
    boost::beast::flat_buffer buffer;
    while (true) {
      http::request<http::string_body> request;
      co_await http::async_read(stream, buffer, request, boost::asio::use_awaitable);
      const auto bytes = handler_(
          {number, std::string(request.method_string()), std::string(request.target()), request.body(),
           [&](std::string_view name) { return std::string(request[std::string(name)]); }});
      if (bytes.empty()) co_return;
      co_await boost::asio::async_write(stream, boost::asio::buffer(bytes), boost::asio::use_awaitable);
    }
  }

  boost::asio::io_context context_{1};
  std::optional<boost::asio::ssl::context> tls_;
  Handler handler_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

// An answer with a body and its length.
[[nodiscard]] inline std::string http_answer(
    std::string_view status, std::string_view body,
    std::string_view headers = "Content-Type: application/json\r\n") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace tenure::test
