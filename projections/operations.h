// Operations: by id, of a workspace newest first, and those that still run, for the saga runner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/operation/operation.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::operations {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"operations", 2, &reduce};

struct Row {
  WorkspaceId workspace;
  operation::Status status{};
  std::uint64_t version = 0;
  std::string json;  // with steps; html_url begins with a placeholder (core/json/placeholder.h)
};

[[nodiscard]] std::string render(const StreamState& state);
[[nodiscard]] std::optional<Row> find(const Store& store, OperationId id);

struct Filter {
  std::optional<operation::Type> type;
  std::optional<operation::Status> status;
};
// Newest first, without steps.
[[nodiscard]] Page list(const Store& store, WorkspaceId workspace, const Filter& filter,
                        const PageRequest& page);

struct Running {
  Partition partition{};
  StreamName stream;
};
[[nodiscard]] std::vector<Running> running(const Store& store);

}  // namespace tenure::operations
