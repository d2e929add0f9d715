// Step 2 of the one path: may this caller do that? Pure: what is known of the caller comes in.
#pragma once

#include <optional>

#include "commands/permission.h"

namespace tenure {

// What a caller is to a workspace.
struct WorkspaceAccess {
  std::optional<WorkspaceRole> role;        // in the workspace itself
  std::optional<AccountRole> account_role;  // in the account that owns it
};

enum class Verdict {
  allowed,
  denied,     // the caller may know that it exists: 403
  invisible,  // the caller may not: 404
};

[[nodiscard]] constexpr Verdict authorize(const WorkspaceAccess& access, Permission permission) {
  const auto granted = [&](Permission wanted) {
    return (access.role && grants(*access.role, wanted)) ||
           (access.account_role && grants_over_workspaces(*access.account_role, wanted));
  };
  if (granted(permission)) return Verdict::allowed;
  return granted(Permission::read) ? Verdict::denied : Verdict::invisible;
}

[[nodiscard]] constexpr Verdict authorize(const std::optional<AccountRole>& role, Permission permission) {
  if (!role) return Verdict::invisible;
  return grants(*role, permission) ? Verdict::allowed : Verdict::denied;
}

}  // namespace tenure
