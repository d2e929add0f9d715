// Accounts, and who has which role in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/account/account.h"
#include "commands/permission.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::accounts {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"accounts", 1, &reduce};

struct Row {
  std::uint64_t version = 0;
  std::string name;
  bool personal = false;
  std::string json;
};

[[nodiscard]] std::string render(const StreamState& state);
[[nodiscard]] std::optional<Row> find(const Store& store, AccountId id);
[[nodiscard]] std::optional<AccountRole> role_of(const Store& store, UserId user, AccountId account);

struct Membership {
  AccountId account;
  AccountRole role{};
};
[[nodiscard]] std::vector<Membership> of_user(const Store& store, UserId user);
// The accounts in which the user has a role, oldest first.
[[nodiscard]] Page list(const Store& store, UserId user, const PageRequest& page);

}  // namespace tenure::accounts
