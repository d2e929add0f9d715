// The OpenAPI 3.1 document, made from the table of routes that serves.
#pragma once

#include <string>
#include <vector>

#include "api/route.h"

namespace tenure {

[[nodiscard]] std::string openapi_document(const std::vector<Route>& routes);

}  // namespace tenure
