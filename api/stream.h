// A client's connection as the server reads and writes it: in clear, or under TLS (RFC 8446, RFC 5246).
// Part of server.cpp.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace tenure::http {

// What a server shows its clients: TLS 1.2 or later, the certificate with its chain, both files PEM. The
// error is a sentence that names the file.
[[nodiscard]] std::expected<std::unique_ptr<boost::asio::ssl::context>, std::string> server_identity(
    const std::filesystem::path& certificate, const std::filesystem::path& key);

inline constexpr auto tuple_awaitable = boost::asio::as_tuple(boost::asio::use_awaitable);

class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Error = boost::system::error_code;
  using Transferred = std::tuple<Error, std::size_t>;

  // Nothing as `identity`: in clear. What it points to outlives this.
  Stream(Socket socket, boost::asio::ssl::context* identity) : socket_(std::move(socket)) {
    Error ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    if (identity != nullptr) tls_ = std::make_unique<Tls>(socket_, *identity);
  }

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] std::string remote_ip() const {
    Error error;
    const auto remote = socket_.remote_endpoint(error);
    return error ? std::string() : remote.address().to_string(error);
  }
  [[nodiscard]] bool is_secure() const { return tls_ != nullptr; }

  // Before anything else. False: the client does not speak TLS, or has gone.
  boost::asio::awaitable<bool> begin() {
    if (!tls_) co_return true;
    const auto [error] =
        co_await tls_->async_handshake(boost::asio::ssl::stream_base::server, tuple_awaitable);
    co_return !error;
  }

  boost::asio::awaitable<Transferred> read_some(boost::asio::mutable_buffer into) {
    if (tls_) return tls_->async_read_some(into, tuple_awaitable);
    return socket_.async_read_some(into, tuple_awaitable);
  }
  // As much as can be written without waiting.
  [[nodiscard]] std::size_t write_now(std::string_view text, Error& error) {
    if (tls_) return 0;
    const auto written = socket_.write_some(boost::asio::buffer(text.data(), text.size()), error);
    if (error == boost::asio::error::would_block) error = {};
    return written;
  }
  boost::asio::awaitable<Transferred> write(std::string_view text) {
    const auto from = boost::asio::buffer(text.data(), text.size());
    if (tls_) return boost::asio::async_write(*tls_, from, tuple_awaitable);
    return boost::asio::async_write(socket_, from, tuple_awaitable);
  }

  // Nothing more will be written; what the client still sends can be read.
  void end_writing() {
    Error ignored;
    if (!tls_) socket_.shutdown(Socket::shutdown_send, ignored);
  }
  boost::asio::awaitable<void> end() {
    if (tls_) co_await tls_->async_shutdown(tuple_awaitable);
    Error ignored;
    socket_.shutdown(Socket::shutdown_both, ignored);
  }

  // Ends what is being waited for.
  void cancel() {
    Error ignored;
    socket_.cancel(ignored);
  }
  void close() {
    Error ignored;
    socket_.close(ignored);
  }

 private:
  using Tls = boost::asio::ssl::stream<Socket&>;

  Socket socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace tenure::http
