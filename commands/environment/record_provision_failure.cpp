#include "commands/environment/provision_outcome.h"

namespace tenure::environment {

Decided decide(const RecordProvisionFailure& command, const States& states, const Context& context) {
  Decision decision;
  const auto* step = waiting_step(command, states, Direction::forward);
  if (step == nullptr || command.attempt != step->attempts + 1) return decision;
  if (!command.permanent && command.attempt < context.policy.retry_attempts_max) {
    const auto at = next_attempt(command.attempt, context);
    decision.append(stream(command.environment),
                    AttemptFailed{.error = command.error, .next_attempt_at = at});
    decision.append(operation::stream(command.operation),
                    operation::StepAttemptFailed{
                        .environment = command.environment, .error = command.error, .next_attempt_at = at});
    decision.unaudited();
    return decision;
  }
  const auto& environment = states.get<State>(stream(command.environment));
  decision.append(stream(command.environment), Failed{.error = command.error});
  decision.append(operation::stream(command.operation),
                  operation::StepFailed{.environment = command.environment, .error = command.error});
  auto after = *step;
  after.status = operation::StepStatus::failed;
  after.last_error = command.error;
  settle(decision, command, states, after);
  decision.target("environment", command.environment.str(), environment.slug);
  decision.change("status", spelling(environment.status), spelling(Status::failed));
  decision.change("last_error", std::nullopt, command.error);
  return decision;
}

}  // namespace tenure::environment
