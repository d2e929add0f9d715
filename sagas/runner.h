// Runs the sagas: looks at every operation that moved or whose time has come, and does what its saga says.
//
// Nothing here is needed for correctness after a crash: the runner begins with the operations that the store
// lists as running, and their states say what is left to do.
//
// Threads: one, the one that folds, but for the answers of provisioners, which come in through `post`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "commands/execute.h"
#include "sagas/saga.h"

namespace tenure {

class SagaRunner {
 public:
  struct Parts {
    const Store& store;
    StreamStates& states;
    Provisioner& provisioner;
    const Clock& clock;
    NodeId node;
    bool alone = false;
    const Policy& policy;
    Duration provision_timeout;  // an attempt without an answer has failed
    std::function<void(CommandRequest)> submit;
    // Brings a function to the runner's thread; callable from any thread.
    std::function<void(std::function<void()>)> post;
  };
  explicit SagaRunner(Parts parts) : parts_(std::move(parts)) {}

  // Takes up what was running when the store was last written.
  void start();
  // A stream that the current fold step moves.
  void on_changed(Partition partition, const StreamName& stream);
  // Looks at what moved or is due. To be called after a fold step and at `next_tick`.
  void tick();
  [[nodiscard]] std::optional<Timestamp> next_tick() const;

  // Sagas set apart because they could not be run; the others go on.
  [[nodiscard]] const std::map<std::string, std::string>& poisoned() const { return poisoned_; }
  [[nodiscard]] std::size_t running() const { return running_.size(); }
  // Operations that have gone on for too long without progress.
  [[nodiscard]] std::vector<OperationId> stuck() const;

 private:
  // One effect on one environment, from its start until what came of it is recorded.
  struct Attempt {
    std::uint64_t number = 0;  // tells a late answer of an earlier attempt apart
    Timestamp timeout;
    bool recording = false;
    Partition partition{};
    StreamName stream;
    Effect effect;
    std::set<StreamName> also_waiting;  // other operations that want the environment
  };

  void look_at(const StreamName& stream);
  void start_effect(Partition partition, const StreamName& stream, Effect effect);
  void finish(const std::string& environment, std::uint64_t number, const ProvisionOutcome& outcome);
  void recorded(const std::string& environment, std::uint64_t number, bool succeeded);
  void submit(Partition partition, const StreamName& cause, Command command, std::function<void(bool)> done);
  void look_later(const StreamName& stream, Timestamp at) { due_.emplace(at, stream); }

  Parts parts_;
  std::unordered_map<StreamName, Partition> running_;
  std::set<StreamName> moved_;
  std::set<std::pair<Timestamp, StreamName>> due_;
  std::map<std::string, Attempt> attempts_;      // by environment
  std::set<std::string> commands_on_their_way_;  // by stream and command, but for records
  std::map<std::string, std::string> poisoned_;
  std::uint64_t attempts_made_ = 0;
};

}  // namespace tenure
