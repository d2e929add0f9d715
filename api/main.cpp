// tenured: reads its settings, starts a node and serves it, until it is told to stop.
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "api/api.h"
#include "api/log.h"
#include "api/problem.h"
#include "api/server.h"
#include "api/settings.h"
#include "core/thread_name.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace {

using namespace tenure;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

std::map<std::string, std::string> environment_variables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

log::Level level_of(std::string_view name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warning") return log::Level::warning;
  return name == "error" ? log::Level::error : log::Level::info;
}

// One line a request. Reads that succeed are most of all requests and change nothing: they show at debug.
void log_request(const http::Request& request, int status, std::chrono::nanoseconds duration) {
  const bool reads = request.method == http::Method::get || request.method == http::Method::head ||
                     request.method == http::Method::options;
  const bool quiet = reads && status < 400;
  if (!log::shows(quiet ? log::Level::debug : log::Level::info)) return;
  (quiet ? log::debug : log::info)(
      "request", {{"method", std::string(http::to_string(request.method))},
                  {"route", std::string(request.route)},
                  {"status", std::to_string(status)},
                  {"ms", fmt::format("{:.1f}", std::chrono::duration<double, std::milli>(duration).count())},
                  {"request_id", request.request_id},
                  {"trace_id", request.trace_id}});
}

http::ServerOptions server_options(const Settings& settings, std::string_view address) {
  const auto listen = parse_host_port(address).value();
  http::ServerOptions options{.host = listen.host, .port = listen.port};
  options.threads = settings.http_threads > 0 ? static_cast<unsigned>(settings.http_threads)
                                              : std::max(1U, std::thread::hardware_concurrency());
  options.tls_certificate = settings.tls_cert;
  options.tls_key = settings.tls_key;
  options.header_bytes_max = settings.header_max;
  options.body_bytes_max = settings.request_body_max;
  options.connections_max = settings.connections_max;
  options.header_timeout = settings.header_timeout;
  options.body_timeout = settings.body_timeout;
  options.idle_timeout = settings.idle_timeout;
  return options;
}

// SIGTERM and SIGINT, taken by one thread that waits and not by handlers: everything that stops runs on
// ordinary threads.
class Signals {
 public:
  Signals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    thread_ = std::thread([this] { wait(); });
  }
  ~Signals() {
    // It waits for this signal, and so is not killed by it.
    pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
    thread_.join();
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Stopped by the first signal.
  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
  void wait_for_one() const {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, stop_.get_token(), [] { return false; });
  }

 private:
  void wait() {
    name_this_thread("signals");
    int signal = 0;
    sigwait(&signals_, &signal);
    stop_.request_stop();
  }

  sigset_t signals_{};
  std::stop_source stop_;
  std::thread thread_;
};

// What is answered while the node is not there yet: that this process lives, and why it does not serve.
class Starting {
 public:
  void say(std::string why) {
    const std::lock_guard lock(mutex_);
    why_ = std::move(why);
  }
  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    if (request.target == "/livez")
      return {.status = 200, .body = "ok\n", .content_type = "text/plain; charset=utf-8"};
    if (request.target.starts_with("/readyz")) {
      return {
          .status = 503, .body = "[-] starting: " + why_ + "\n", .content_type = "text/plain; charset=utf-8"};
    }
    return http::problem({Reason::starting, "", {}, {}}, request);
  }

 private:
  std::mutex mutex_;
  std::string why_ = "folding the log";
};

// What the port of --metrics-listen answers: /metrics and nothing else.
http::Server::Reply serve_metrics(Api& api, http::Request& request) {
  if (request.target != "/metrics") return http::problem({Reason::not_found, "", {}, {}}, request);
  return api.dispatch(request);
}

int fail(const std::string& why) {
  log::error(why);
  return exit_failed;
}

int serve(const Settings& settings) {
  const Signals signals;
  Starting starting;
  std::unique_ptr<Node> node;
  std::unique_ptr<Api> api;
  std::atomic<Api*> serving{nullptr};
  auto options = server_options(settings, settings.listen);
  options.complete = [&](http::Response& response) {
    if (const auto* ready = serving.load(std::memory_order_acquire)) ready->stamp(response);
  };
  options.observe = [&](const http::Request& request, int status, std::chrono::nanoseconds duration) {
    log_request(request, status, duration);
    if (auto* ready = serving.load(std::memory_order_acquire))
      ready->metrics().count(request.route_index, status);
  };
  auto server = http::Server::start(options, [&](http::Request& request) -> http::Server::Reply {
    auto* ready = serving.load(std::memory_order_acquire);
    if (ready == nullptr) return starting.answer(request);
    const bool moved = !settings.metrics_listen.empty() && request.target == "/metrics";
    if (moved)
      return http::problem({Reason::not_found, "Metrics are served on a port of their own.", {}, {}},
                           request);
    return ready->dispatch(request);
  });
  if (!server) return fail(server.error());
  const std::string scheme = settings.tls_cert.empty() ? "http://" : "https://";
  const auto address = scheme + (*server)->address();
  log::info("starting", {{"address", address}});

  auto started = Node::start(settings, {.stop = signals.stop(), .waiting = [&](const std::string& why) {
                                          starting.say(why);
                                          log::warning("waiting", {{"for", why}});
                                        }});
  if (!started && signals.stop().stop_requested()) return 0;
  if (!started) return fail(started.error());
  node = std::move(*started);
  api = std::make_unique<Api>(*node, settings, settings.public_url.empty() ? address : settings.public_url);
  api->metrics().show(**server);
  serving = api.get();
  std::unique_ptr<http::Server> metrics;
  if (!settings.metrics_listen.empty()) {
    auto bound = http::Server::start(server_options(settings, settings.metrics_listen),
                                     [&](http::Request& request) { return serve_metrics(*api, request); });
    if (!bound) return fail(bound.error());
    metrics = std::move(*bound);
    log::info("metrics", {{"address", scheme + metrics->address() + "/metrics"}});
  }
  fmt::print("listening on {}\n", address);
  std::fflush(stdout);

  signals.wait_for_one();
  log::info("stopping");
  node->drain();
  std::this_thread::sleep_for(settings.drain_delay);
  (*server)->stop(settings.shutdown_timeout);
  node.reset();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // Keys and credentials are in memory: a core dump would write them to disk.
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const auto request = read_settings({argv + 1, argv + argc}, environment_variables());
  if (!request) {
    fmt::print(stderr, "tenured: {}\n", request.error());
    return exit_usage;
  }
  if (request->action != SettingsRequest::Action::serve) {
    fmt::print("{}", request->text);
    return 0;
  }
  log::configure(request->settings.log_format == "json" ? log::Format::json : log::Format::text,
                 level_of(request->settings.log_level));
  try {
    return serve(request->settings);
  } catch (const std::exception& fault) {
    log::error("tenured failed", {{"error", fault.what()}});
    return exit_failed;
  }
}
