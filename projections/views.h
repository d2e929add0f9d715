// THE TABLE OF VIEWS. The audit feeds and the history of raw events follow whole commits and stand beside it
// in projections/projector.cpp.
#pragma once

#include <array>

#include "projections/accounts.h"
#include "projections/api_tokens.h"
#include "projections/environments.h"
#include "projections/operations.h"
#include "projections/sessions.h"
#include "projections/users.h"
#include "projections/workspaces.h"

namespace tenure {

inline constexpr std::array view_table{
    workspaces::view, environments::view, operations::view, api_tokens::view,
    sessions::view,   users::view,        accounts::view,
};

}  // namespace tenure
