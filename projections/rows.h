// What the views' queries share: walking over rows that stand under one prefix.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/json/json.h"
#include "projections/page.h"
#include "projections/view.h"

namespace tenure::rows {

enum class Direction { ascending, descending };

// Rows under `prefix` that `make_row` turns into JSON; one that it turns into nothing is left out of the
// page. `page.after` and `Page::next` are what follows the prefix in a key.
[[nodiscard]] Page page_of(const Store& store, const std::string& prefix, Direction direction,
                           const PageRequest& page,
                           const std::function<std::optional<std::string>(std::string_view rest_of_key,
                                                                          std::string_view value)>& make_row);

void write_optional(json::Writer& out, std::string_view name, const std::optional<std::string>& text);
// In seconds.
void write_optional(json::Writer& out, std::string_view name, const std::optional<Timestamp>& time);

}  // namespace tenure::rows
