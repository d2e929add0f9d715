// Taking checked request bodies and queries apart: the schema has said that a member is there and of its
// type.
#pragma once

#include <optional>
#include <string>

#include "api/call.h"
#include "core/error.h"
#include "core/ids/slug.h"
#include "core/json/json.h"

namespace tenure::routes {

[[nodiscard]] std::optional<std::string> text_of(const json::Object& object, std::string_view name);
// Nothing where the member is absent or null.
[[nodiscard]] std::optional<Timestamp> time_of(const json::Object& object, std::string_view name);
[[nodiscard]] std::optional<Slug> slug_of(const json::Object& object);
// Nothing where the parameter is absent.
[[nodiscard]] std::optional<Timestamp> query_time(const Call& call, std::string_view name);
[[nodiscard]] std::optional<std::string> query_text(const Call& call, std::string_view name);

[[nodiscard]] Rejection invalid(std::vector<std::string> path, std::string message);

}  // namespace tenure::routes
