// Workspaces: by id, of an account, of a member; sorted by name or by creation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/workspace/workspace.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::workspaces {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"workspaces", 1, &reduce};

// What is known of a workspace without reading its JSON.
struct Header {
  AccountId account;
  UserId owner;
  workspace::Status status{};
  std::uint64_t version = 0;  // the etag
  std::uint64_t access_version = 0;
  std::optional<Timestamp> frozen_at;
};
struct Row {
  Header header;
  std::string json;
};

[[nodiscard]] std::string render(const StreamState& state);
[[nodiscard]] std::optional<Row> find(const Store& store, WorkspaceId id);
[[nodiscard]] std::string name_of(const Row& row);

enum class Order { created_descending, created_ascending, name_ascending, name_descending };
struct Filter {
  std::vector<AccountId> accounts;   // all workspaces of these...
  std::optional<UserId> member;      // ...and those that this user is a member of
  std::optional<AccountId> account;  // only this one's
  std::optional<workspace::Status> status;
};
[[nodiscard]] bool passes(const Filter& filter, const Header& header);  // account and status
// What existed during a whole walk over the pages appears exactly once, in every order but by name when it is
// renamed.
[[nodiscard]] Page list(const Store& store, const Filter& filter, Order order, const PageRequest& page);

// One workspace after the other in the order of their creation: the first, or the one behind `after`.
struct Place {
  std::string after;  // of this one; `place_bytes` long
  WorkspaceId id;
  Row row;
};
inline constexpr std::size_t place_bytes = 24;
[[nodiscard]] std::optional<Place> next(const Store& store, const Filter& filter,
                                        const std::optional<std::string>& after);

}  // namespace tenure::workspaces
