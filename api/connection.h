// One client's connection: its loop over requests, its deadlines, and what it may hold. Part of server.cpp.
//
// Threads: the one whose context runs it, but for `Counts`, which all share.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/connection_text.h"
#include "api/log.h"
#include "api/problem.h"
#include "api/server.h"
#include "api/stream.h"

namespace tenure::http {

// What the connections of all threads count together.
struct Counts {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> requests{0};
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<std::uint64_t> faults{0};
};

class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& all) : all_(all) {
    all_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Counted() { all_.fetch_sub(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::size_t>& all_;
};

// The part of `Counts::body_bytes` that one request holds, given back when the request goes.
class BodyShare {
 public:
  explicit BodyShare(std::atomic<std::size_t>& all) : all_(all) {}
  ~BodyShare() { all_ -= own_; }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  // False when all requests together now hold more than `max`.
  [[nodiscard]] bool grow_to(std::size_t bytes, std::size_t max) {
    const auto of_others = all_.fetch_add(bytes - own_) - own_;
    own_ = bytes;
    return of_others + bytes <= max;
  }

 private:
  std::atomic<std::size_t>& all_;
  std::size_t own_ = 0;
};

// A connection's loop, and what the sweep of its thread sees of it.
class Connection {
 public:
  Connection(Stream::Socket socket, boost::asio::ssl::context* identity, const ServerOptions& options,
             const Server::Dispatch& dispatch, const std::atomic<bool>& stopping, Counts& counts)
      : stream_(std::move(socket), identity),
        options_(options),
        dispatch_(dispatch),
        stopping_(stopping),
        counts_(counts),
        remote_ip_(stream_.remote_ip()) {}

  boost::asio::awaitable<void> run() {
    if (stream_.is_secure()) expect_within(options_.header_timeout);
    const bool begun = co_await stream_.begin();
    if (!begun) co_return;
    while (co_await serve_one()) {
    }
    expect_within(linger_max);
    co_await stream_.end();
  }

  // From the sweep.
  void cut_off_if_late(std::chrono::steady_clock::time_point now) {
    if (now < deadline_) return;
    late_ = true;
    stream_.cancel();
  }
  [[nodiscard]] bool idle() const { return idle_; }
  void close() { stream_.close(); }

 private:
  using SteadyClock = std::chrono::steady_clock;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using HttpError = boost::beast::http::error;

  static constexpr std::size_t read_bytes = 4096;  // for a head; most fit
  static constexpr std::size_t body_read_bytes = 32U << 10U;
  static constexpr std::size_t buffer_keep_bytes = 16U << 10U;  // what may be held between requests
  static constexpr std::size_t headers_usual = 16;
  static constexpr auto linger_max = std::chrono::seconds(1);
  static constexpr std::size_t linger_bytes_max = 16U << 20U;

  static std::string_view view(const boost::beast::flat_buffer& buffer) {
    const auto data = buffer.data();
    return {static_cast<const char*>(data.data()), data.size()};
  }
  static std::string_view view(boost::core::string_view text) { return {text.data(), text.size()}; }

  void expect_within(std::chrono::milliseconds time) { deadline_ = SteadyClock::now() + time; }

  // One request and its answer; false when the connection is to be closed.
  boost::asio::awaitable<bool> serve_one() {
    Request request;
    request.remote_ip = remote_ip_;
    const auto head = co_await read_head();
    if (head == Head::none) co_return false;
    const Counted counted(counts_.requests);
    const auto begun = options_.observe ? SteadyClock::now() : SteadyClock::time_point();
    if (head != Head::complete) {
      read_trace(request);
      co_return co_await refuse(rejection_for(head), request, begun);
    }

    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
    parser.body_limit(options_.body_bytes_max);
    parser.eager(true);
    boost::system::error_code error;
    parse(parser, error);
    read_fields(parser.get(), request);
    if (error) co_return co_await refuse(rejection_for(error, parser.is_header_done()), request, begun);
    if (const auto refused = check_head(parser.get(), request))
      co_return co_await refuse(*refused, request, begun);

    BodyShare share(counts_.body_bytes);
    if (!parser.is_done()) {
      const auto refused = co_await read_body(parser, request, share);
      if (refused.has_value()) co_return co_await refuse(*refused, request, begun);
      if (!parser.is_done()) co_return false;
    }
    request.body = parser.get().body();
    deadline_ = SteadyClock::time_point::max();
    auto reply = dispatch(request);
    if (auto* awaited = std::get_if<boost::asio::awaitable<Response>>(&reply)) {
      auto response = co_await later(std::move(*awaited), request);
      reply = std::move(response);
    }
    auto response = std::get<Response>(std::move(reply));
    if (options_.complete) options_.complete(response);
    // Only now: the server may have begun to stop while this was being answered.
    const auto persistence = persistence_of(parser.get());
    write_response(response, request, persistence, out_);
    observe(request, response.status, begun);
    const bool written = co_await write(out_);
    co_return written&& persistence != Persistence::close;
  }

  enum class Head : std::uint8_t { complete, none, malformed, too_large, late };

  // Until the buffer begins with a whole head. `none`: there is nobody to answer.
  boost::asio::awaitable<Head> read_head() {
    HeadScan scan;
    let_go_of_memory();
    bool begun = buffer_.size() > 0;
    expect_within(begun ? options_.header_timeout : options_.idle_timeout);
    while (true) {
      // An empty line before a request is passed over (RFC 9112, 2.2).
      while (view(buffer_).starts_with("\r\n")) buffer_.consume(2);
      const auto received = view(buffer_).substr(0, options_.header_bytes_max);
      const auto found = received == "\r" ? HeadScan::Found::incomplete : scan.look(received);
      if (found == HeadScan::Found::complete) co_return Head::complete;
      if (found == HeadScan::Found::malformed) co_return Head::malformed;
      if (received.size() == options_.header_bytes_max) co_return Head::too_large;

      idle_ = !begun;
      if (idle_ && stopping_) co_return Head::none;
      const auto room = std::min(read_bytes, buffer_.max_size() - buffer_.size());
      const auto [error, bytes] = co_await stream_.read_some(buffer_.prepare(room));
      idle_ = false;
      if (error) co_return begun&& late_ ? Head::late : Head::none;
      buffer_.commit(bytes);
      if (!begun) expect_within(options_.header_timeout);
      begun = true;
    }
  }

  // As far as the buffer goes; no error when more is needed.
  void parse(Parser& parser, boost::system::error_code& error) {
    buffer_.consume(parser.put(buffer_.data(), error));
    if (error == HttpError::need_more) error = {};
  }

  // The rest of a body. Not done and not refused: the client has gone.
  boost::asio::awaitable<std::optional<Rejection>> read_body(Parser& parser, const Request& request,
                                                             BodyShare& share) {
    const bool waits =
        parser.get().version() == 11 && equal_ignoring_case(request.header("Expect"), "100-continue");
    if (waits && buffer_.size() == 0) {
      const bool written = co_await write(continue_text);
      if (!written) co_return std::nullopt;
    }
    expect_within(options_.body_timeout);
    while (!parser.is_done()) {
      const auto room = std::min(body_read_bytes, buffer_.max_size() - buffer_.size());
      if (room == 0)
        co_return Rejection{
            Reason::malformed_request, "A chunk's extension or the trailers are too long.", {}, {}};
      auto [error, bytes] = co_await stream_.read_some(buffer_.prepare(room));
      if (error) {
        if (late_) co_return Rejection{Reason::request_timeout, "", {}, {}};
        co_return std::nullopt;
      }
      buffer_.commit(bytes);
      parse(parser, error);
      if (error) co_return rejection_for(error, true);
      if (!share.grow_to(parser.get().body().size(), options_.bodies_bytes_max))
        co_return Rejection{Reason::overloaded, "", {}, {}};
    }
    co_return std::nullopt;
  }

  Server::Reply dispatch(Request& request) {
    try {
      return dispatch_(request);
    } catch (const std::exception& fault) {
      return fault_of(request, fault.what());
    }
  }

  boost::asio::awaitable<Response> later(boost::asio::awaitable<Response> reply, const Request& request) {
    try {
      co_return co_await std::move(reply);
    } catch (const std::exception& fault) {
      co_return fault_of(request, fault.what());
    }
  }

  Response fault_of(const Request& request, std::string_view what) {
    ++counts_.faults;
    log::error("a request failed inside the server",
               {{"request_id", request.request_id}, {"error", std::string(what)}});
    return problem({Reason::internal_error, "", {}, {}}, request);
  }

  void observe(const Request& request, int status, SteadyClock::time_point begun) const {
    if (options_.observe) options_.observe(request, status, SteadyClock::now() - begun);
  }

  boost::asio::awaitable<bool> write(std::string_view text) {
    // Nearly always the kernel takes all at once.
    boost::system::error_code error;
    text.remove_prefix(stream_.write_now(text, error));
    if (text.empty()) co_return true;
    if (error) co_return false;
    expect_within(options_.write_timeout);
    const auto [failed, bytes] = co_await stream_.write(text);
    co_return !failed;
  }

  // Says why, and ends the connection: where the next request would begin is not known any more.
  boost::asio::awaitable<bool> refuse(Rejection rejection, const Request& request,
                                      SteadyClock::time_point begun) {
    late_ = false;
    auto response = problem(rejection, request);
    if (options_.complete) options_.complete(response);
    write_response(response, request, Persistence::close, out_);
    observe(request, response.status, begun);
    if (!co_await write(out_)) co_return false;
    stream_.end_writing();
    // What the client still sends is read and thrown away for a moment: a reset would take the answer from
    // it.
    expect_within(linger_max);
    std::array<char, read_bytes> rest;
    for (std::size_t read = 0; read < linger_bytes_max;) {
      const auto [error, bytes] = co_await stream_.read_some(boost::asio::buffer(rest));
      if (error) break;
      read += bytes;
    }
    co_return false;
  }

  // Between requests: what a large one needed is not kept for the small ones that follow.
  void let_go_of_memory() {
    if (buffer_.size() == 0 && buffer_.capacity() > buffer_keep_bytes) buffer_.shrink_to_fit();
    if (out_.capacity() > buffer_keep_bytes) std::string().swap(out_);  // an assignment would keep the memory
  }

  [[nodiscard]] Persistence persistence_of(const Parser::value_type& message) const {
    if (!message.keep_alive() || stopping_.load(std::memory_order_relaxed)) return Persistence::close;
    return message.version() == 10 ? Persistence::keep_and_say : Persistence::keep;
  }

  static void read_fields(const Parser::value_type& message, Request& request) {
    request.method = parse_method(view(message.method_string())).value_or(Method::none);
    request.target = view(message.target());
    request.headers.reserve(headers_usual);
    for (const auto& field : message)
      request.headers.emplace_back(view(field.name_string()), view(field.value()));
    read_trace(request);
  }

  static Rejection rejection_for(Head head) {
    if (head == Head::late) return {Reason::request_timeout, "", {}, {}};
    if (head == Head::too_large) return {Reason::header_too_large, "", {}, {}};
    return {Reason::malformed_request,
            "The request line is malformed, or the header has a folded line, or one that does not end with "
            "CR LF.",
            {},
            {}};
  }

  static Rejection rejection_for(const boost::system::error_code& error, bool in_body) {
    if (error == HttpError::header_limit) return {Reason::header_too_large, "", {}, {}};
    if (error == HttpError::body_limit) return {Reason::body_too_large, "", {}, {}};
    if (error == HttpError::bad_version) return {Reason::http_version_not_supported, "", {}, {}};
    return {Reason::malformed_request,
            fmt::format("The {} is malformed: {}.", in_body ? "body's framing" : "header", error.message()),
            {},
            {}};
  }

  static std::optional<Rejection> check_head(const Parser::value_type& message, const Request& request) {
    if (message.version() != 10 && message.version() != 11)
      return Rejection{Reason::http_version_not_supported, "", {}, {}};
    if (request.method == Method::none)
      return Rejection{Reason::not_implemented, "This method is not offered.", {}, {}};
    return check_framing(message.version(), request);
  }

  Stream stream_;
  const ServerOptions& options_;
  const Server::Dispatch& dispatch_;
  const std::atomic<bool>& stopping_;
  Counts& counts_;
  std::string remote_ip_;
  boost::beast::flat_buffer buffer_{options_.header_bytes_max + read_bytes};
  std::string out_;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  bool late_ = false;
  bool idle_ = false;
};

}  // namespace tenure::http
