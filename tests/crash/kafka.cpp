#include <fmt/core.h>
#include <signal.h>

#include <functional>

#include "tests/crash/checks.h"
#include "tests/crash/load.h"
#include "tests/crash/runs.h"
#include "tests/support/eventually.h"
#include "tests/support/kafka_admin.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/tenure_command.h"
#include "tests/support/tenured_process.h"

namespace tenure::crash {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t nodes = 3;
constexpr int brokers = 3;
constexpr std::size_t clients = 12;
constexpr auto recovery_bound = 60s;
// Of answers, from when a death is over until the next one: every client had several.
constexpr std::uint64_t answers_between = 20 * clients;

class World {
 public:
  World(fs::path folder, std::uint64_t seed)
      : folder_(std::move(folder)),
        kafka_(brokers),
        topics_(test::own_topics(kafka_.bootstrap())),
        admin_(kafka_.bootstrap()),
        random_(seed) {
    flags_ = test::kafka_flags(topics_, folder_.string());
    flags_.insert(flags_.end(), {"--saga-lease", "1s", "--retry-base", "20ms", "--commit-timeout", "2s"});
    std::vector<fs::path> data;
    for (std::size_t i = 0; i < nodes; ++i) data.push_back(folder_ / fmt::format("node{}", i));
    nodes_ = test::TenuredProcess::start_together(data, flags_);
    std::vector<std::string> urls;
    for (std::size_t i = 0; i < nodes; ++i) {
      urls.push_back(nodes_[i]->url());
      if (fs::exists(data[i] / "bootstrap-token")) token_ = nodes_[i]->bootstrap_token();
    }
    load_ = std::make_unique<Load>(clients, urls, token_, seed);
    answer(answers_between);
  }

  void run(std::uint64_t rounds) {
    for (std::uint64_t round = 0; round < rounds; ++round) {
      death("a node is killed", [this] {
        const auto node = some_node();
        nodes_[node]->kill9();
        answer(answers_between);
        start(node);
      });
      death("a node stands still for longer than its leases", [this] {
        const auto pid = nodes_[some_node()]->pid();
        ::kill(pid, SIGSTOP);
        const auto until = Clock::now() + 3s;
        answer(answers_between);
        std::this_thread::sleep_until(until);
        ::kill(pid, SIGCONT);
      });
      death("all nodes are killed", [this] {
        for (auto& node : nodes_) node->kill9();
        for (std::size_t i = 0; i < nodes; ++i) start(i);
      });
      death("the leader's broker is killed", [this] {
        const auto broker = leader();
        kafka_.kill(broker);
        answer(answers_between);
        kafka_.start(broker);
      });
      death("the leader's broker stands still", [this] {
        const auto broker = leader();
        kafka_.pause(broker);
        answer(answers_between);
        kafka_.resume(broker);
      });
      death("two of three brokers are killed", [this] {
        const auto first = leader();
        const auto second = first % brokers + 1;
        kafka_.kill(first);
        kafka_.kill(second);
        kafka_.start(first);
        kafka_.start(second);
      });
    }
    load_->stop();
  }

  [[nodiscard]] bool check() {
    const auto& ledger = load_->ledger();
    Checks checks(nodes_.front()->url(), token_, ledger);
    checks.wait_until_active();
    const auto verdict = checks.check();
    const auto violation = find_violation(ledger.shared);
    const auto differing = stores_that_differ();
    fmt::print("{} commands acknowledged ({}) on {} workspaces, {} lost, {} doubled\n", ledger.answers.size(),
               by_server(ledger), ledger.workspaces.size(), verdict.lost, verdict.doubled);
    fmt::print("{} operations on shared workspaces: {}\n", ledger.shared.size(),
               violation.value_or("linearizable"));
    fmt::print("{}\n", differing.empty() ? "every store equals the log, so does one from zero" : differing);
    return verdict.good() && !violation && differing.empty();
  }

 private:
  // Tells how long the clients got no answer because of it.
  void death(const char* what, const std::function<void()>& happen) {
    const auto first = load_->answers();
    const auto began = Clock::now();
    happen();
    answer(answers_between);
    auto& ledger = load_->ledger();
    const std::lock_guard lock(ledger.mutex);
    auto last = began;
    Clock::duration gap{};
    for (auto i = first; i < ledger.answers.size(); ++i) {
      gap = std::max<Clock::duration>(gap, ledger.answers[i] - last);
      last = std::max(last, ledger.answers[i]);
    }
    const auto millis = [](auto duration) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
    };
    fmt::print("{:48} {:6} answers, none for {:5} ms, one client waited {:5} ms\n", what,
               ledger.answers.size() - first, millis(gap).count(), millis(ledger.longest_wait).count());
    std::fflush(stdout);
    ledger.longest_wait = {};
  }

  void answer(std::uint64_t count) {
    const auto wanted = load_->answers() + count;
    if (!test::eventually([&] { return load_->answers() >= wanted; }, recovery_bound))
      die(fmt::format("nothing is answered any more; see {}", folder_.string()));
  }
  std::size_t some_node() { return random_.below(nodes); }
  void start(std::size_t node) {
    nodes_[node]->start();
    load_->move(node, nodes_[node]->url());
  }
  // Of the first account's partition, which all workspaces of the run are in.
  int leader() { return admin_.leader(topics_.topic, partition()); }
  int partition() {
    auto& ledger = load_->ledger();
    const std::lock_guard lock(ledger.mutex);
    const auto busiest =
        std::ranges::max_element(ledger.seen, {}, [](const auto& seen) { return seen.second; });
    return busiest->first;
  }

  // Each node's and that of a node which begins with nothing; empty: none.
  std::string stores_that_differ() {
    nodes_.push_back(std::make_unique<test::TenuredProcess>(folder_ / "from-zero", flags_));
    std::string differing;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i]->terminate() != 0) differing += fmt::format("node {} did not stop well; ", i);
      const auto node = i < nodes ? fmt::format("node{}", i) : "from-zero";
      const auto done = test::run_tenure(test::with({"doctor", "--data-dir", (folder_ / node).string()},
                                                    test::kafka_tool_flags(topics_, folder_.string())),
                                         folder_, 5min);
      if (done.exit != 0) differing += fmt::format("the store of node {}: {}{}; ", i, done.out, done.err);
    }
    return differing;
  }
  static std::string by_server(const Ledger& ledger) {
    std::string text;
    for (const auto count : ledger.by_server) text += fmt::format("{}{}", text.empty() ? "" : " + ", count);
    return text;
  }

  const fs::path folder_;
  test::KafkaCluster kafka_;
  KafkaOptions topics_;
  test::KafkaAdmin admin_;
  SeededRandom random_;
  std::vector<std::string> flags_;
  std::vector<std::unique_ptr<test::TenuredProcess>> nodes_;
  std::string token_;
  std::unique_ptr<Load> load_;
};

}  // namespace

bool run_kafka(const fs::path& folder, std::uint64_t rounds, std::uint64_t seed) {
  World world(folder, seed);
  world.run(rounds);
  return world.check();
}

}  // namespace tenure::crash
