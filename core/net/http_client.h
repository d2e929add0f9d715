// The outgoing HTTP/1.1 client, for the command line, tests and webhooks: http and https.
//
// Of https the server's certificate is verified against its name (RFC 9525) and the system's roots, with
// TLS 1.2 or later; there is no switch to leave that out. Threads: one object, one thread. A connection is
// kept, and used again by the next request.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tenure::net {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, percent-encoded
  std::map<std::string, std::string> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string>
      headers;  // names in lower case; repeated ones joined by ", " (RFC 9110 5.3)
  std::string body;

  [[nodiscard]] std::string header(const std::string& lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct HttpFailure {
  enum class Kind : std::uint8_t {
    invalid_request,  // never sent: a target or header with control characters or spaces out of place
    resolve,          // the name has no address
    connect,          // nobody answers there
    tls,              // no trusted connection: an unknown issuer, another name, an expired certificate
    timeout,
    closed,     // the connection ended before the answer did
    too_large,  // the answer
    malformed,  // the answer is not HTTP/1.1
  };

  Kind kind = Kind::closed;
  std::string message;    // "cannot connect to 127.0.0.1:1: Connection refused"
  bool was_sent = false;  // the server may have seen the request
};

struct HttpClientOptions {
  std::filesystem::path trusted_certificates;  // PEM; empty: the system's
  std::size_t response_bytes_max = 64U << 20U;
};

class HttpClient {
 public:
  // "http://host:port" or "https://host"; a path in it is put before every target. The error is a sentence.
  [[nodiscard]] static std::expected<HttpClient, std::string> to(std::string_view base_url,
                                                                 HttpClientOptions options = {});
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // `timeout` bounds the exchange from connecting to the last byte; looking a name up takes as long as the
  // system's resolver does. GET and HEAD are repeated once when a kept connection turns out to be closed.
  [[nodiscard]] std::expected<HttpResponse, HttpFailure> send(const HttpRequest& request,
                                                              std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenure::net
