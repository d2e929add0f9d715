#include "core/text/unicode.h"

#include <algorithm>
#include <cstdint>

namespace tenure::text {
namespace {

bool is_continuation(char c) { return (static_cast<std::uint8_t>(c) & 0xc0U) == 0x80; }

// Length of the sequence that begins at the front; 0 when it is not a valid one.
std::size_t sequence_length(std::string_view bytes) {
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() < length) return 0;
  if (!std::ranges::all_of(bytes.substr(1, length - 1), is_continuation)) return 0;
  const auto second = static_cast<std::uint8_t>(bytes[1]);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return !is_continuation(c); }));
}

bool has_control_characters(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(utf8[i]);
    if (c < 0x20 || c == 0x7f) return true;
    const bool c1 = c == 0xc2 && i + 1 < utf8.size() && static_cast<std::uint8_t>(utf8[i + 1]) < 0xa0;
    if (c1) return true;
  }
  return false;
}

}  // namespace tenure::text
