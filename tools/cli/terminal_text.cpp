#include "tools/cli/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tenure::cli {
namespace {

struct Range {
  char32_t first, last;
};

// Combining marks, joiners and variation selectors of the scripts in common use.
constexpr auto zero_width = std::to_array<Range>({
    {0x0300, 0x036f},   {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902},   {0x093c, 0x093c}, {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a},   {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x2060, 0x2064},   {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
    {0xe0100, 0xe01ef},
});

// East Asian Width W and F.
constexpr auto wide = std::to_array<Range>({
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26a1, 0x26a1},   {0x26bd, 0x26be},   {0x2705, 0x2705},
    {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
});

constexpr auto direction =
    std::to_array<Range>({{0x061c, 0x061c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}});

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t character) {
  return std::ranges::any_of(
      ranges, [=](Range range) { return character >= range.first && character <= range.last; });
}

bool is_control(char32_t character) { return character < 0x20 || (character >= 0x7f && character < 0xa0); }

// Takes the first character off valid UTF-8 (RFC 3629); of what is not, a byte at a time.
char32_t take_character(std::string_view& utf8) {
  const auto first = static_cast<std::uint8_t>(utf8.front());
  const std::size_t length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t character = length == 1 ? first : first & (0x7fU >> length);
  const auto end = std::min(length, utf8.size());
  for (std::size_t i = 1; i < end; ++i)
    character = character << 6 | (static_cast<std::uint8_t>(utf8[i]) & 0x3fU);
  utf8.remove_prefix(end);
  return character;
}

}  // namespace

std::string harmless(std::string_view utf8) {
  std::string safe;
  while (!utf8.empty()) {
    const auto rest = utf8;
    const auto character = take_character(utf8);
    if (is_control(character) || is_in(direction, character)) {
      safe += '?';
    } else {
      safe += rest.substr(0, rest.size() - utf8.size());
    }
  }
  return safe;
}

std::size_t columns(std::string_view utf8) {
  std::size_t total = 0;
  while (!utf8.empty()) {
    const auto character = take_character(utf8);
    total += is_in(zero_width, character) ? 0 : is_in(wide, character) ? 2 : 1;
  }
  return total;
}

}  // namespace tenure::cli
