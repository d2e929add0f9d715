// Counters of the server, and /metrics in the text format of Prometheus. No label holds anything of a tenant.
//
// Threads: any; counting is one atomic addition.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/node.h"
#include "api/server.h"

namespace tenure {

class Metrics {
 public:
  // `routes`: how many there are; the last slot counts what matched none.
  explicit Metrics(std::size_t routes) : requests_(routes + 1) {}

  // `route`: its place in the table; none: no route matched.
  void count(std::optional<std::size_t> route, int status) {
    requests_[route.value_or(requests_.size() - 1)][static_cast<std::size_t>(status / 100)].fetch_add(
        1, std::memory_order_relaxed);
  }
  // Shows what `server` counts too; it must outlive this. Once, before serving.
  void show(const http::Server& server) { server_ = &server; }
  [[nodiscard]] std::string text(const Node& node) const;

 private:
  using ByStatusClass = std::array<std::atomic<std::uint64_t>, 6>;
  std::vector<ByStatusClass> requests_;
  const http::Server* server_ = nullptr;
};

}  // namespace tenure
