// Clients on threads of their own, from the construction to `stop`.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/crash/client.h"
#include "tests/crash/ledger.h"

namespace tenure::crash {

class Load {
 public:
  Load(std::size_t clients, std::vector<std::string> addresses, std::string token, std::uint64_t seed) {
    servers_.addresses = std::move(addresses);
    servers_.token = std::move(token);
    make_shared_workspaces();
    for (std::size_t i = 0; i < clients; ++i)
      threads_.emplace_back([this, i, seed] { Client(i, servers_, ledger_, seed).run(); });
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void move(std::size_t server, const std::string& address) {
    const std::lock_guard lock(servers_.mutex);
    servers_.addresses[server] = address;
  }
  void stop() {
    servers_.running = false;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  // While it runs, only with its lock.
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] std::uint64_t answers() {
    const std::lock_guard lock(ledger_.mutex);
    return ledger_.answers.size();
  }

 private:
  void make_shared_workspaces();

  Servers servers_;
  Ledger ledger_;
  std::vector<std::thread> threads_;
};

}  // namespace tenure::crash
