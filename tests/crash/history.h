// What clients saw of registers that they share, and whether one register could have answered so.
//
// A register here is a workspace: its value is the name, its version the ETag, and every write makes a later
// version. So the versions say in which order the writes took effect, and what is left to check is that this
// order agrees with time: each operation took effect at one instant between its request and its answer
// (Herlihy and Wing's linearizability; easy to decide where versions are known).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenure::crash {

using Instant = std::chrono::steady_clock::time_point;

struct Operation {
  enum class Kind : std::uint8_t {
    wrote,    // made `version`, with `value`
    saw,      // read `version`, with `value`
    refused,  // a write that was for another version found `version`
  };
  Kind kind{};
  std::string what;  // the register
  std::uint64_t version = 0;
  std::string value;
  std::uint64_t expected = 0;  // of a write that was for one version only; 0: for any
  Instant asked, answered;
};

// The first thing that no single register would have answered.
[[nodiscard]] std::optional<std::string> find_violation(std::vector<Operation> history);

}  // namespace tenure::crash
