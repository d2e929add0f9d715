// What a flag's value must be, checked before anything runs: a bad one is a usage error.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/time/clock.h"

namespace tenure::cli {

// RFC 3339.
inline const CLI::Validator is_time(
    [](const std::string& text) {
      const auto time = parse_rfc3339(text);
      return time ? std::string() : time.error();
    },
    "RFC3339");

}  // namespace tenure::cli
