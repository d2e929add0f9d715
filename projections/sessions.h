// Sessions of a user, and whose credential a session token is.
#pragma once

#include <optional>
#include <string>

#include "commands/session/session.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::sessions {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"sessions", 2, &reduce};

[[nodiscard]] std::string render(const StreamState& state);
// Oldest first, without those that have ended.
[[nodiscard]] Page list(const Store& store, UserId user, const PageRequest& page);
struct Row {
  std::uint64_t version = 0;
  std::string json;
};
[[nodiscard]] std::optional<Row> find(const Store& store, UserId user, SessionId session);

}  // namespace tenure::sessions
