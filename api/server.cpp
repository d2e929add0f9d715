#include "api/server.h"

#include <fmt/core.h>
#include <zlib.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <list>
#include <optional>
#include <thread>
#include <vector>

#include "api/connection_text.h"
#include "api/log.h"
#include "api/problem.h"

namespace tenure::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

constexpr auto sweep_every = std::chrono::milliseconds(250);
constexpr std::size_t buffer_keep_bytes = 16U << 10U;
constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

using Parser = beast::http::request_parser<beast::http::string_body>;

}  // namespace

// A connection's loop, and what the sweep of its thread sees of it.
class Connection {
 public:
  Connection(tcp::socket socket, const ServerOptions& options, const Server::Dispatch& dispatch,
             const std::atomic<bool>& stopping)
      : socket_(std::move(socket)), options_(options), dispatch_(dispatch), stopping_(stopping) {
    boost::system::error_code ignored;
    const auto remote = socket_.remote_endpoint(ignored);
    if (!ignored) remote_ip_ = remote.address().to_string(ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  asio::awaitable<void> run() {
    while (co_await serve_one()) {
    }
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  }

  // From the sweep.
  void cut_off_if_late(SteadyClock::time_point now) {
    if (now < deadline_) return;
    late_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  [[nodiscard]] bool idle() const { return idle_; }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  void expect_within(std::chrono::milliseconds time) { deadline_ = SteadyClock::now() + time; }

  // One request and its answer; false when the connection is to be closed.
  asio::awaitable<bool> serve_one() {
    if (!co_await wait_for_request()) co_return false;
    std::optional<Parser> parser(std::in_place);
    parser->header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
    parser->body_limit(options_.body_bytes_max);
    parser->eager(true);

    expect_within(options_.header_timeout);
    auto [error, bytes] = co_await beast::http::async_read_header(socket_, buffer_, *parser, tuple_awaitable);
    Request request;
    request.remote_ip = remote_ip_;
    read_head(parser->get(), request);
    if (error) co_return co_await refuse(rejection_for(error, late_, false), request, error);
    if (const auto refused = check_head(parser->get(), request)) co_return co_await refuse(*refused, request, {});

    if (!parser->is_done()) {
      if (equal_ignoring_case(request.header("Expect"), "100-continue") && !co_await write(continue_text)) co_return false;
      expect_within(options_.body_timeout);
      std::tie(error, bytes) = co_await beast::http::async_read(socket_, buffer_, *parser, tuple_awaitable);
      if (error) co_return co_await refuse(rejection_for(error, late_, true), request, error);
    }
    request.body = parser->get().body();
    const bool keep_alive = parser->get().keep_alive() && !stopping_.load(std::memory_order_relaxed);
    deadline_ = SteadyClock::time_point::max();
    const auto response = co_await answer(request);
    write_response(response, request, keep_alive, out_);
    co_return co_await write(out_) && keep_alive;
  }

  asio::awaitable<Response> answer(Request& request) {
    try {
      auto reply = dispatch_(request);
      if (auto* response = std::get_if<Response>(&reply)) co_return std::move(*response);
      co_return co_await std::move(std::get<asio::awaitable<Response>>(reply));
    } catch (const std::exception& fault) {
      log::error("a request failed inside the server", {{"request_id", request.request_id}, {"error", fault.what()}});
    }
    co_return internal_error(request);
  }

  // Until the first byte of the next request.
  asio::awaitable<bool> wait_for_request() {
    if (buffer_.size() > 0) co_return true;
    if (buffer_.capacity() > buffer_keep_bytes) buffer_ = {};
    expect_within(options_.idle_timeout);
    idle_ = true;
    if (stopping_) co_return false;
    const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(4096), tuple_awaitable);
    idle_ = false;
    if (error) co_return false;
    buffer_.commit(bytes);
    co_return true;
  }

  asio::awaitable<bool> write(std::string_view text) {
    expect_within(options_.write_timeout);
    const auto [error, bytes] =
        co_await asio::async_write(socket_, asio::buffer(text.data(), text.size()), tuple_awaitable);
    co_return !error;
  }

  // Says why, and ends the connection: where the next request would begin is not known any more.
  asio::awaitable<bool> refuse(const std::optional<Rejection>& rejection, const Request& request,
                               const boost::system::error_code&) {
    if (!rejection) co_return false;
    write_response(problem(*rejection, request), request, false, out_);
    if (!co_await write(out_)) co_return false;
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    // What the client still sends is read and thrown away for a moment: a reset would take the answer from it.
    expect_within(std::chrono::seconds(1));
    std::array<char, 4096> rest;
    for (std::size_t read = 0; read < options_.body_bytes_max;) {
      const auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(rest), tuple_awaitable);
      if (error) break;
      read += bytes;
    }
    co_return false;
  }

  static void read_head(const Parser::value_type& message, Request& request) {
    request.target = {message.target().data(), message.target().size()};
    for (const auto& field : message) {
      request.headers.emplace_back(std::string_view(field.name_string().data(), field.name_string().size()),
                                   std::string_view(field.value().data(), field.value().size()));
    }
    read_trace(request);
  }

  // Nothing where there is nobody to answer.
  static std::optional<Rejection> rejection_for(const boost::system::error_code& error, bool late, bool in_body) {
    using HttpError = beast::http::error;
    if (late) return Rejection{Reason::request_timeout, "", {}, {}};
    if (error == HttpError::end_of_stream || error == HttpError::partial_message) return std::nullopt;
    if (error == HttpError::header_limit) return Rejection{Reason::header_too_large, "", {}, {}};
    if (error == HttpError::body_limit) return Rejection{Reason::body_too_large, "", {}, {}};
    if (error == HttpError::bad_version) return Rejection{Reason::http_version_not_supported, "", {}, {}};
    if (error.category() != make_error_code(HttpError::bad_method).category()) return std::nullopt;
    return Rejection{Reason::malformed_request,
                     fmt::format("The {} is malformed: {}.", in_body ? "body's framing" : "header", error.message()), {}, {}};
  }

  static std::optional<Rejection> check_head(const Parser::value_type& message, Request& request) {
    if (message.version() != 10 && message.version() != 11) return Rejection{Reason::http_version_not_supported, "", {}, {}};
    const auto method = parse_method({message.method_string().data(), message.method_string().size()});
    if (!method) return Rejection{Reason::not_implemented, "This method is not offered.", {}, {}};
    request.method = *method;
    return check_framing(message.version(), request);
  }

  tcp::socket socket_;
  const ServerOptions& options_;
  const Server::Dispatch& dispatch_;
  const std::atomic<bool>& stopping_;
  std::string remote_ip_;
  beast::flat_buffer buffer_;
  std::string out_;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  bool late_ = false;
  bool idle_ = false;
};

namespace {

// One thread: its connections and its timer.
struct Worker {
  asio::io_context context{1};
  asio::steady_timer timer{context};
  std::list<Connection> connections;
  std::thread thread;
};

}  // namespace

struct Server::Impl {
  ServerOptions options;
  Dispatch dispatch;
  std::vector<std::unique_ptr<Worker>> workers;
  std::optional<tcp::acceptor> acceptor;
  std::string address;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> connections{0};
  std::size_t next_worker = 0;

  asio::awaitable<void> accept() {
    while (!stopping) {
      auto& worker = *workers[next_worker++ % workers.size()];
      auto [error, socket] = co_await acceptor->async_accept(worker.context, tuple_awaitable);
      if (error == asio::error::operation_aborted || !acceptor->is_open()) co_return;
      if (error) {
        // Out of descriptors, most likely: let some connections end first.
        asio::steady_timer pause(co_await asio::this_coro::executor, sweep_every);
        co_await pause.async_wait(tuple_awaitable);
        continue;
      }
      if (connections.load() >= options.connections_max) continue;  // closed by going out of scope
      ++connections;
      asio::post(worker.context, [this, &worker, socket = std::move(socket)]() mutable {
        const auto connection = worker.connections.emplace(worker.connections.end(), std::move(socket), options,
                                                           dispatch, stopping);
        asio::co_spawn(worker.context, connection->run(), [this, &worker, connection](const std::exception_ptr&) {
          worker.connections.erase(connection);
          --connections;
        });
      });
    }
  }

  static asio::awaitable<void> sweep(Worker& worker) {
    while (true) {
      worker.timer.expires_after(sweep_every);
      const auto [error] = co_await worker.timer.async_wait(tuple_awaitable);
      if (error) co_return;
      const auto now = SteadyClock::now();
      for (auto& connection : worker.connections) connection.cut_off_if_late(now);
    }
  }

  void run() {
    for (auto& worker : workers) {
      asio::co_spawn(worker->context, sweep(*worker), asio::detached);
      worker->thread = std::thread([context = &worker->context] { context->run(); });
    }
    asio::co_spawn(workers.front()->context, accept(), asio::detached);
  }

  void stop(std::chrono::milliseconds grace) {
    if (stopping.exchange(true)) return;
    asio::post(workers.front()->context, [this] { acceptor->close(); });
    for (auto& worker : workers) {
      asio::post(worker->context, [&connections = worker->connections] {
        for (auto& connection : connections) {
          if (connection.idle()) connection.close();
        }
      });
    }
    const auto end = SteadyClock::now() + grace;
    while (connections > 0 && SteadyClock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (auto& worker : workers) worker->context.stop();
    for (auto& worker : workers) worker->thread.join();
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

std::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options, Dispatch dispatch) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->dispatch = std::move(dispatch);
  for (unsigned i = 0; i < options.threads; ++i) impl->workers.push_back(std::make_unique<Worker>());
  auto& context = impl->workers.front()->context;
  try {
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(options.host, std::to_string(options.port));
    const auto endpoint = found.begin()->endpoint();
    impl->acceptor.emplace(context, endpoint);
    const auto bound = impl->acceptor->local_endpoint();
    const auto host = bound.address().is_v6() ? fmt::format("[{}]", bound.address().to_string()) : bound.address().to_string();
    impl->address = fmt::format("{}:{}", host, bound.port());
  } catch (const boost::system::system_error& error) {
    return std::unexpected(fmt::format("cannot listen on {}:{}: {}; choose another address with --listen", options.host,
                                       options.port, error.code().message()));
  }
  impl->run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::string Server::address() const { return impl_->address; }
void Server::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }
std::size_t Server::connections() const { return impl_->connections.load(); }

}  // namespace tenure::http
