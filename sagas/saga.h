// The form of a saga: a decider turned around.
//
//   evolve(State, Event)            the same as an aggregate's: the saga's state is folded from the log
//   react(State, ...) -> Actions    what to do now, and when to look again; pure
//
// Effects run outside, at least once, under an idempotency key that names saga and step; what came of them
// comes back as a command. So a saga goes on after any crash from its state alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/commands.h"
#include "commands/policy.h"
#include "sagas/provisioners/provisioner.h"

namespace tenure {

// Something to be done outside.
struct Effect {
  ProvisionRequest request;
  // The commands that record what came of it.
  std::function<Command(const ProvisionOutcome&)> record;
};

struct Actions {
  std::vector<Command> commands;
  std::vector<Effect> effects;
  std::optional<Timestamp> look_again_at;
};

// What a saga sees beside its own state.
struct SagaContext {
  Timestamp now;
  NodeId node;
  // No other node can work on this log: a claim of this node needs no renewal.
  bool alone = false;
  const Policy& policy;
  const States& states;  // of the saga's partition
};

}  // namespace tenure
