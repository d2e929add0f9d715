#include "commands/decision.h"
#include "commands/workspace/workspace.h"

namespace tenure::workspace {

Decided decide(const UpdateWorkspace& command, const States& states, const Context& context) {
  const auto& workspace = states.get<State>(stream(command.workspace));
  const auto name = command.name.value_or(workspace.name);
  const auto slug = command.slug.value_or(workspace.slug);

  Decision decision;
  decision.answer(Success::ok, AnswerKind::workspace, stream(command.workspace));
  if (name == workspace.name && slug == workspace.slug) return decision;
  if (slug != workspace.slug) {
    const auto reservation = slug_stream(workspace.account, slug, context);
    if (states.get<reservation::State>(reservation).taken) return std::unexpected(slug_taken(slug));
    decision.append(reservation, reservation::Taken{});
    decision.append(slug_stream(workspace.account, workspace.slug, context), reservation::Released{});
  }
  decision.append(stream(command.workspace), Renamed{.name = name, .slug = slug});
  decision.target("workspace", command.workspace.str(), name);
  decision.change("name", workspace.name, name);
  decision.change("slug", workspace.slug.str(), slug.str());
  return decision;
}

}  // namespace tenure::workspace
