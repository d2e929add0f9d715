#include "commands/decision.h"
#include "commands/operation/operation.h"

namespace tenure::operation {

Decided decide(const RetryOperation& command, const States& states, const Context& context) {
  const auto& failed = states.get<State>(stream(command.failed));
  if (failed.status == Status::running) {
    return std::unexpected(Rejection{Reason::operation_running, "The operation is still running.", {}, {}});
  }
  std::vector<PlannedStep> steps;
  Decision decision;
  if (failed.status != Status::succeeded) {
    for (const auto& step : failed.steps) {
      const auto& environment = states.get<environment::State>(environment::stream(step.environment));
      const bool undone = environment.status == environment::Status::failed ||
                          environment.status == environment::Status::deprovisioned;
      if (!undone) continue;
      steps.push_back({step.name, step.environment});
      decision.append(environment::stream(step.environment),
                      environment::Retried{.operation = command.operation});
    }
  }
  if (steps.empty()) {
    return std::unexpected(Rejection{
        Reason::operation_not_failed, "The operation left nothing that could be tried again.", {}, {}});
  }
  decision.append(stream(command.operation), start(command.operation, failed.type, command.workspace,
                                                   command.failed, std::move(steps), context));
  decision.append(workspace::stream(command.workspace),
                  workspace::ReconciliationStarted{.operation = command.operation});
  decision.target("operation", command.failed.str(), std::string(spelling(failed.type)));
  decision.target("operation", command.operation.str(), std::string(spelling(failed.type)));
  decision.answer(Success::accepted, AnswerKind::operation, stream(command.operation));
  return decision;
}

}  // namespace tenure::operation
