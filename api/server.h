// The HTTP/1.1 server (RFC 9110, RFC 9112): connections, limits, reading and writing. What a request means is
// the dispatch function's business.
//
// Slow or greedy clients are cut off: every phase of a connection has a deadline, and what one connection can
// hold in memory is bounded by the limits. Deadlines are looked at by one timer a thread, not by one a
// request.
//
// Threads: `options.threads` of the server's own; a connection stays on its thread. `Dispatch` runs there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "api/http.h"

namespace tenure::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;                          // 0: the system chooses
  std::filesystem::path tls_certificate, tls_key;  // PEM; both or neither: in clear
  unsigned threads = 1;
  std::size_t header_bytes_max = 32U << 10U;
  std::size_t body_bytes_max = 1U << 20U;
  std::size_t bodies_bytes_max = 256U << 20U;        // all bodies together that came after their headers
  std::size_t connections_max = 10'000;              // those beyond are answered 503 and closed
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{75'000};  // between requests
  std::chrono::milliseconds write_timeout{30'000};
  // Called with every answer before it is written, also with those that never got to `Dispatch`: for headers
  // that all answers have. On any of the server's threads; it must not throw.
  std::function<void(Response&)> complete;
  // Called on the connection's thread after every answer, also of what never got to `Dispatch`: for metrics
  // and access logs. `duration` runs from the whole header to the answer, without writing it. It must not
  // throw.
  std::function<void(const Request& request, int status, std::chrono::nanoseconds duration)> observe;
};

class Server {
 public:
  // An answer at once, or later. The request lives until the answer is written.
  using Reply = std::variant<Response, boost::asio::awaitable<Response>>;
  using Dispatch = std::function<Reply(Request&)>;

  // Binds and begins to accept. The error is a sentence that names the address.
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, std::string> start(const ServerOptions& options,
                                                                                 Dispatch dispatch);
  // Stops at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "127.0.0.1:8080"
  [[nodiscard]] std::string address() const;
  // No new connections; requests that were begun are answered, within `grace`; then everything is closed.
  void stop(std::chrono::milliseconds grace);
  [[nodiscard]] std::size_t connections() const;
  // Requests whose header is read and whose answer is not written yet.
  [[nodiscard]] std::size_t requests() const;
  // Bytes of bodies now held, of those that `bodies_bytes_max` bounds.
  [[nodiscard]] std::size_t body_bytes() const;
  // Exceptions that left `Dispatch`, each answered 500: every one is a bug.
  [[nodiscard]] std::uint64_t faults() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenure::http
