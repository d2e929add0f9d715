// Refusals as application/problem+json (RFC 9457), with the members that clients of the older shape read. The
// one place that knows which HTTP status a category has.
#pragma once

#include "api/http.h"
#include "core/error.h"

namespace tenure::http {

[[nodiscard]] int status_of(Category category);
[[nodiscard]] Response problem(const Rejection& rejection, const Request& request);

}  // namespace tenure::http
