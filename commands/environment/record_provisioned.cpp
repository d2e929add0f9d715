#include "commands/environment/provision_outcome.h"

namespace tenure::environment {

Decided decide(const RecordProvisioned& command, const States& states, const Context&) {
  Decision decision;
  const auto* step = waiting_step(command, states, Direction::forward);
  if (step == nullptr) return decision;
  const auto& environment = states.get<State>(stream(command.environment));
  decision.append(stream(command.environment), Provisioned{.provider_ref = command.provider_ref});
  decision.append(operation::stream(command.operation),
                  operation::StepCompleted{.environment = command.environment});
  auto after = *step;
  after.status = operation::StepStatus::completed;
  settle(decision, command, states, after);
  decision.target("environment", command.environment.str(), environment.slug);
  decision.change("status", spelling(environment.status), spelling(Status::active));
  return decision;
}

}  // namespace tenure::environment
