// Time as a parameter: nothing below api/ asks the machine what time it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tenure {

using Duration = std::chrono::milliseconds;
// Milliseconds since the Unix epoch, UTC.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

// Threads: implementations may be asked from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
};

[[nodiscard]] std::int64_t to_unix_seconds(Timestamp time);
[[nodiscard]] std::int64_t to_unix_millis(Timestamp time);
[[nodiscard]] Timestamp from_unix_millis(std::int64_t millis);

// RFC 3339 in UTC with milliseconds: 2026-01-31T09:05:00.123Z
[[nodiscard]] std::string to_rfc3339(Timestamp time);
// Any RFC 3339 date-time (offsets and 0 to 9 fractional digits, cut to milliseconds) whose year in UTC has
// four digits. A leap second is the first second of the next day.
[[nodiscard]] std::expected<Timestamp, std::string> parse_rfc3339(std::string_view text);

// A number with a unit: 500ms, 30s, 10m, 24h, 30d. 0 needs a unit too.
[[nodiscard]] std::expected<Duration, std::string> parse_duration(std::string_view text);
[[nodiscard]] std::string to_string(Duration duration);

}  // namespace tenure
