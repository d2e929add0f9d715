#include "api/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/json/json.h"

namespace tenure::log {
namespace {

Format chosen_format = Format::text;

spdlog::logger& logger() {
  static const auto made = [] {
    auto created = spdlog::stderr_logger_mt("tenure");
    created->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return created;
  }();
  return *made;
}

// Values come from requests too: a line break in one must not look like a further entry.
std::string quoted(std::string_view value) {
  std::string text;
  json::append_string(text, value);
  return text;
}

std::string as_text(std::string_view message, std::initializer_list<Field> fields) {
  std::string text(message);
  for (const auto& [name, value] : fields) text.append(" ").append(name).append("=").append(quoted(value));
  return text;
}

// The pattern adds time and level around it.
std::string as_json(std::string_view message, std::initializer_list<Field> fields) {
  std::string text = "\"msg\":" + quoted(message);
  for (const auto& [name, value] : fields) text.append(",").append(quoted(name)).append(":").append(quoted(value));
  return text;
}

void write(spdlog::level::level_enum level, std::string_view message, std::initializer_list<Field> fields) {
  if (!logger().should_log(level)) return;
  logger().log(level, "{}", chosen_format == Format::json ? as_json(message, fields) : as_text(message, fields));
}

}  // namespace

void configure(Format format, Level least) {
  chosen_format = format;
  if (format == Format::json) {
    logger().set_pattern(R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc);
  }
  switch (least) {
    case Level::debug:
      return logger().set_level(spdlog::level::debug);
    case Level::info:
      return logger().set_level(spdlog::level::info);
    case Level::warning:
      return logger().set_level(spdlog::level::warn);
    case Level::error:
      return logger().set_level(spdlog::level::err);
  }
}

void debug(std::string_view message, std::initializer_list<Field> fields) { write(spdlog::level::debug, message, fields); }
void info(std::string_view message, std::initializer_list<Field> fields) { write(spdlog::level::info, message, fields); }
void warning(std::string_view message, std::initializer_list<Field> fields) { write(spdlog::level::warn, message, fields); }
void error(std::string_view message, std::initializer_list<Field> fields) { write(spdlog::level::err, message, fields); }

}  // namespace tenure::log
