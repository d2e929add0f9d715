// Where something stands in the log.
#pragma once

#include <compare>
#include <cstdint>

namespace tenure {

// A partition's number. 0 is the directory: users, accounts, organizations, sessions, global names. 1...N
// hold everything of a workspace, placed by its account.
enum class Partition : std::uint16_t {};
inline constexpr Partition directory_partition{0};

// A record's place in its partition, from 0 without gaps.
enum class Offset : std::uint64_t {};

[[nodiscard]] constexpr std::uint16_t to_number(Partition partition) {
  return static_cast<std::uint16_t>(partition);
}
[[nodiscard]] constexpr std::uint64_t to_number(Offset offset) { return static_cast<std::uint64_t>(offset); }
[[nodiscard]] constexpr Offset next(Offset offset) { return Offset{to_number(offset) + 1}; }

// One record of the log.
struct Position {
  Partition partition{};
  Offset offset{};
  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

}  // namespace tenure
