// An API token: a long-lived credential that belongs to a workspace, not to a user.
//
// Streams: api_token/<tok_ id>, and workspace_usage/<ws_ id>, what the workspace uses of its quotas; both in
// the partition of the workspace.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::api_token {

enum class Role : std::uint8_t { member, admin };
constexpr auto spellings(Role) { return std::to_array<std::string_view>({"member", "admin"}); }

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

struct Created {
  TokenId id;
  WorkspaceId workspace;
  std::string name;
  Role role{};
  std::string prefix;  // how the token begins, for people to tell tokens apart
  std::string hash;    // SHA-256 of the token, hexadecimal
  std::optional<Timestamp> expires_at;
  static constexpr auto fields() {
    return std::tuple{field("id", &Created::id),
                      field("workspace", &Created::workspace),
                      field("name", &Created::name),
                      field("role", &Created::role),
                      inner_field("prefix", &Created::prefix),
                      credential_field("hash", &Created::hash),
                      field("expires_at", &Created::expires_at)};
  }
};

struct Revoked {
  static constexpr auto fields() { return std::tuple{}; }
};

struct Counted {
  static constexpr auto fields() { return std::tuple{}; }
};

struct Uncounted {
  static constexpr auto fields() { return std::tuple{}; }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "api_token";

  TokenId id;
  WorkspaceId workspace;
  std::string name;
  Role role{};
  std::string prefix;
  std::string hash;  // empty once revoked
  std::optional<Timestamp> expires_at;
  Timestamp created_at;
  bool revoked = false;

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id),
                      field("workspace", &State::workspace),
                      field("name", &State::name),
                      field("role", &State::role),
                      field("prefix", &State::prefix),
                      field("hash", &State::hash),
                      field("expires_at", &State::expires_at),
                      field("created_at", &State::created_at),
                      field("revoked", &State::revoked)};
  }
};

void evolve(State& state, const Created& event, Timestamp at);
void evolve(State& state, const Revoked& event, Timestamp at);

struct Usage {
  static constexpr std::string_view category = "workspace_usage";

  std::uint64_t api_tokens = 0;
  static constexpr auto fields() { return std::tuple{field("api_tokens", &Usage::api_tokens)}; }
};

void evolve(Usage& usage, const Counted& event, Timestamp at);
void evolve(Usage& usage, const Uncounted& event, Timestamp at);

[[nodiscard]] inline StreamName stream(TokenId id) { return {State::category, id.str()}; }
[[nodiscard]] inline StreamName usage_stream(WorkspaceId id) { return {Usage::category, id.str()}; }

// ---- Commands
// ---------------------------------------------------------------------------------------------------

struct CreateApiToken {
  WorkspaceId workspace;
  TokenId token;
  std::string name;
  Role role{};
  std::optional<Timestamp> expires_at;
  std::string prefix;
  std::string hash;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(token); }
};

struct RevokeApiToken {
  WorkspaceId workspace;
  TokenId token;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(token); }
};

// ---- Decisions, each with its refusals in the order in which they are checked
// -----------------------------------

// validation_failed: it would have expired already; quota_exceeded. A token that is there already stays as it
// is.
[[nodiscard]] Decided decide(const CreateApiToken& command, const States& states, const Context& context);
// not_found: never made, of another workspace, or revoked before.
[[nodiscard]] Decided decide(const RevokeApiToken& command, const States& states, const Context& context);

}  // namespace tenure::api_token
