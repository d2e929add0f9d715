#include "commands/decision.h"
#include "commands/workspace/workspace.h"

namespace tenure::workspace {

Decided decide(const UnfreezeWorkspace& command, const States& states, const Context&) {
  const auto& workspace = states.get<State>(stream(command.workspace));
  Decision decision;
  decision.answer(Success::ok, AnswerKind::workspace, stream(command.workspace));
  if (workspace.status != Status::frozen) return decision;
  decision.append(stream(command.workspace), Unfrozen{});
  decision.target("workspace", command.workspace.str(), workspace.name);
  decision.change("status", spelling(Status::frozen), spelling(Status::active));
  return decision;
}

}  // namespace tenure::workspace
