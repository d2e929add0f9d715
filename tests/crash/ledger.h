// What the clients of a run know, and where they find the servers.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/log/position.h"
#include "tests/crash/history.h"

namespace tenure::crash {

[[noreturn]] inline void die(const std::string& why) {
  fmt::print(stderr, "crash: {}\n", why);
  std::_Exit(1);
}

// One lock each: the servers are what is tried here.
struct Ledger {
  std::mutex mutex;
  std::vector<std::string> workspaces;  // acknowledged
  std::map<std::string, std::set<std::string>>
      acknowledged;  // workspace -> names whose rename was acknowledged
  std::map<std::string, std::string>
      last;                       // workspace -> the last acknowledged name, where no later one is open
  std::vector<Operation> shared;  // on the workspaces that all clients write to
  std::map<std::uint16_t, Offset> seen;     // by partition: the furthest that any client knows of
  std::vector<Instant> answers;             // of acknowledged commands
  std::vector<std::uint64_t> by_server;     // acknowledged commands
  std::chrono::nanoseconds longest_wait{};  // of one client for one answer

  // What an answer says of how far its server is; takes the lock.
  void see(const std::string& positions);
  // All of `seen`, as Tenure-Min-Position has it; the caller holds the lock.
  [[nodiscard]] std::string positions() const;
};

struct Servers {
  std::mutex mutex;
  std::vector<std::string> addresses;
  std::string token;
  std::vector<std::string> shared;  // workspaces
  std::atomic<bool> running{true};
};

}  // namespace tenure::crash
