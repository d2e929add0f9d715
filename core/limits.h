// Every bound of the system that is not a setting, in one place. Units stand last in the names.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tenure::limits {

// Names and texts, in characters (Unicode scalar values).
inline constexpr std::size_t name_chars_max = 100;
inline constexpr std::size_t slug_chars_min = 3;
inline constexpr std::size_t slug_chars_max = 39;
inline constexpr std::size_t region_chars_max = 100;
inline constexpr std::size_t freeze_reason_chars_max = 500;

inline constexpr std::size_t idempotency_key_chars_max = 64;
inline constexpr std::size_t request_id_chars_max = 128;
inline constexpr std::size_t user_agent_bytes_max = 256;
inline constexpr std::chrono::hours idempotency_kept_min{24};

// Lists.
inline constexpr std::size_t page_rows_default = 50;
inline constexpr std::size_t page_rows_max = 100;
inline constexpr std::size_t scan_rows_per_page_max = 20'000;

// The log. A commit holds one request's effect, and a request's body is at most 1 MiB.
inline constexpr std::size_t log_record_bytes_max = 4U << 20U;
inline constexpr std::size_t log_read_bytes = 1U << 20U;
inline constexpr std::uint16_t partitions_max = 1024;

// Deciding.
inline constexpr int decide_attempts_max = 32;
inline constexpr std::size_t commands_in_flight_max = 10'000;
inline constexpr std::size_t refusals_counted_max = 10'000;

// How long a request waits for what it says this node has still to fold: Tenure-Min-Position, or an If-Match
// from another node.
inline constexpr std::chrono::seconds position_wait_max{5};
inline constexpr std::size_t if_match_waiting_max = 1'000;

}  // namespace tenure::limits
