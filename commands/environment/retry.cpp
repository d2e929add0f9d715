#include "commands/decision.h"
#include "commands/environment/environment.h"

namespace tenure::environment {

Decided decide(const RetryEnvironment& command, const States& states, const Context& context) {
  const auto& environment = states.get<State>(stream(command.environment));
  const bool retriable = environment.status == Status::failed || environment.status == Status::deprovisioned;
  if (!retriable) {
    return std::unexpected(Rejection{Reason::environment_not_failed,
                                     "The environment is " + std::string(spelling(environment.status)) +
                                         "; only a failed one can be retried.",
                                     {},
                                     {}});
  }
  Decision decision;
  decision.append(stream(command.environment), Retried{.operation = command.operation});
  decision.append(operation::stream(command.operation),
                  operation::start(command.operation, operation::Type::environment_retry, command.workspace,
                                   environment.operation,
                                   {{"provision_" + environment.slug, command.environment}}, context));
  decision.append(workspace::stream(command.workspace),
                  workspace::ReconciliationStarted{.operation = command.operation});
  decision.target("environment", command.environment.str(), environment.slug);
  decision.target("operation", command.operation.str(),
                  std::string(spelling(operation::Type::environment_retry)));
  decision.answer(Success::accepted, AnswerKind::operation, operation::stream(command.operation));
  return decision;
}

}  // namespace tenure::environment
