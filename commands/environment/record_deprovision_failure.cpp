#include "commands/environment/provision_outcome.h"

namespace tenure::environment {

// What was made must not be left behind, so undoing is attempted again without end; after the usual number of
// attempts, or an error that looks permanent, at the longest interval. The operation shows as stuck by then.
Decided decide(const RecordDeprovisionFailure& command, const States& states, const Context& context) {
  Decision decision;
  const auto* step = waiting_step(command, states, Direction::compensation);
  if (step == nullptr || command.attempt != step->attempts + 1) return decision;
  const auto at =
      command.permanent ? context.now + context.policy.retry_max : next_attempt(command.attempt, context);
  decision.append(stream(command.environment), AttemptFailed{.error = command.error, .next_attempt_at = at});
  decision.append(operation::stream(command.operation),
                  operation::StepAttemptFailed{
                      .environment = command.environment, .error = command.error, .next_attempt_at = at});
  decision.unaudited();
  return decision;
}

}  // namespace tenure::environment
