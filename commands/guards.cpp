#include "commands/guards.h"

#include <algorithm>
#include <string>

namespace tenure {
namespace {

std::optional<WorkspaceId> workspace_of(const Command& command) {
  return std::visit(
      [](const auto& typed) -> std::optional<WorkspaceId> {
        if constexpr (requires { typed.workspace; }) return typed.workspace;
        return std::nullopt;
      },
      command);
}

bool matches(const IfMatch& condition, const Version& target) {
  if (condition.any) return target.number > 0;
  return std::ranges::find(condition.versions, target.number) != condition.versions.end();
}

}  // namespace

bool comes_before_guards(const Rejection& rejection) {
  const auto category = info(rejection.reason).category;
  return category == Category::not_found || category == Category::invalid;
}

std::optional<Rejection> check_lock(const Command& command, const States& states) {
  if (info_of(command).in_locked_workspace != InLockedWorkspace::refused) return std::nullopt;
  const auto id = workspace_of(command);
  if (!id) return std::nullopt;
  const auto status = states.get<workspace::State>(workspace::stream(*id)).status;
  if (status == workspace::Status::frozen) return Rejection{Reason::workspace_frozen, "", {}, {}};
  if (status >= workspace::Status::offboarding) return Rejection{Reason::workspace_offboarding, "", {}, {}};
  return std::nullopt;
}

bool is_ahead(const std::optional<IfMatch>& condition, const Version& target) {
  return condition && target.number > 0 && !matches(*condition, target) &&
         std::ranges::any_of(condition->versions,
                             [&](std::uint64_t version) { return version > target.number; });
}

std::optional<Rejection> check_if_match(const std::optional<IfMatch>& condition, const Version& target) {
  if (!condition || matches(*condition, target)) return std::nullopt;
  return Rejection{Reason::etag_mismatch, "", {}, {{"current_etag", std::to_string(target.number)}}};
}

}  // namespace tenure
