// API tokens of a workspace, and whose credential a token is.
#pragma once

#include <string>

#include "commands/api_token/api_token.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::api_tokens {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"api_tokens", 1, &reduce};

// A row without its end, to which whoever sends it adds `last_used_at`, kept outside the log: see `finish`.
[[nodiscard]] std::string render(const StreamState& state);
// What answers the creation: an empty `token`, which only the first answer fills in.
[[nodiscard]] std::string render_created(const StreamState& state);

// Oldest first, without those that were revoked. Each row lacks its end: `finish` it.
[[nodiscard]] Page list(const Store& store, WorkspaceId workspace, const PageRequest& page);
[[nodiscard]] bool exists(const Store& store, WorkspaceId workspace, TokenId token);
[[nodiscard]] TokenId id_of_row(std::string_view row);
[[nodiscard]] std::string finish(std::string row, const std::optional<Timestamp>& last_used_at);

}  // namespace tenure::api_tokens
