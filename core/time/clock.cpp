#include "core/time/clock.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <array>
#include <charconv>

namespace tenure {
namespace {

constexpr std::string_view duration_form =
    "expected a number with a unit, such as 500ms, 30s, 10m, 24h or 30d";
constexpr std::string_view rfc3339_form = "expected an RFC 3339 time, such as 2026-01-31T09:05:00Z";

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
constexpr std::array<Unit, 5> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

// `count` digits at `at`; moves `at` behind them. Negative when they are not there.
int digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += count;
  return value;
}

bool skip(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

// Up to nine fractional digits, cut to milliseconds.
std::expected<int, std::string> fraction_millis(std::string_view text, std::size_t& at) {
  constexpr std::size_t digits_max = 9;
  if (!skip(text, at, ".")) return 0;
  const auto begin = at;
  int millis = 0;
  int scale = 100;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    millis += (text[at] - '0') * scale;
    scale /= 10;
  }
  if (at == begin || at - begin > digits_max) return std::unexpected(std::string(rfc3339_form));
  return millis;
}

std::expected<std::chrono::minutes, std::string> utc_offset(std::string_view text, std::size_t& at) {
  if (skip(text, at, "Zz")) return std::chrono::minutes(0);
  const bool negative = at < text.size() && text[at] == '-';
  if (!skip(text, at, "+-")) return std::unexpected(std::string(rfc3339_form));
  const int hours = digits(text, at, 2);
  const bool colon = skip(text, at, ":");
  const int minutes = digits(text, at, 2);
  if (hours < 0 || hours > 23 || !colon || minutes < 0 || minutes > 59) {
    return std::unexpected(std::string(rfc3339_form));
  }
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return negative ? -offset : offset;
}

}  // namespace

Timestamp SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::int64_t to_unix_seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
std::int64_t to_unix_millis(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp from_unix_millis(std::int64_t millis) { return Timestamp(std::chrono::milliseconds(millis)); }

std::string to_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::expected<Timestamp, std::string> parse_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const int year = digits(text, at, 4);
  const bool dash1 = skip(text, at, "-");
  const int month = digits(text, at, 2);
  const bool dash2 = skip(text, at, "-");
  const int day = digits(text, at, 2);
  const bool separator = skip(text, at, "Tt ");
  const int hour = digits(text, at, 2);
  const bool colon1 = skip(text, at, ":");
  const int minute = digits(text, at, 2);
  const bool colon2 = skip(text, at, ":");
  const int second = digits(text, at, 2);
  const bool well_formed = year >= 0 && dash1 && month > 0 && dash2 && day > 0 && separator && hour >= 0 &&
                           hour < 24 && colon1 && minute >= 0 && minute < 60 && colon2 && second >= 0 &&
                           second <= 60;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!well_formed || !date.ok()) return std::unexpected(std::string(rfc3339_form));
  const auto millis = fraction_millis(text, at);
  if (!millis) return std::unexpected(millis.error());
  const auto offset = utc_offset(text, at);
  if (!offset) return std::unexpected(offset.error());
  if (at != text.size()) return std::unexpected(std::string(rfc3339_form));
  const auto utc_minute = Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                          std::chrono::minutes(minute) - *offset;
  const auto day_of_minute = std::chrono::floor<std::chrono::days>(utc_minute);
  // A leap second ends a day in UTC; Unix time counts it as the first of the next.
  const bool possible_leap = utc_minute - day_of_minute == std::chrono::minutes(24 * 60 - 1);
  const auto time = utc_minute + std::chrono::seconds(second) + std::chrono::milliseconds(*millis);
  const auto utc_year = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time)).year();
  const bool has_four_digits = utc_year >= std::chrono::year(0) && utc_year <= std::chrono::year(9999);
  if ((second == 60 && !possible_leap) || !has_four_digits) return std::unexpected(std::string(rfc3339_form));
  return time;
}

std::expected<Duration, std::string> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [unit_begin, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return std::unexpected("is too long");
  if (error != std::errc() || text.starts_with('-')) return std::unexpected(std::string(duration_form));
  const std::string_view name(unit_begin, static_cast<std::size_t>(text.data() + text.size() - unit_begin));
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    if (number > INT64_MAX / unit.millis) return std::unexpected("is too long");
    return Duration(number * unit.millis);
  }
  return std::unexpected(std::string(duration_form));
}

std::string to_string(Duration duration) {
  if (duration.count() == 0) return "0s";
  for (const auto& unit : units) {
    if (duration.count() % unit.millis == 0)
      return fmt::format("{}{}", duration.count() / unit.millis, unit.name);
  }
  return fmt::format("{}ms", duration.count());
}

}  // namespace tenure
