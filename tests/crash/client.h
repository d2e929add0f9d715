// A client of a run: its requests come one after the other, each repeated under its key, at the next server
// if need be, until it has an answer. It writes down what was acknowledged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/crypto/crypto.h"
#include "core/net/http_client.h"
#include "tests/crash/ledger.h"

namespace tenure::crash {

class Client {
 public:
  Client(std::uint64_t number, Servers& servers, Ledger& ledger, std::uint64_t seed)
      : number_(number), servers_(servers), ledger_(ledger), server_(number), random_(seed + number) {}

  // Until `servers.running` is false.
  void run();

 private:
  struct Answered {
    net::HttpResponse response;
    Instant asked, answered;
  };

  void create();
  void rename_own(const std::string& id);
  void write_shared(const std::string& id);
  void read_shared(const std::string& id);
  // Nothing when the run ended before an answer came.
  std::optional<Answered> send(net::HttpRequest request);
  [[nodiscard]] std::optional<net::HttpResponse> attempt(net::HttpRequest& request);
  void acknowledged(const Answered& answered);

  const std::uint64_t number_;
  Servers& servers_;
  Ledger& ledger_;
  std::size_t server_;  // the one that it asks, until that one fails it
  SeededRandom random_;
  std::vector<std::string> own_;
  std::map<std::string, std::uint64_t> versions_;  // of shared workspaces, as this client last saw them
  std::optional<net::HttpClient> http_;
  std::string address_;
  std::uint64_t names_ = 0, keys_ = 0;
};

}  // namespace tenure::crash
