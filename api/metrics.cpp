#include "api/metrics.h"

#include <fmt/core.h>

#include <iterator>

#include "api/route.h"

namespace tenure {
namespace {

void metric(std::string& out, std::string_view type, std::string_view name, std::string_view help,
            std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type,
                 value);
}
void gauge(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  metric(out, "gauge", name, help, value);
}
void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  metric(out, "counter", name, help, value);
}

}  // namespace

std::string Metrics::text(const Node& node) const {
  std::string out =
      "# HELP tenure_http_requests_total Requests answered.\n# TYPE tenure_http_requests_total counter\n";
  const auto& routes = route_table();
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    for (std::size_t status = 1; status < requests_[i].size(); ++status) {
      const auto count = requests_[i][status].load(std::memory_order_relaxed);
      if (count == 0) continue;
      const auto method = i < routes.size() ? http::to_string(routes[i].method) : "";
      const auto pattern = i < routes.size() ? routes[i].pattern : "none";
      fmt::format_to(std::back_inserter(out),
                     "tenure_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}xx\"}} {}\n", method,
                     pattern, status, count);
    }
  }
  if (server_ != nullptr) {
    gauge(out, "tenure_http_connections", "Connections of clients.", server_->connections());
    gauge(out, "tenure_http_requests_in_flight", "Requests that are being answered.", server_->requests());
    gauge(out, "tenure_http_body_bytes", "Bytes of request bodies that are held.", server_->body_bytes());
    counter(out, "tenure_http_faults_total", "Requests that failed inside the server.", server_->faults());
  }
  const auto health = node.health();
  gauge(out, "tenure_log_commits_behind", "Commits in the log that are not folded yet.",
        health.commits_behind);
  gauge(out, "tenure_log_behind_seconds",
        "Since everything in the log was last known to be read: grows when the log is dead, not when it is "
        "idle.",
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(health.log.behind_for).count()));
  gauge(out, "tenure_log_available", "Whether the log answers.", health.log.available ? 1 : 0);
  gauge(out, "tenure_commands_in_flight", "Commands that wait for their commit.", health.in_flight);
  gauge(out, "tenure_operations_running", "Operations that have not ended.", health.operations_running);
  gauge(out, "tenure_operations_stuck", "Operations without progress for too long.", health.stuck.size());
  gauge(out, "tenure_events_unpublished",
        fmt::format("Public events that are not known to be published; {} are counted at most.",
                    Node::unpublished_counted_max),
        health.events_unpublished);
  gauge(out, "tenure_partitions_stopped", "Partitions that stand still at a record.", health.stopped.size());
  gauge(out, "tenure_sagas_poisoned", "Sagas set apart because they could not be run.",
        health.poisoned.size());
  gauge(out, "tenure_store_bytes", "Size of the store on disk.", node.store().size_on_disk_bytes());
  return out;
}

}  // namespace tenure
