// The shapes of answers and lists that several routes share, as the OpenAPI document shows them.
#pragma once

#include "api/schema.h"

namespace tenure::schemas {

[[nodiscard]] http::Schema workspace();
[[nodiscard]] http::Schema environment();
[[nodiscard]] http::Schema operation();
[[nodiscard]] http::Schema access_state();
[[nodiscard]] http::Schema api_token();
[[nodiscard]] http::Schema created_api_token();
[[nodiscard]] http::Schema account();
[[nodiscard]] http::Schema session();
[[nodiscard]] http::Schema me();
[[nodiscard]] http::Schema audit_entry();
[[nodiscard]] http::Schema raw_event();
[[nodiscard]] http::Schema problem();
[[nodiscard]] http::Schema list_of(http::Schema item);

// cursor and limit, and what else the list takes.
[[nodiscard]] std::vector<http::Member> page_and(std::vector<http::Member> others);

}  // namespace tenure::schemas
