#include "tests/simulation/world.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/events/commit.h"
#include "projections/projector.h"
#include "tests/simulation/checks.h"
#include "tests/simulation/clients.h"

namespace tenure::simulation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t partitions = 3;
constexpr int steps = 60;
constexpr int settle_turns_max = 10'000;
// A busy node takes its next step at once, as a real one does: where a step took as long as a third of a
// lease, claims would run out before they are folded.
constexpr Duration busy_pace{5};
constexpr Duration settle_pace{100};
constexpr Duration refusal_window{5'000};
constexpr Duration idle_for{std::chrono::minutes(10)};
constexpr std::uint64_t idle_pumps_max = 20;
constexpr std::int64_t skew_max_millis = 2'000;

class World {
 public:
  World(std::uint64_t seed, fs::path directory)
      : random_(seed),
        directory_(std::move(directory)),
        agenda_(clock_),
        log_(partitions, random_),
        provisioner_(random_, [this](Duration wait,
                                     std::function<void()> task) { agenda_.after(wait, std::move(task)); }),
        clients_(random_, clock_, agenda_, nodes_) {
    make_nodes();
  }

  std::optional<std::string> run() {
    bootstrap();
    begin_faults();
    for (int i = 0; i < steps && !broken_; ++i) {
      disturb();
      clients_.act();
      turn(Duration(1 + random_.below(random_.below(50) == 0 ? 2'000 : 60)));
    }
    end_faults();
    settle();
    clients_.repeat_everything();
    settle();
    stay_idle();
    check();
    return broken_;
  }

 private:
  EngineOptions options_of(std::uint8_t number, bool alone) {
    constexpr auto leases = std::to_array<std::int64_t>({300, 1'000, 5'000});
    EngineOptions options;
    options.node = NodeId(Uuid{{number}});
    options.alone = alone;
    options.policy.retry_attempts_max = 4;
    options.policy.retry_max = Duration(4'000);
    options.policy.stuck_after = Duration(3'000);
    options.policy.saga_lease = Duration(leases[random_.below(leases.size())]);
    options.commit_timeout = Duration(500 + random_.below(4'500));
    options.provision_timeout = Duration(2'000);
    options.refusal_window = refusal_window;
    return options;
  }

  void make_nodes() {
    const auto count = static_cast<std::uint8_t>(1 + random_.below(3));
    const bool alone = count == 1 && random_.below(2) == 0;
    publishing_ = alone ? Projector::Publishing::off : Projector::Publishing::on;
    const SimulatedNode::Surroundings surroundings{.random = random_,
                                                   .truth = clock_,
                                                   .log = log_,
                                                   .keys = keys_,
                                                   .provisioner = provisioner_,
                                                   .events = events_};
    for (std::uint8_t number = 1; number <= count; ++number) {
      nodes_.push_back(std::make_unique<SimulatedNode>(surroundings, options_of(number, alone),
                                                       directory_ / fmt::format("node-{}", number)));
      start(*nodes_.back());
    }
  }

  void start(SimulatedNode& node) {
    node.set_skew(some_skew());
    if (const auto error = node.start()) broken_ = error;
  }
  Duration some_skew() {
    return Duration(static_cast<std::int64_t>(random_.below(2 * skew_max_millis + 1)) - skew_max_millis);
  }

  // Lets the system do what it can, and time pass.
  void turn(Duration pace) {
    clock_.advance(pace);
    log_.land_strays(clock_.now());
    agenda_.run_due();
    for (const auto& node : nodes_) {
      node->advance();
      if (const auto trouble = node->trouble(); trouble && !broken_) broken_ = trouble;
    }
    if (clients_.broken() && !broken_) broken_ = clients_.broken();
  }

  void bootstrap() {
    turn(Duration(1));
    clients_.bootstrap(*nodes_.front());
    const auto done = [&] {
      return clients_.bootstrapped() && std::ranges::all_of(nodes_, [&](const auto& node) {
               return node->has_folded(*clients_.bootstrapped());
             });
    };
    for (int i = 0; i < 100 && !done(); ++i) turn(Duration(5));
    if (!done() && !broken_) broken_ = "the first user could not be made";
  }

  NodeFaults some_faults() {
    return {.log = {.failed = random_.below(30),
                    .unknown_written = random_.below(30),
                    .unknown_late = random_.below(30),
                    .unknown_lost = random_.below(30),
                    .doubled = random_.below(60),
                    .doubled_late = random_.below(60),
                    .append_delay_max_millis = random_.below(60),
                    .stray_delay_max_millis = 1 + random_.below(8'000),
                    .stalls = random_.below(80),
                    .stall_max_millis = 1 + random_.below(random_.below(4) == 0 ? 3'000 : 200)},
            .keys = {.failed = random_.below(40),
                     .failed_written = random_.below(40),
                     .stalls = random_.below(100),
                     .stall_max_millis = 1 + random_.below(500)},
            .sink = {.failed = random_.below(30),
                     .stored_silently = random_.below(30),
                     .hangs = random_.below(10),
                     .delay_max_millis = random_.below(200),
                     .hang_max_millis = random_.below(12'000)}};
  }
  void begin_faults() {
    for (const auto& node : nodes_) node->set_faults(some_faults());
    provisioner_.set_faults({.failed = random_.below(300),
                             .failed_for_good = random_.below(60),
                             .hangs = random_.below(60),
                             .hangs_after = random_.below(60),
                             .twice = random_.below(200),
                             .late = random_.below(100),
                             .delay_max_millis = 1 + random_.below(200)});
    clients_.set_answers_lost(random_.below(100));
  }
  void end_faults() {
    for (const auto& node : nodes_) {
      node->set_faults({});
      if (!node->is_up()) start(*node);
    }
    provisioner_.set_faults({});
    clients_.set_answers_lost(0);
  }

  // Something happens to a node.
  void disturb() {
    const auto choice = random_.below(100);
    if (choice >= 10) return;
    auto& node = *nodes_[random_.below(nodes_.size())];
    if (!node.is_up()) return;
    if (choice < 4) {
      node.crash();
      clients_.on_crash(node);
      // Longer than a lease, or not.
      const Duration down(random_.below(random_.below(3) == 0 ? 12'000 : 300));
      agenda_.after(down, [this, &node] {
        if (!node.is_up()) start(node);
      });
    } else if (choice < 6) {
      node.pause(Duration(random_.below(7'000)));
    } else if (choice < 8) {
      node.set_skew(some_skew());
    } else {
      node.take_snapshot();
    }
  }

  std::string unfinished() {
    if (!agenda_.empty() || log_.has_strays()) return "something is still to happen";
    if (clients_.wait_for_answers()) return "clients wait for answers";
    for (const auto& node : nodes_) {
      if (auto what = node->unfinished(); !what.empty()) return what;
    }
    return {};
  }
  // Without faults everything must come to rest: no request without an answer, no operation that runs for
  // ever.
  void settle() {
    for (int i = 0; i < settle_turns_max && !broken_; ++i) {
      const bool busy = std::ranges::any_of(nodes_, [](const auto& node) { return node->is_busy(); });
      turn(busy ? busy_pace : settle_pace);
      if (unfinished().empty()) return;
    }
    if (!broken_) broken_ = "nothing came to rest: " + unfinished() + written_last();
  }
  // The end of each partition, for whoever has to find out what does not rest.
  std::string written_last() {
    constexpr std::uint64_t records = 20;
    std::string text;
    for (std::uint16_t number = 0; number < partitions; ++number) {
      const auto end = to_number(log_.end(Partition{number}));
      for (auto at = end - std::min(end, records); at < end; ++at) {
        const auto read = log_.read(Partition{number}, Offset{at}, 0);
        const auto parsed = parse_record(*read->front().bytes);
        if (!parsed) continue;
        const auto& envelope = parsed->envelope;
        text += fmt::format("\n  {}/{} {} {} by {}", number, at,
                            (envelope.time - from_unix_millis(1'700'000'000'000)).count(), envelope.command,
                            envelope.node.str());
        for (const auto& write : envelope.writes)
          text += fmt::format(" {}@{}", write.stream.str(), write.expected.number);
      }
    }
    return text;
  }

  // An idle system appends nothing, and its nodes sleep. What was refused often is entered once its window
  // has passed.
  void stay_idle() {
    sleep_until(clock_.now() + 2 * refusal_window);
    settle();
    const auto ends = log_.ends();
    std::vector<std::uint64_t> pumps;
    for (const auto& node : nodes_) pumps.push_back(node->pumps());
    sleep_until(clock_.now() + idle_for);
    if (broken_) return;
    if (log_.ends() != ends) broken_ = "an idle system appends records";
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto woken = nodes_[i]->pumps() - pumps[i];
      if (woken > idle_pumps_max) broken_ = fmt::format("an idle node was woken {} times", woken);
    }
  }
  void sleep_until(Timestamp end) {
    while (!broken_ && clock_.now() < end) {
      auto next = end;
      for (const auto& node : nodes_) next = std::min(next, node->next_wake().value_or(end));
      turn(std::max(next - clock_.now(), Duration(1)));
    }
  }

  void check() {
    if (broken_) return;
    const auto& store = nodes_.front()->store();
    broken_ = check_feeds(clients_.ledger(), store);
    if (!broken_) broken_ = check_ledger(clients_.ledger(), store);
    if (!broken_) broken_ = check_environments(store, provisioner_);
    if (!broken_) broken_ = check_events(events_, store);
    if (!broken_) check_stores();
  }

  // The live stores, made in many steps with crashes between, and a fold from zero are the same bytes.
  void check_stores() {
    const auto fresh = Store::open(directory_ / "fresh", Store::Mode::read_write).value();
    NodeKeys keys(keys_, clock_, random_);
    keys.connect();
    StreamStates states(*fresh, 10'000);
    Projector projector(
        *fresh, states, [](Partition, const StreamName&) {}, publishing_);
    Fold fold(log_, *fresh, keys, projector);
    while (fold.behind()) (void)fold.step(100'000);
    for (std::size_t i = 0; i < nodes_.size() && !broken_; ++i) {
      const auto differs = check_same(nodes_[i]->store(), *fresh);
      if (differs) broken_ = fmt::format("the store of node {} and a fold from zero: {}", i + 1, *differs);
    }
  }

  SeededRandom random_;
  const fs::path directory_;
  SimulatedClock clock_;
  Agenda agenda_;
  SimulatedLog log_;
  KeyTopic keys_;
  EventTopic events_;
  Projector::Publishing publishing_{};
  SimulatedProvisioner provisioner_;
  Clients::Nodes nodes_;
  Clients clients_;
  std::optional<std::string> broken_;
};

}  // namespace

std::optional<std::string> run(std::uint64_t seed, const fs::path& directory) {
  fs::remove_all(directory);
  fs::create_directories(directory);
  try {
    return World(seed, directory).run();
  } catch (const std::exception& fault) {
    return fmt::format("a node cannot go on: {}", fault.what());
  }
}

}  // namespace tenure::simulation
