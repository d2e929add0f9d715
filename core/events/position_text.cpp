#include "core/events/position_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace tenure {
namespace {

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end && (text.size() == 1 || text.front() != '0');
}

}  // namespace

std::string to_string(Position position) {
  return fmt::format("{}-{}", to_number(position.partition), to_number(position.offset));
}

std::string to_string(const std::vector<Offset>& next_offsets) {
  std::string text;
  for (std::size_t i = 0; i < next_offsets.size(); ++i) {
    const auto next = to_number(next_offsets[i]);
    if (next == 0) continue;
    if (!text.empty()) text += '.';
    fmt::format_to(std::back_inserter(text), "{}-{}", i, next - 1);
  }
  return text.empty() ? "0" : text;
}

std::expected<std::vector<Position>, std::string> parse_positions(std::string_view text,
                                                                  std::uint16_t partitions) {
  std::vector<Position> positions;
  if (text == "0") return positions;
  while (true) {
    const auto dot = text.find('.');
    const auto part = text.substr(0, dot);
    const auto dash = part.find('-');
    std::uint16_t partition = 0;
    std::uint64_t offset = 0;
    const bool well_formed = dash != std::string_view::npos &&
                             parse_number(part.substr(0, dash), partition) &&
                             parse_number(part.substr(dash + 1), offset) && partition < partitions;
    const bool repeated =
        std::ranges::find(positions, Partition{partition}, &Position::partition) != positions.end();
    if (!well_formed || repeated)
      return std::unexpected("a position looks like 3-42, or several joined by dots");
    positions.push_back({Partition{partition}, Offset{offset}});
    if (dot == std::string_view::npos) return positions;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace tenure
