#include "api/server.h"

#include <fmt/core.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <optional>
#include <thread>
#include <vector>

#include "api/connection.h"
#include "core/thread_name.h"

namespace tenure::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

constexpr auto sweep_every = std::chrono::milliseconds(100);

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
  std::unique_ptr<asio::ssl::context> identity;  // none: in clear
  std::string address;
  Counts counts;  // before the workers: what their connections still hold is given back to it
  std::atomic<bool> stopping{false};
  std::vector<std::unique_ptr<Worker>> workers;
  std::optional<tcp::acceptor> acceptor;
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
      tcp::socket accepted(std::move(socket));
      if (counts.connections.load() >= options.connections_max) {
        turn_away(accepted);
        continue;
      }
      ++counts.connections;
      asio::post(worker.context, [this, &worker, socket = std::move(accepted)]() mutable {
        const auto connection = worker.connections.emplace(
            worker.connections.end(), std::move(socket), identity.get(), options, dispatch, stopping, counts);
        asio::co_spawn(worker.context, connection->run(),
                       [this, &worker, connection](const std::exception_ptr&) {
                         worker.connections.erase(connection);
                         --counts.connections;
                       });
      });
    }
  }

  // As far as the kernel takes it at once: nothing is kept for a connection that is one too many.
  void turn_away(tcp::socket& socket) const {
    if (identity) return;
    Request nobody;
    read_trace(nobody);
    auto response =
        problem({Reason::overloaded, "The server has as many connections as it takes.", {}, {}}, nobody);
    if (options.complete) options.complete(response);
    std::string text;
    write_response(response, nobody, Persistence::close, text);
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
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
      worker->thread = std::thread([context = &worker->context] {
        name_this_thread("http");
        context->run();
      });
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
    while (counts.connections > 0 && SteadyClock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (auto& worker : workers) worker->context.stop();
    for (auto& worker : workers) worker->thread.join();
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

std::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options,
                                                                  Dispatch dispatch) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->dispatch = std::move(dispatch);
  for (unsigned i = 0; i < options.threads; ++i) impl->workers.push_back(std::make_unique<Worker>());
  if (!options.tls_certificate.empty() || !options.tls_key.empty()) {
    auto identity = server_identity(options.tls_certificate, options.tls_key);
    if (!identity) return std::unexpected(identity.error());
    impl->identity = std::move(*identity);
  }
  auto& context = impl->workers.front()->context;
  try {
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(options.host, std::to_string(options.port));
    const auto endpoint = found.begin()->endpoint();
    impl->acceptor.emplace(context, endpoint);
    const auto bound = impl->acceptor->local_endpoint();
    const auto host = bound.address().is_v6() ? fmt::format("[{}]", bound.address().to_string())
                                              : bound.address().to_string();
    impl->address = fmt::format("{}:{}", host, bound.port());
  } catch (const boost::system::system_error& error) {
    return std::unexpected(fmt::format("cannot listen on {}:{}: {}; choose another address with --listen",
                                       options.host, options.port, error.code().message()));
  }
  impl->run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::string Server::address() const { return impl_->address; }
void Server::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }
std::size_t Server::connections() const { return impl_->counts.connections.load(); }
std::size_t Server::requests() const { return impl_->counts.requests.load(); }
std::size_t Server::body_bytes() const { return impl_->counts.body_bytes.load(); }
std::uint64_t Server::faults() const { return impl_->counts.faults.load(); }

}  // namespace tenure::http
