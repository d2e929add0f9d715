// A user: a person. The first one is made at the first start of a system.
//
// Stream: user/<usr_ id>, in the directory. A name and an address are sealed under the person's own key.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "commands/decider.h"
#include "core/crypto/sealed.h"
#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::user {

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

struct Registered {
  UserId id;
  AccountId personal_account;
  Sealed name;
  std::optional<Sealed> email;
  static constexpr auto fields() {
    return std::tuple{field("id", &Registered::id), field("personal_account", &Registered::personal_account),
                      field("name", &Registered::name), field("email", &Registered::email)};
  }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "user";

  UserId id;
  AccountId personal_account;
  Sealed name;
  std::optional<Sealed> email;
  Timestamp created_at;

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id), field("personal_account", &State::personal_account),
                      field("name", &State::name), field("email", &State::email),
                      field("created_at", &State::created_at)};
  }
};

void evolve(State& state, const Registered& event, Timestamp at);

[[nodiscard]] inline StreamName stream(UserId id) { return {State::category, id.str()}; }
// Reserved by the first start; a second one finds it taken.
[[nodiscard]] inline StreamName bootstrap_stream() { return {"bootstrap", "first_user"}; }

// ---- Commands
// ---------------------------------------------------------------------------------------------------

// Makes the first user, a personal account and a session. Of several nodes that start together one succeeds.
struct Bootstrap {
  UserId user;
  AccountId account;
  SessionId session;
  Sealed name;
  std::string session_hash;  // SHA-256 of the session's token, hexadecimal
  [[nodiscard]] Tenant tenant() const { return account; }
  [[nodiscard]] StreamName target() const { return stream(user); }
};

// ---- Decisions
// --------------------------------------------------------------------------------------------------

// already_exists.
[[nodiscard]] Decided decide(const Bootstrap& command, const States& states, const Context& context);

}  // namespace tenure::user
