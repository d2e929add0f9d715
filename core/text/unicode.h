// UTF-8 (RFC 3629): is it valid, how many characters, are any of them control characters?
#pragma once

#include <cstddef>
#include <string_view>

namespace tenure::text {

[[nodiscard]] bool is_utf8(std::string_view bytes);
// Unicode scalar values in valid UTF-8.
[[nodiscard]] std::size_t count_characters(std::string_view utf8);
// General category Cc: U+0000 to U+001F and U+007F to U+009F.
[[nodiscard]] bool has_control_characters(std::string_view utf8);

}  // namespace tenure::text
