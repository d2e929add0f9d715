// Text from elsewhere on a terminal: how wide it is, and how to keep it from doing anything but being read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenure::cli {

// Valid UTF-8 in, valid UTF-8 out: a question mark for each control character (so that no escape sequence
// begins), and for each that changes the direction of what follows (Unicode TR 36 section 2.10: such text
// reads as what it is not).
[[nodiscard]] std::string harmless(std::string_view utf8);

// Columns that a terminal gives the text: two for a wide character (Unicode TR 11), none for a combining one.
[[nodiscard]] std::size_t columns(std::string_view utf8);

}  // namespace tenure::cli
