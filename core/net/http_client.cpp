#include "core/net/http_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace tenure::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t response_bytes_max = 64U << 20U;

std::string lower(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return copy;
}

}  // namespace

struct HttpClient::Impl {
  std::string host, port, prefix;
  asio::io_context context{1};
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;

  asio::awaitable<HttpResponse> exchange(const HttpRequest& request, std::chrono::milliseconds timeout, bool& was_sent) {
    if (!stream) {
      asio::ip::tcp::resolver resolver(context);
      const auto endpoints = co_await resolver.async_resolve(host, port, asio::use_awaitable);
      stream.emplace(context);
      stream->expires_after(timeout);
      co_await stream->async_connect(endpoints, asio::use_awaitable);
    }
    stream->expires_after(timeout);
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(prefix + request.target);
    message.set(http::field::host, host + ":" + port);
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    if (!request.body.empty() || request.method != "GET") message.prepare_payload();
    was_sent = true;
    co_await http::async_write(*stream, message, asio::use_awaitable);

    http::response_parser<http::string_body> parser;
    parser.body_limit(response_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    co_await http::async_read(*stream, buffer, parser, asio::use_awaitable);
    HttpResponse response{.status = static_cast<int>(parser.get().result_int()), .headers = {}, .body = std::move(parser.get().body())};
    for (const auto& field : parser.get()) response.headers[lower(field.name_string())] = std::string(field.value());
    if (!parser.get().keep_alive()) close();
    co_return response;
  }

  void close() {
    stream.reset();
    buffer.clear();
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

std::expected<HttpClient, std::string> HttpClient::to(std::string_view base_url) {
  constexpr std::string_view scheme = "http://";
  if (!base_url.starts_with(scheme)) return std::unexpected("expected a URL such as http://127.0.0.1:8080");
  base_url.remove_prefix(scheme.size());
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  auto impl = std::make_unique<Impl>();
  const auto slash = base_url.find('/');
  if (slash != std::string_view::npos) impl->prefix = base_url.substr(slash);
  const auto authority = base_url.substr(0, slash);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  impl->host = authority.substr(0, has_port ? colon : authority.size());
  impl->port = has_port ? std::string(authority.substr(colon + 1)) : "80";
  if (impl->host.starts_with('[') && impl->host.ends_with(']')) impl->host = impl->host.substr(1, impl->host.size() - 2);
  if (impl->host.empty() || impl->port.empty()) return std::unexpected("expected a URL such as http://127.0.0.1:8080");
  return HttpClient(std::move(impl));
}

std::expected<HttpResponse, HttpFailure> HttpClient::send(const HttpRequest& request, std::chrono::milliseconds timeout) {
  const bool reused = impl_->stream.has_value();
  bool was_sent = false;
  std::optional<HttpResponse> response;
  std::string error;
  impl_->context.restart();
  asio::co_spawn(impl_->context, impl_->exchange(request, timeout, was_sent),
                 [&](const std::exception_ptr& failure, HttpResponse answer) {
                   if (!failure) {
                     response = std::move(answer);
                     return;
                   }
                   try {
                     std::rethrow_exception(failure);
                   } catch (const boost::system::system_error& cause) {
                     error = cause.code() == beast::error::timeout ? "no answer in time" : cause.code().message();
                   } catch (const std::exception& cause) {
                     error = cause.what();
                   }
                 });
  impl_->context.run();
  if (response) return std::move(*response);
  impl_->close();
  // A kept connection may have been closed by the server meanwhile: reading is safe to repeat at once.
  if (reused && (request.method == "GET" || request.method == "HEAD")) return send(request, timeout);
  return std::unexpected(HttpFailure{error, was_sent});
}

}  // namespace tenure::net
