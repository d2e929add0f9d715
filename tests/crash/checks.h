// What must hold at the end of a run.
#pragma once

#include <string>
#include <vector>

#include "core/json/json.h"
#include "core/net/http_client.h"
#include "tests/crash/ledger.h"

namespace tenure::crash {

struct Verdict {
  std::uint64_t lost = 0, doubled = 0;
  [[nodiscard]] bool good() const { return lost == 0 && doubled == 0; }
};

class Checks {
 public:
  // After the load has stopped. Nothing that its clients knew of may be missing in what is read here.
  Checks(const std::string& address, std::string token, const Ledger& ledger)
      : http_(net::HttpClient::to(address).value()),
        token_(std::move(token)),
        ledger_(ledger),
        positions_(ledger.positions()) {}

  // Every operation ends.
  void wait_until_active();
  // Every acknowledged command is there, and none twice.
  [[nodiscard]] Verdict check();

 private:
  [[nodiscard]] json::Value get(const std::string& target);
  // The names of all renames in the workspace's feed, in order.
  [[nodiscard]] std::vector<std::string> renames(const std::string& id);

  net::HttpClient http_;
  std::string token_;
  const Ledger& ledger_;
  std::string positions_;
};

}  // namespace tenure::crash
