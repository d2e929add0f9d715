#include "commands/decision.h"
#include "commands/workspace/workspace.h"

namespace tenure::workspace {

Decided decide(const FreezeWorkspace& command, const States& states, const Context&) {
  const auto& workspace = states.get<State>(stream(command.workspace));
  if (workspace.status == Status::provisioning) {
    return std::unexpected(Rejection{Reason::workspace_provisioning,
                                     "A workspace can be frozen once its environments are provisioned.",
                                     {},
                                     {}});
  }
  Decision decision;
  decision.answer(Success::ok, AnswerKind::workspace, stream(command.workspace));
  if (workspace.status == Status::frozen) return decision;
  decision.append(stream(command.workspace), Frozen{.reason = command.reason});
  decision.target("workspace", command.workspace.str(), workspace.name);
  decision.change("status", spelling(workspace.status), spelling(Status::frozen));
  if (command.reason) decision.change("reason", std::nullopt, *command.reason);
  return decision;
}

}  // namespace tenure::workspace
