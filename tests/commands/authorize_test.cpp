#include "commands/authorize.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tenure::testing {
namespace {

using enum Permission;

constexpr std::array permissions{read, deploy, manage, administer, own, view_billing};

// A letter for each permission in the order above: a allowed, d denied (403), i invisible (404).
template <class Access>
std::string verdicts(const Access& access) {
  std::string letters;
  for (const auto permission : permissions)
    letters += "adi"[static_cast<std::size_t>(authorize(access, permission))];
  return letters;
}

TEST(AuthorizeTest, RolesInAWorkspaceAreThoseOfTheTable) {
  const auto as = [](WorkspaceRole role) {
    return verdicts(WorkspaceAccess{.role = role, .account_role = {}});
  };
  EXPECT_EQ(as(WorkspaceRole::owner), "aaaaad");
  EXPECT_EQ(as(WorkspaceRole::admin), "aaaddd");
  EXPECT_EQ(as(WorkspaceRole::member), "aadddd");
}

TEST(AuthorizeTest, RolesInAnAccountOverItsWorkspacesAreThoseOfTheTable) {
  const auto as = [](AccountRole role) {
    return verdicts(WorkspaceAccess{.role = {}, .account_role = role});
  };
  EXPECT_EQ(as(AccountRole::owner), "addadd");
  EXPECT_EQ(as(AccountRole::admin), "addadd");
  EXPECT_EQ(as(AccountRole::billing_admin), "addddd");
  EXPECT_EQ(as(AccountRole::member), "addddd");
}

TEST(AuthorizeTest, RolesAddUp) {
  EXPECT_EQ(verdicts(WorkspaceAccess{.role = WorkspaceRole::member, .account_role = AccountRole::admin}),
            "aadadd");
}

TEST(AuthorizeTest, WhoHasNoRoleDoesNotSeeTheWorkspace) { EXPECT_EQ(verdicts(WorkspaceAccess{}), "iiiiii"); }

TEST(AuthorizeTest, RolesInAnAccountOverTheAccountAreThoseOfTheTable) {
  const auto as = [](std::optional<AccountRole> role) { return verdicts(role); };
  EXPECT_EQ(as(AccountRole::owner), "addada");
  EXPECT_EQ(as(AccountRole::admin), "addada");
  EXPECT_EQ(as(AccountRole::billing_admin), "adddda");
  EXPECT_EQ(as(AccountRole::member), "addddd");
  EXPECT_EQ(as(std::nullopt), "iiiiii");
}

}  // namespace
}  // namespace tenure::testing
