// Kills a real tenured under load, again and again, and keeps a ledger: crash [--kills N] [--seed S].
//
// Several clients rename workspaces and make new ones; each writes down what was acknowledged. The server is killed
// with SIGKILL at a random moment and started again. At the end every acknowledged command must be there, none twice,
// every operation must have ended, and the store must be what the log folds to.
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "core/crypto/crypto.h"
#include "core/json/json.h"
#include "core/net/http_client.h"

namespace {

namespace fs = std::filesystem;
using namespace tenure;
using namespace std::chrono_literals;

constexpr int clients = 8;
constexpr auto start_bound = 60s;
constexpr auto settle_bound = 60s;

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "crash: {}\n", why);
  std::exit(1);
}

class Server {
 public:
  Server(fs::path binaries, fs::path data) : binaries_(std::move(binaries)), data_(std::move(data)) {}

  // Gives the address once it serves.
  std::string start() {
    const auto out = data_.string() + ".out";
    fs::remove(out);
    pid_ = ::fork();
    if (pid_ == 0) {
      if (std::freopen(out.c_str(), "w", stdout) == nullptr || std::freopen((data_.string() + ".err").c_str(), "a", stderr) == nullptr) {
        ::_exit(127);
      }
      const auto program = (binaries_ / "tenured").string();
      ::execl(program.c_str(), program.c_str(), "--data-dir", data_.c_str(), "--listen", "127.0.0.1:0", "--retry-base", "20ms", nullptr);
      ::_exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + start_bound;
    while (std::chrono::steady_clock::now() < end) {
      std::ifstream stream(out);
      std::string listening;
      std::string on;
      std::string address;
      if (stream >> listening >> on >> address) return address;
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) die("the server did not start; see " + data_.string() + ".err");
      std::this_thread::sleep_for(5ms);
    }
    die("the server did not serve in time");
  }
  void kill(int signal) {
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  fs::path binaries_, data_;
  pid_t pid_ = -1;
};

// What the clients know. One lock: the server is what is tried here.
struct Ledger {
  std::mutex mutex;
  std::vector<std::string> workspaces;              // acknowledged
  std::map<std::string, std::set<std::string>> acknowledged;  // workspace -> names whose rename was acknowledged
  std::map<std::string, std::string> last;          // workspace -> the last acknowledged name, where no later one is open
  std::uint64_t commands = 0;
};

struct Target {
  std::mutex mutex;
  std::string address, token;
  std::atomic<bool> running{true};
};

json::Value body_of(const net::HttpResponse& response) { return json::parse(response.body).value(); }

// One client: its own workspaces, its requests one after the other, each repeated under its key until it has an answer.
class Client {
 public:
  Client(int number, Target& target, Ledger& ledger, std::uint64_t seed)
      : number_(number), target_(target), ledger_(ledger), random_(seed + static_cast<std::uint64_t>(number)) {}

  void run() {
    while (target_.running) {
      if (own_.empty() || random_.below(40) == 0) {
        create();
      } else {
        rename(own_[random_.below(own_.size())]);
      }
    }
  }

 private:
  void create() {
    const auto answer = send("POST", "/v1/workspaces", fmt::format(R"({{"name":"client {}"}})", number_));
    if (!answer) return;
    if (answer->status != 201) die(fmt::format("creating was answered {}: {}", answer->status, answer->body));
    const std::string id(body_of(*answer).at("id").as_string());
    own_.push_back(id);
    const std::lock_guard lock(ledger_.mutex);
    ledger_.workspaces.push_back(id);
    ++ledger_.commands;
  }
  void rename(const std::string& id) {
    const auto name = fmt::format("name {} {}", number_, ++names_);
    {
      const std::lock_guard lock(ledger_.mutex);
      ledger_.last.erase(id);
    }
    const auto answer = send("PATCH", "/v1/workspaces/" + id, fmt::format(R"({{"name":"{}"}})", name));
    if (!answer) return;
    if (answer->status != 200) die(fmt::format("renaming was answered {}: {}", answer->status, answer->body));
    const std::lock_guard lock(ledger_.mutex);
    if (!ledger_.acknowledged[id].insert(name).second) die("a name was acknowledged twice");
    ledger_.last[id] = name;
    ++ledger_.commands;
  }

  // Nothing when the run ended before an answer came.
  std::optional<net::HttpResponse> send(const std::string& method, const std::string& target, const std::string& body) {
    net::HttpRequest request{.method = method, .target = target, .headers = {}, .body = body};
    request.headers["Content-Type"] = "application/json";
    request.headers["Idempotency-Key"] = fmt::format("{}-{}", number_, ++keys_);
    while (target_.running) {
      std::string address;
      {
        const std::lock_guard lock(target_.mutex);
        address = target_.address;
        request.headers["Authorization"] = "Bearer " + target_.token;
      }
      if (!http_ || address != address_) {
        auto made = net::HttpClient::to(address);
        if (!made) die(made.error());
        http_.emplace(std::move(*made));
        address_ = address;
      }
      auto answer = http_->send(request, 10s);
      if (answer && answer->status != 503) return std::move(*answer);
      std::this_thread::sleep_for(5ms);
    }
    return std::nullopt;
  }

  int number_;
  Target& target_;
  Ledger& ledger_;
  SeededRandom random_;
  std::vector<std::string> own_;
  std::optional<net::HttpClient> http_;
  std::string address_;
  std::uint64_t names_ = 0, keys_ = 0;
};

class Check {
 public:
  Check(const std::string& address, std::string token) : http_(net::HttpClient::to(address).value()), token_(std::move(token)) {}

  json::Value get(const std::string& target) {
    net::HttpRequest request{.method = "GET", .target = target, .headers = {{"Authorization", "Bearer " + token_}}, .body = {}};
    const auto answer = http_.send(request, 30s);
    if (!answer || answer->status != 200) die("GET " + target + " failed");
    return body_of(*answer);
  }

  void wait_for_operations(const Ledger& ledger) {
    for (const auto& id : ledger.workspaces) {
      const auto end = std::chrono::steady_clock::now() + settle_bound;
      while (std::string_view(get("/v1/workspaces/" + id).at("status").as_string()) != "active") {
        if (std::chrono::steady_clock::now() > end) die("workspace " + id + " never became active");
        std::this_thread::sleep_for(20ms);
      }
    }
  }

  // Names of all renames in the workspace's feed, in order.
  std::vector<std::string> renames(const std::string& id) {
    std::vector<std::string> names;
    std::string cursor;
    std::int64_t sequence = 0;
    while (true) {
      const auto page = get("/v1/workspaces/" + id + "/audit?order=asc&limit=100" + cursor);
      for (const auto& entry : page.at("data").as_array()) {
        if (entry.at("sequence").as_int64() != sequence++) die("the feed of " + id + " has a gap");
        if (std::string_view(entry.at("action").as_string()) != "workspace.updated") continue;
        names.emplace_back(entry.at("changes").at("name").at("to").as_string());
      }
      if (!page.at("has_more").as_bool()) return names;
      cursor = "&cursor=" + std::string(page.at("next_cursor").as_string());
    }
  }

 private:
  net::HttpClient http_;
  std::string token_;
};

std::uint64_t number(int argc, char** argv, const char* name, std::uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::stoull(argv[i + 1]);
  }
  return otherwise;
}

std::string read_token(const fs::path& data) {
  std::ifstream stream(data / "bootstrap-token");
  std::string token;
  stream >> token;
  return token;
}

}  // namespace

int main(int argc, char** argv) {
  const auto kills = number(argc, argv, "--kills", 1'000);
  const auto seed = number(argc, argv, "--seed", 1);
  const auto binaries = fs::canonical("/proc/self/exe").parent_path();
  auto pattern = (fs::temp_directory_path() / "tenure-crash-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) die("no temporary directory");
  const fs::path folder(pattern);
  const auto data = folder / "data";

  Server server(binaries, data);
  Target target;
  Ledger ledger;
  target.address = server.start();
  target.token = read_token(data);
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] { Client(i, target, ledger, seed).run(); });
  }
  SeededRandom random(seed);
  for (std::uint64_t i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random.below(300)));
    server.kill(SIGKILL);
    const auto address = server.start();
    const std::lock_guard lock(target.mutex);
    target.address = address;
  }
  std::this_thread::sleep_for(200ms);
  target.running = false;
  for (auto& thread : threads) thread.join();

  Check check(target.address, target.token);
  check.wait_for_operations(ledger);
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  for (const auto& [id, names] : ledger.acknowledged) {
    const auto found = check.renames(id);
    const std::set<std::string> distinct(found.begin(), found.end());
    doubled += found.size() - distinct.size();
    for (const auto& name : names) lost += distinct.contains(name) ? 0 : 1;
    const auto last = ledger.last.find(id);
    if (last != ledger.last.end() && check.get("/v1/workspaces/" + id).at("name").as_string() != last->second) ++lost;
  }
  server.kill(SIGTERM);
  const auto doctor = fmt::format("{} doctor --data-dir {} 2>/dev/null", (binaries / "tenure").string(), data.string());
  const bool healthy = std::system(doctor.c_str()) == 0;
  fmt::print("{} kills, {} commands acknowledged on {} workspaces, {} lost, {} doubled, store {} the log\n", kills,
             ledger.commands, ledger.workspaces.size(), lost, doubled, healthy ? "equals" : "DIFFERS FROM");
  const bool good = lost == 0 && doubled == 0 && healthy;
  if (good) fs::remove_all(folder);
  return good ? 0 : 1;
}
