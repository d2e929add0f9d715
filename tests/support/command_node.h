// The one path from a command to its answer, without sagas and without threads: an executor and a fold on a
// log that several such nodes may share.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "commands/execute.h"
#include "projections/projector.h"
#include "tests/simulation/simulated_clock.h"
#include "tests/support/scripted_log.h"
#include "tests/support/temp_dir.h"

namespace tenure::testing {

// What nodes share.
struct CommandWorld {
  SeededRandom random{1};
  simulation::SimulatedClock clock;
  ScriptedLog log{3};
  std::unique_ptr<KeyStore> keys = make_memory_key_store();
};

using Result = std::shared_ptr<std::optional<CommandResult>>;

class CommandNode {
 public:
  CommandNode(CommandWorld& world, std::uint8_t number)
      : world_(world),
        executor_(
            {.log = world.log,
             .store = *store_,
             .keys = *world.keys,
             .folded = states_,
             .sent = sent_,
             .clock = world.clock,
             .random = world.random,
             .node = NodeId(Uuid{{number}}),
             .policy = {},
             .render = &render_answer,
             .commit_timeout = std::chrono::seconds(5),
             .refusal_window = std::chrono::minutes(1),
             .appended = [this](CommitId commit,
                                AppendResult result) { appended_.emplace_back(commit, std::move(result)); }}),
        fold_(world.log, *store_, *world.keys, projector_, &sent_) {}

  // A request that `submit` will take; change what it should be.
  [[nodiscard]] CommandRequest request(Command command, Partition partition) const {
    CommandRequest made;
    made.command = std::move(command);
    made.partition = partition;
    made.caller = {.actor = {ActorType::user, "usr_ada"},
                   .display = "Ada",
                   .display_sealed = {},
                   .via_organization = {}};
    return made;
  }
  Result submit(CommandRequest request) {
    auto result = std::make_shared<std::optional<CommandResult>>();
    request.done = [result](CommandResult answer) { *result = std::move(answer); };
    executor_.submit(std::move(request));
    return result;
  }
  Result submit(Command command, Partition partition) {
    return submit(request(std::move(command), partition));
  }

  // Hands what was decided to the log.
  void flush() { executor_.flush(); }
  // Folds what the log has, answers, decides again.
  void fold() {
    for (auto& [commit, result] : std::exchange(appended_, {})) executor_.on_appended(commit, result);
    for (const auto& folded : fold_.step(1'000)) executor_.on_folded(folded);
    executor_.tick();
  }
  // Until nothing waits.
  void settle() {
    for (int i = 0; i < 50 && executor_.in_flight() > 0; ++i) {
      flush();
      world_.log.write_all();
      fold();
    }
  }
  // Submits and gives the answer.
  CommandResult run(CommandRequest request) {
    const auto result = submit(std::move(request));
    settle();
    return result->value();
  }
  CommandResult run(Command command, Partition partition) {
    return run(request(std::move(command), partition));
  }

  [[nodiscard]] Executor& executor() { return executor_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Fold& folding() { return fold_; }

 private:
  CommandWorld& world_;
  test::TempDir directory_;
  std::unique_ptr<Store> store_ = Store::open(directory_ / "store", Store::Mode::read_write).value();
  StreamStates states_{*store_, 100};
  Projector projector_{*store_, states_, [](Partition, const StreamName&) {}};
  std::deque<std::pair<CommitId, AppendResult>> appended_;
  SentCommits sent_;
  Executor executor_;
  Fold fold_;
};

}  // namespace tenure::testing
