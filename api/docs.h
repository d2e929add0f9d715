// /docs: the OpenAPI document as a page, without anything from elsewhere.
#pragma once

#include <string_view>

namespace tenure {

[[nodiscard]] std::string_view docs_page();
// Content-Security-Policy of the page.
[[nodiscard]] std::string_view docs_policy();

}  // namespace tenure
