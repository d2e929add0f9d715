// The clients of a simulation. They send commands to any node that serves, some to two at once; lose answers;
// repeat under the same idempotency key on another node; and read from another node at a position. What they
// were told is in the ledger.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/ledger.h"
#include "tests/simulation/node.h"

namespace tenure::simulation {

class Clients {
 public:
  using Nodes = std::vector<std::unique_ptr<SimulatedNode>>;
  Clients(Random& random, const Clock& clock, Agenda& agenda, const Nodes& nodes)
      : random_(random), clock_(clock), agenda_(agenda), nodes_(nodes) {}

  // The command that makes the first user, and their account; `ledger().user` has a key.
  void bootstrap(SimulatedNode& node);
  [[nodiscard]] std::optional<Position> bootstrapped() const { return bootstrapped_; }

  void set_answers_lost(std::uint64_t per_mille) { answers_lost_ = per_mille; }
  // One client does something.
  void act();
  // A node died: whoever waits for it hears nothing.
  void on_crash(const SimulatedNode& node);
  // Asks again for everything that was asked for under a key and may have been done.
  void repeat_everything();

  [[nodiscard]] bool wait_for_answers() const { return !requests_.empty() || repeats_ > 0; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  // What a client was told that cannot be.
  [[nodiscard]] const std::optional<std::string>& broken() const { return broken_; }

 private:
  struct Request {
    std::size_t intent;
    const SimulatedNode* node;
  };

  [[nodiscard]] SimulatedNode* any_node();
  [[nodiscard]] std::optional<Intent> wish();
  [[nodiscard]] Intent wish_for(WorkspaceId id, const KnownWorkspace& known, SimulatedNode& node);
  void send(std::size_t intent, SimulatedNode& node);
  [[nodiscard]] Command command_of(Intent& intent);
  [[nodiscard]] Caller caller() const;
  void repeat_later(std::size_t intent);
  void on_answer(std::uint64_t request, const CommandResult& result);
  void on_success(Intent& intent, const Answer& answer);
  void on_refusal(std::size_t intent, const Rejection& rejection);
  void read(WorkspaceId id, SimulatedNode& node);
  void fail(const std::string& what) {
    if (!broken_) broken_ = what;
  }
  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }

  Random& random_;
  const Clock& clock_;
  Agenda& agenda_;
  const Nodes& nodes_;
  Ledger ledger_;
  std::uint64_t answers_lost_ = 0;
  std::map<std::uint64_t, Request> requests_;  // on their way
  std::uint64_t requests_made_ = 0;
  std::uint64_t repeats_ = 0;  // on the agenda
  std::optional<Position> bootstrapped_;
  std::optional<std::string> broken_;
};

}  // namespace tenure::simulation
