#include "commands/decision.h"
#include "commands/operation/operation.h"

namespace tenure::operation {

Decided decide(const CancelOperation& command, const States& states, const Context&) {
  const auto& operation = states.get<State>(stream(command.operation));
  if (operation.status != Status::running) {
    return std::unexpected(
        Rejection{Reason::operation_ended,
                  "The operation has ended: " + std::string(spelling(operation.status)) + ".",
                  {},
                  {}});
  }
  Decision decision;
  decision.answer(Success::accepted, AnswerKind::operation, stream(command.operation));
  if (operation.cancelling) return decision;
  decision.append(stream(command.operation), CancelRequested{});
  bool nothing_to_undo = true;
  for (const auto& step : operation.steps) {
    const auto environment = environment::stream(step.environment);
    if (states.get<environment::State>(environment).operation == command.operation) {
      decision.append(environment, environment::DeprovisioningStarted{});
      nothing_to_undo = false;
    } else {
      // A later operation works on it: it is no longer this one's to undo.
      decision.append(stream(command.operation), StepCompensated{.environment = step.environment});
    }
  }
  if (nothing_to_undo) decision.append(stream(command.operation), Cancelled{});
  decision.target("operation", command.operation.str(), std::string(spelling(operation.type)));
  return decision;
}

}  // namespace tenure::operation
