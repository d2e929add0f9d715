// An account: parent and payer of workspaces.
//
// Streams: account/<acc_ id> in the directory; account_usage/<acc_ id>, what the account uses of its quotas,
// in the partition of its workspaces, where the quotas are decided.
#pragma once

#include <array>
#include <string>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::account {

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

struct Created {
  AccountId id;
  UserId owner;
  std::string name;
  bool personal = false;  // made with its owner, and only for the owner
  static constexpr auto fields() {
    return std::tuple{field("id", &Created::id), field("owner", &Created::owner),
                      field("name", &Created::name), field("personal", &Created::personal)};
  }
};

// Says nothing but its type, so that it still counts when the workspace's key is gone.
struct WorkspaceCounted {
  static constexpr auto fields() { return std::tuple{}; }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "account";

  AccountId id;
  UserId owner;
  std::string name;
  bool personal = false;
  Timestamp created_at, updated_at;

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id),
                      field("owner", &State::owner),
                      field("name", &State::name),
                      field("personal", &State::personal),
                      field("created_at", &State::created_at),
                      field("updated_at", &State::updated_at)};
  }
};

void evolve(State& state, const Created& event, Timestamp at);

struct Usage {
  static constexpr std::string_view category = "account_usage";

  std::uint64_t workspaces = 0;
  static constexpr auto fields() { return std::tuple{field("workspaces", &Usage::workspaces)}; }
};

void evolve(Usage& usage, const WorkspaceCounted& event, Timestamp at);

[[nodiscard]] inline StreamName stream(AccountId id) { return {State::category, id.str()}; }
[[nodiscard]] inline StreamName usage_stream(AccountId id) { return {Usage::category, id.str()}; }

// Accounts are made with their users: see commands/user/user.h.

}  // namespace tenure::account
