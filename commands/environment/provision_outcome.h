// What the four decisions about a provisioner's answers share.
#pragma once

#include "commands/decision.h"
#include "commands/environment/environment.h"

namespace tenure::environment {

// The step that an answer belongs to, if the answer still matters: the operation runs, in this direction, and
// its step waits. Otherwise the answer came twice or too late, and nothing is recorded.
enum class Direction { forward, compensation };
[[nodiscard]] const operation::Step* waiting_step(const StepOf& command, const States& states,
                                                  Direction direction);

// When a step is attempted again after its `attempts`-th failure: exponential, with full jitter above half.
[[nodiscard]] Timestamp next_attempt(std::uint32_t attempts, const Context& context);

// What follows once a step is as `after` says: the operation ends when it waits for no other step, and the
// workspace becomes active when all its environments are.
void settle(Decision& decision, const StepOf& command, const States& states, const operation::Step& after);

}  // namespace tenure::environment
