// A session: a user's login.
//
// Stream: session/<ses_ id>, in the directory.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::session {

inline constexpr std::chrono::days lifetime{365};
// A session in use is extended, but written at most so often.
inline constexpr std::chrono::days extended_every{1};
inline constexpr std::size_t token_chars = 32;

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

struct Started {
  SessionId id;
  UserId user;
  AccountId personal_account;  // in whose feed the session's entries stand
  std::string hash;            // SHA-256 of the token, hexadecimal
  Timestamp expires_at;
  static constexpr auto fields() {
    return std::tuple{field("id", &Started::id), field("user", &Started::user),
                      field("personal_account", &Started::personal_account),
                      credential_field("hash", &Started::hash), field("expires_at", &Started::expires_at)};
  }
};

struct Extended {
  Timestamp expires_at;
  static constexpr auto fields() { return std::tuple{field("expires_at", &Extended::expires_at)}; }
};

struct Ended {
  static constexpr auto fields() { return std::tuple{}; }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "session";

  SessionId id;
  UserId user;
  AccountId personal_account;
  std::string hash;  // empty once ended
  Timestamp created_at, extended_at, expires_at;
  bool ended = false;

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id),
                      field("user", &State::user),
                      field("personal_account", &State::personal_account),
                      field("hash", &State::hash),
                      field("created_at", &State::created_at),
                      field("extended_at", &State::extended_at),
                      field("expires_at", &State::expires_at),
                      field("ended", &State::ended)};
  }
};

void evolve(State& state, const Started& event, Timestamp at);
void evolve(State& state, const Extended& event, Timestamp at);
void evolve(State& state, const Ended& event, Timestamp at);

[[nodiscard]] inline StreamName stream(SessionId id) { return {State::category, id.str()}; }

// ---- Commands
// ---------------------------------------------------------------------------------------------------

struct EndSession {
  UserId user;
  AccountId personal_account;
  SessionId session;
  [[nodiscard]] Tenant tenant() const { return {user, personal_account}; }
  [[nodiscard]] StreamName target() const { return stream(session); }
};

// By the server, when a session is used.
struct ExtendSession {
  UserId user;
  AccountId personal_account;
  SessionId session;
  [[nodiscard]] Tenant tenant() const { return {user, personal_account}; }
  [[nodiscard]] StreamName target() const { return stream(session); }
};

// ---- Decisions
// --------------------------------------------------------------------------------------------------

// not_found: never begun, another user's, or ended before.
[[nodiscard]] Decided decide(const EndSession& command, const States& states, const Context& context);
// Never refused: changes nothing for an ended session, or one that was extended within `extended_every`.
[[nodiscard]] Decided decide(const ExtendSession& command, const States& states, const Context& context);

}  // namespace tenure::session
