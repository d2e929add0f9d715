// What somebody may do to a workspace, an account or an organization, and the roles that carry it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenure {

enum class Permission : std::uint8_t { read, deploy, manage, administer, own, view_billing };
enum class WorkspaceRole : std::uint8_t { member, admin, owner };
enum class AccountRole : std::uint8_t { member, billing_admin, admin, owner };

[[nodiscard]] constexpr bool grants(WorkspaceRole role, Permission permission) {
  switch (permission) {
    case Permission::read:
    case Permission::deploy:
      return true;
    case Permission::manage:
      return role != WorkspaceRole::member;
    case Permission::administer:
    case Permission::own:
      return role == WorkspaceRole::owner;
    case Permission::view_billing:
      return false;
  }
  return false;
}

// Over the account itself.
[[nodiscard]] constexpr bool grants(AccountRole role, Permission permission) {
  switch (permission) {
    case Permission::read:
      return true;
    case Permission::administer:
      return role == AccountRole::owner || role == AccountRole::admin;
    case Permission::view_billing:
      return role != AccountRole::member;
    case Permission::deploy:
    case Permission::manage:
    case Permission::own:
      return false;
  }
  return false;
}

// Over every workspace of the account.
[[nodiscard]] constexpr bool grants_over_workspaces(AccountRole role, Permission permission) {
  return permission == Permission::read ||
         (permission == Permission::administer && (role == AccountRole::owner || role == AccountRole::admin));
}

}  // namespace tenure
