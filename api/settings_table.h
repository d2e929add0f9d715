// THE TABLE OF SETTINGS: each with the field that it fills, what it takes and what it is for. Flags,
// environment variables, keys of the file, help and messages all come from it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/settings.h"

namespace tenure {

// Of a bad value it says what the value is not: "is not a number from 1 to 1023, such as 4".
using Checked = std::expected<void, std::string>;

// What a setting takes.
struct OneOf {
  std::vector<std::string_view> words;
  std::vector<std::string_view> not_yet;  // words that a later version takes
};
struct Numbers {
  std::uint64_t min;
  std::uint64_t max;
};
struct Durations {
  Duration min;
  Duration max;
};
using Check =
    Checked (*)(std::string_view value);  // not asked about an empty value where the default is empty
struct Anything {};
// On or off: a flag that needs no value.
struct Switch {};
using Rule = std::variant<Anything, OneOf, Numbers, Durations, Check, Switch>;

struct Setting {
  using Field =
      std::variant<std::string Settings::*, std::filesystem::path Settings::*, std::uint64_t Settings::*,
                   Duration Settings::*, bool Settings::*, std::string Policy::*, std::uint64_t Policy::*,
                   std::uint32_t Policy::*, Duration Policy::*>;
  std::string_view name;  // as a flag, without dashes
  Field field;
  std::string_view unit;  // what a value looks like; numbers in bytes may be written 32KiB
  Rule rule;
  std::string_view about;
  std::string_view example_when_no_default = {};
  bool repeatable = false;  // what is given several times is joined with semicolons
};

[[nodiscard]] const std::vector<Setting>& settings_table();

[[nodiscard]] Checked assign(Settings& settings, const Setting& setting, const std::string& value);
[[nodiscard]] std::string show(const Settings& settings, const Setting& setting);
[[nodiscard]] std::string example(const Setting& setting);

}  // namespace tenure
