#include "core/net/http_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>

namespace tenure::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;

using Kind = HttpFailure::Kind;
using Deadline = std::chrono::steady_clock::time_point;

constexpr std::uint32_t response_header_bytes_max = 64U << 10U;

std::string lower(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return copy;
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Beast writes what it is given: a line break in it would begin another header.
bool is_sendable(const HttpRequest& request) {
  const auto ends_a_word = [](std::string_view text) { return has_controls(text) || text.contains(' '); };
  if (request.method.empty() || ends_a_word(request.method) || ends_a_word(request.target)) return false;
  return std::ranges::none_of(request.headers, [&](const auto& header) {
    return header.first.empty() || ends_a_word(header.first) || header.first.contains(':') ||
           has_controls(header.second);
  });
}

struct Address {
  bool tls = false;
  std::string host, port, prefix;

  [[nodiscard]] std::string shown() const {
    return (host.contains(':') ? '[' + host + ']' : host) + ':' + port;
  }
};

std::expected<Address, std::string> parse_address(std::string_view url) {
  const auto fault =
      std::unexpected(std::string("expected a URL such as http://127.0.0.1:8080 or https://tenure.example"));
  Address address;
  if (url.starts_with("https://")) {
    address.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return fault;
  }
  if (has_controls(url) || url.find_first_of(" @?#") != std::string_view::npos) return fault;
  while (url.ends_with('/')) url.remove_suffix(1);
  const auto authority = url.substr(0, url.find('/'));
  address.prefix = url.substr(authority.size());
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.substr(colon).contains(']');
  auto host = authority.substr(0, has_port ? colon : authority.size());
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host;
  address.port = has_port ? authority.substr(colon + 1) : address.tls ? "443" : "80";
  const bool is_number = std::ranges::all_of(address.port, [](char c) { return c >= '0' && c <= '9'; });
  if (address.host.empty() || address.port.empty() || address.port.size() > 5 || !is_number) return fault;
  return address;
}

Kind kind_of(const boost::system::error_code& error, Kind stage) {
  if (error == beast::error::timeout) return Kind::timeout;
  if (error == http::error::body_limit || error == http::error::header_limit) return Kind::too_large;
  if (stage != Kind::closed) return stage;
  const bool is_ours = error.category() == http::make_error_code(http::error::bad_method).category();
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
  return is_ours && !ended ? Kind::malformed : Kind::closed;
}

std::string sentence(Kind kind, const Address& address, const std::string& cause) {
  switch (kind) {
    case Kind::resolve:
      return "cannot find an address of " + address.host + ": " + cause;
    case Kind::connect:
      return "cannot connect to " + address.shown() + ": " + cause;
    case Kind::tls:
      return "no trusted connection to " + address.shown() + ": " + cause;
    case Kind::timeout:
      return "no answer from " + address.shown() + " in time";
    case Kind::too_large:
      return "the answer of " + address.shown() + " is too large";
    case Kind::malformed:
      return "what " + address.shown() + " answers is not HTTP: " + cause;
    case Kind::invalid_request:
    case Kind::closed:
      break;
  }
  return address.shown() + " ended the connection: " + cause;
}

}  // namespace

struct HttpClient::Impl {
  Address address;
  HttpClientOptions options;
  asio::io_context context{1};
  std::optional<ssl::context> trust;  // of https
  std::optional<beast::tcp_stream> plain;
  std::optional<beast::ssl_stream<beast::tcp_stream>> secure;
  beast::flat_buffer buffer;
  Kind stage = Kind::closed;  // what an error now means
  bool was_sent = false;

  bool is_open() const { return plain.has_value() || secure.has_value(); }

  void close() {
    plain.reset();
    secure.reset();
    buffer.clear();
  }

  asio::awaitable<void> open(Deadline deadline) {
    stage = Kind::resolve;
    asio::ip::tcp::resolver resolver(context);
    const auto endpoints = co_await resolver.async_resolve(address.host, address.port, asio::use_awaitable);
    stage = Kind::connect;
    if (trust) {
      secure.emplace(context, *trust);
    } else {
      plain.emplace(context);
    }
    auto& stream = trust ? secure->next_layer() : *plain;
    stream.expires_at(deadline);
    co_await stream.async_connect(endpoints, asio::use_awaitable);
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
    if (!trust) co_return;
    stage = Kind::tls;
    boost::system::error_code is_name;
    (void)asio::ip::make_address(address.host, is_name);
    // Server Name Indication takes names only (RFC 6066 section 3).
    if (is_name) ::SSL_set_tlsext_host_name(secure->native_handle(), address.host.c_str());
    secure->set_verify_callback(ssl::host_name_verification(address.host));
    co_await secure->async_handshake(ssl::stream_base::client, asio::use_awaitable);
  }

  template <class Stream>
  asio::awaitable<HttpResponse> converse(Stream& stream, const HttpRequest& request) {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(address.prefix + request.target);
    message.set(http::field::host, address.shown());
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    if (!request.body.empty() || request.method != "GET") message.prepare_payload();
    stage = Kind::closed;
    was_sent = true;
    co_await http::async_write(stream, message, asio::use_awaitable);

    http::response_parser<http::string_body> parser;
    parser.header_limit(response_header_bytes_max);
    parser.body_limit(options.response_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    HttpResponse response;
    response.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
      auto& value = response.headers[lower(field.name_string())];
      if (!value.empty()) value += ", ";
      value += field.value();
    }
    response.body = std::move(parser.get().body());
    if (!parser.get().keep_alive()) close();
    co_return response;
  }

  asio::awaitable<HttpResponse> exchange(const HttpRequest& request, Deadline deadline) {
    if (!is_open()) co_await open(deadline);
    auto& stream = trust ? secure->next_layer() : *plain;
    stream.expires_at(deadline);
    if (trust) co_return co_await converse(*secure, request);
    co_return co_await converse(*plain, request);
  }

  HttpFailure failure_of(const boost::system::error_code& error) {
    const auto kind = kind_of(error, stage);
    auto cause = error.message();
    if (kind == Kind::tls && secure) {
      const auto verified = ::SSL_get_verify_result(secure->native_handle());
      if (verified != X509_V_OK) cause = ::X509_verify_cert_error_string(verified);
    }
    return {kind, sentence(kind, address, cause), was_sent};
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

std::expected<HttpClient, std::string> HttpClient::to(std::string_view base_url, HttpClientOptions options) {
  auto address = parse_address(base_url);
  if (!address) return std::unexpected(std::move(address.error()));
  auto impl = std::make_unique<Impl>();
  impl->address = std::move(*address);
  impl->options = std::move(options);
  if (impl->address.tls) {
    auto& trust = impl->trust.emplace(ssl::context::tls_client);
    trust.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    trust.set_verify_mode(ssl::verify_peer);
    boost::system::error_code error;
    if (const auto& file = impl->options.trusted_certificates; file.empty()) {
      trust.set_default_verify_paths(error);
    } else {
      trust.load_verify_file(file.string(), error);
    }
    if (error) return std::unexpected("cannot load the trusted certificates: " + error.message());
  }
  return HttpClient(std::move(impl));
}

std::expected<HttpResponse, HttpFailure> HttpClient::send(const HttpRequest& request,
                                                          std::chrono::milliseconds timeout) {
  if (!is_sendable(request)) {
    return std::unexpected(
        HttpFailure{Kind::invalid_request, "a method, target or header cannot be sent as it is", false});
  }
  auto& impl = *impl_;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const bool may_repeat = impl.is_open() && (request.method == "GET" || request.method == "HEAD");
  for (int attempt = 0;; ++attempt) {
    std::optional<HttpResponse> response;
    boost::system::error_code error;
    impl.was_sent = false;
    impl.context.restart();
    asio::co_spawn(impl.context, impl.exchange(request, deadline),
                   [&](const std::exception_ptr& fault, HttpResponse answer) {
                     try {
                       if (fault) std::rethrow_exception(fault);
                       response = std::move(answer);
                     } catch (const boost::system::system_error& cause) {
                       error = cause.code();
                     }
                   });
    impl.context.run();
    if (response) return std::move(*response);
    auto failure = impl.failure_of(error);
    impl.close();
    if (attempt == 0 && may_repeat && failure.kind == Kind::closed) continue;
    return std::unexpected(std::move(failure));
  }
}

}  // namespace tenure::net
