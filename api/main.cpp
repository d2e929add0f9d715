// tenured: reads its settings, starts a node and serves it, until it is told to stop.
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <thread>

#include "api/api.h"
#include "api/log.h"
#include "api/problem.h"
#include "api/server.h"
#include "api/settings.h"

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

http::ServerOptions server_options(const Settings& settings, std::string_view address) {
  const auto listen = parse_host_port(address).value();
  http::ServerOptions options{.host = listen.host, .port = listen.port};
  options.threads = settings.http_threads > 0 ? static_cast<unsigned>(settings.http_threads)
                                              : std::max(1U, std::thread::hardware_concurrency());
  options.header_bytes_max = settings.header_max;
  options.body_bytes_max = settings.request_body_max;
  options.connections_max = settings.connections_max;
  options.header_timeout = settings.header_timeout;
  options.body_timeout = settings.body_timeout;
  options.idle_timeout = settings.idle_timeout;
  return options;
}

// Signals are taken by one wait, not by handlers: everything that stops runs on an ordinary thread.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// What the port of --metrics-listen answers: /metrics and nothing else.
http::Server::Reply serve_metrics(Api& api, http::Request& request) {
  if (request.target != "/metrics") return http::problem({Reason::not_found, "", {}, {}}, request);
  return api.dispatch(request);
}

int serve(const Settings& settings) {
  const auto signals = block_signals();
  auto node = Node::start(settings);
  if (!node) {
    log::error(node.error());
    return exit_failed;
  }
  // The address is known once the port is: until then nothing can ask for a URL.
  std::unique_ptr<Api> api;
  std::atomic<Api*> serving{nullptr};
  auto server = http::Server::start(server_options(settings, settings.listen), [&](http::Request& request) -> http::Server::Reply {
    auto* ready = serving.load(std::memory_order_acquire);
    if (ready == nullptr) return http::Response{.status = 503, .body = {}};
    const bool moved = !settings.metrics_listen.empty() && request.target == "/metrics";
    if (moved) return http::problem({Reason::not_found, "Metrics are served on a port of their own.", {}, {}}, request);
    return ready->dispatch(request);
  });
  if (!server) {
    log::error(server.error());
    return exit_failed;
  }
  const auto address = "http://" + (*server)->address();
  api = std::make_unique<Api>(**node, settings, settings.public_url.empty() ? address : settings.public_url);
  serving = api.get();
  std::unique_ptr<http::Server> metrics;
  if (!settings.metrics_listen.empty()) {
    auto started = http::Server::start(server_options(settings, settings.metrics_listen),
                                       [&](http::Request& request) { return serve_metrics(*api, request); });
    if (!started) {
      log::error(started.error());
      return exit_failed;
    }
    metrics = std::move(*started);
    log::info("metrics", {{"address", "http://" + metrics->address() + "/metrics"}});
  }
  fmt::print("listening on {}\n", address);
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  log::info("stopping", {{"signal", std::to_string(signal)}});
  (*node)->drain();
  (*server)->stop(settings.shutdown_timeout);
  node->reset();
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
