// One node's inside, without threads: what a command goes through and what the log brings about. A server
// drives it from a thread of its own (api/node.h), the simulation from its loop.
//
// `pump` does everything that can be done now: it folds what the log has, answers, decides again, runs the
// sagas, and hands new commits to the log.
//
// Threads: one for everything, but for `folded`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/execute.h"
#include "core/fold/fold.h"
#include "projections/projector.h"
#include "sagas/publisher.h"
#include "sagas/runner.h"

namespace tenure {

struct EngineOptions {
  NodeId node;
  bool alone = false;  // no other node can work on this log
  Policy policy;
  Duration commit_timeout = std::chrono::seconds{5};
  Duration refusal_window = std::chrono::minutes{1};
  Duration provision_timeout = std::chrono::seconds{60};
  std::size_t streams_in_memory = 4'096;
  std::size_t commits_per_step = 512;
};

class Engine {
 public:
  struct Parts {
    EventLog& log;
    Store& store;
    KeyStore& keys;
    Provisioner& provisioner;
    const Clock& clock;
    Random& random;
    // Brings a function to the engine's thread, some time after this call; callable from any thread.
    std::function<void(std::function<void()>)> post;
    EventSink* sink = nullptr;  // of public events; none: nothing is published
  };
  Engine(Parts parts, EngineOptions options);

  void submit(CommandRequest request) { executor_.submit(std::move(request)); }
  void refuse(RefusalRequest request) { executor_.refuse(std::move(request)); }

  // Folds without deciding or running anything: to catch up before the node serves. True while there is more.
  [[nodiscard]] bool catch_up();
  // Sagas go on from what is folded. After catching up.
  void start_sagas() {
    runner_.start();
    publisher_.start();
  }
  // Before the end: what another node can go on with is left to it. To be pumped until `is_handed_over`.
  void hand_over() {
    publisher_.stop();
    publisher_.tick();
  }
  // Whether every command is answered, and every claim given back.
  [[nodiscard]] bool is_handed_over() const { return executor_.in_flight() == 0 && !publisher_.holds_any(); }

  // True when there is more to do at once.
  [[nodiscard]] bool pump();
  // When `pump` is to be called again although nothing came in.
  [[nodiscard]] std::optional<Timestamp> next_tick() const;

  // From any thread.
  [[nodiscard]] std::vector<Offset> folded() const { return fold_.folded(); }

  [[nodiscard]] Fold& fold() { return fold_; }
  [[nodiscard]] const SagaRunner& sagas() const { return runner_; }
  [[nodiscard]] std::size_t in_flight() const { return executor_.in_flight(); }

 private:
  EngineOptions options_;
  const Clock& clock_;
  StreamStates states_;
  Projector projector_;
  SentCommits sent_;
  Fold fold_;
  Executor executor_;
  SagaRunner runner_;
  Publisher publisher_;
};

}  // namespace tenure
