// Positions as clients see them: `3-42` is offset 42 of partition 3; several, joined by dots, say how far
// several partitions are. Clients treat them as opaque.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/position.h"

namespace tenure {

[[nodiscard]] std::string to_string(Position position);

// How far each partition was folded: the last folded offset of those that have any. "0" stands for nothing at
// all.
[[nodiscard]] std::string to_string(const std::vector<Offset>& next_offsets);

// Each partition at most once, below `partitions`.
[[nodiscard]] std::expected<std::vector<Position>, std::string> parse_positions(std::string_view text,
                                                                                std::uint16_t partitions);

}  // namespace tenure
