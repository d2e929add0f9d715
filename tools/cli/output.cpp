#include "tools/cli/output.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/time/clock.h"
#include "tools/cli/terminal_text.h"

namespace tenure::cli {
namespace {

std::string cell(const json::Value& value, std::string_view member) {
  if (value.is_null()) return "-";
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  if (value.is_string()) return harmless(std::string_view(value.get_string()));
  if (value.is_int64() && (member.ends_with("_at") || member.ends_with("_time"))) {
    return to_rfc3339(from_unix_millis(value.get_int64() * 1000)).substr(0, 19) + "Z";
  }
  return harmless(json::dump(value));
}

void pad(std::string& line, std::string_view text, std::size_t width) {
  line += text;
  line.append(width - std::min(width, columns(text)), ' ');
}

}  // namespace

std::string shown(const json::Value& row, std::string_view member) {
  const auto* value = &row;
  auto rest = member;
  while (true) {
    const auto dot = rest.find('.');
    const auto* object = value->if_object();
    value = object == nullptr ? nullptr : object->if_contains(rest.substr(0, dot));
    if (value == nullptr) return "-";
    if (dot == std::string_view::npos) return cell(*value, rest);
    rest.remove_prefix(dot + 1);
  }
}

void print_rows(Format format, const json::Array& rows, const std::vector<Column>& columns) {
  if (format == Format::json) {
    fmt::print("{}\n", json::dump(rows));
    return;
  }
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    auto width = column.heading.size();
    for (const auto& row : rows) width = std::max(width, cli::columns(shown(row, column.member)));
    widths.push_back(width);
  }
  const auto print_line = [&](auto&& text_of) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i)
      pad(line, text_of(columns[i]), i + 1 < columns.size() ? widths[i] + 2 : 0);
    fmt::print("{}\n", line);
  };
  print_line([](const Column& column) { return std::string(column.heading); });
  for (const auto& row : rows) print_line([&](const Column& column) { return shown(row, column.member); });
}

void print_one(Format format, const json::Value& value, const std::vector<Column>& columns) {
  if (format == Format::json) {
    fmt::print("{}\n", json::dump(value));
    return;
  }
  std::size_t width = 0;
  for (const auto& column : columns) width = std::max(width, column.heading.size());
  for (const auto& column : columns)
    fmt::print("{:<{}}  {}\n", column.heading, width, shown(value, column.member));
}

void say(std::string_view message) { fmt::print(stderr, "{}\n", message); }

}  // namespace tenure::cli
