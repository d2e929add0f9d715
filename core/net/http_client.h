// The outgoing HTTP/1.1 client, for the command line, tests and webhooks. Plain http.
//
// Threads: one object, one thread. A connection is kept and used again.
#pragma once

#include <chrono>
#include <expected>
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
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct HttpFailure {
  std::string message;     // "connection refused", "no answer within 30s"
  bool was_sent = false;   // the server may have seen the request
};

class HttpClient {
 public:
  // "http://host:port"; a path in it is put before every target.
  [[nodiscard]] static std::expected<HttpClient, std::string> to(std::string_view base_url);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // `timeout` bounds the whole exchange. Answers above 64 MiB are a failure.
  [[nodiscard]] std::expected<HttpResponse, HttpFailure> send(const HttpRequest& request,
                                                              std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenure::net
