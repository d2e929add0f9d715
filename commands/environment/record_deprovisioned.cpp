#include "commands/environment/provision_outcome.h"

namespace tenure::environment {

Decided decide(const RecordDeprovisioned& command, const States& states, const Context&) {
  Decision decision;
  const auto* step = waiting_step(command, states, Direction::compensation);
  if (step == nullptr) return decision;
  const auto& environment = states.get<State>(stream(command.environment));
  decision.append(stream(command.environment), Deprovisioned{});
  decision.append(operation::stream(command.operation),
                  operation::StepCompensated{.environment = command.environment});
  auto after = *step;
  after.compensated = true;
  settle(decision, command, states, after);
  decision.target("environment", command.environment.str(), environment.slug);
  decision.change("status", spelling(environment.status), spelling(Status::deprovisioned));
  return decision;
}

}  // namespace tenure::environment
