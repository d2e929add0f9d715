#include "api/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/json/json.h"
#include "core/text/unicode.h"

namespace tenure::log {
namespace {

Format chosen_format = Format::text;

constexpr auto text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
constexpr auto json_pattern = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

spdlog::logger& logger() {
  static const auto made = [] {
    auto created = spdlog::stderr_logger_mt("tenure");
    created->set_pattern(text_pattern, spdlog::pattern_time_type::utc);
    return created;
  }();
  return *made;
}

// Values come from requests and paths too: whatever they hold, an entry stays one line of UTF-8.
std::string printable(std::string_view value) {
  std::string text(value);
  if (text::is_utf8(value)) return text;
  std::ranges::replace_if(
      text, [](unsigned char c) { return c >= 0x80; }, '?');
  return text;
}

std::string quoted(std::string_view value) {
  std::string text;
  json::append_string(text, printable(value));
  return text;
}

std::string as_text(std::string_view message, std::initializer_list<Field> fields) {
  auto text = printable(message);
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  for (const auto& [name, value] : fields) text.append(" ").append(name).append("=").append(quoted(value));
  return text;
}

// The pattern adds time and level around it.
std::string as_json(std::string_view message, std::initializer_list<Field> fields) {
  std::string text = "\"msg\":" + quoted(message);
  for (const auto& [name, value] : fields)
    text.append(",").append(quoted(name)).append(":").append(quoted(value));
  return text;
}

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<Field> fields) {
  if (!logger().should_log(level)) return;
  logger().log(level, "{}",
               chosen_format == Format::json ? as_json(message, fields) : as_text(message, fields));
}

}  // namespace

void configure(Format format, Level least) {
  chosen_format = format;
  logger().set_pattern(format == Format::json ? json_pattern : text_pattern, spdlog::pattern_time_type::utc);
  logger().set_level(level_of(least));
}

bool shows(Level level) { return logger().should_log(level_of(level)); }

void debug(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::debug, message, fields);
}
void info(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::info, message, fields);
}
void warning(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::warn, message, fields);
}
void error(std::string_view message, std::initializer_list<Field> fields) {
  write(spdlog::level::err, message, fields);
}

}  // namespace tenure::log
