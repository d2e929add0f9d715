// Environments of a workspace.
#pragma once

#include <optional>
#include <string>

#include "commands/environment/environment.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::environments {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"environments", 2, &reduce};

[[nodiscard]] std::string render(const StreamState& state);
// In the order in which they were made: dev, staging, prod.
[[nodiscard]] Page list(const Store& store, WorkspaceId workspace, const PageRequest& page);
// By id or by slug.
[[nodiscard]] std::optional<EnvironmentId> find(const Store& store, WorkspaceId workspace,
                                                std::string_view id_or_slug);

}  // namespace tenure::environments
