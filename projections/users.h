// Users, with their names still sealed.
#pragma once

#include <optional>

#include "commands/user/user.h"
#include "projections/view.h"

namespace tenure::users {

void reduce(const StreamChange& change, Store::Batch& rows);
inline constexpr View view{"users", 1, &reduce};

[[nodiscard]] std::optional<user::State> find(const Store& store, UserId id);

}  // namespace tenure::users
