// What goes to stdout: tables for people, JSON for programs. Messages go to stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json/json.h"

namespace tenure::cli {

enum class Format { table, json };

// A column's heading and the member that it shows; dots lead into objects.
struct Column {
  std::string_view heading, member;
};

void print_rows(Format format, const json::Array& rows, const std::vector<Column>& columns);
// One resource: a line a member in a table.
void print_one(Format format, const json::Value& value, const std::vector<Column>& columns);
void say(std::string_view message);

// A value as a person reads it: times in UTC, nothing for null, control characters made harmless.
[[nodiscard]] std::string shown(const json::Value& row, std::string_view member);

}  // namespace tenure::cli
