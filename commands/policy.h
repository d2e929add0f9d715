// The settings that decisions depend on. Constant while a node runs.
#pragma once

#include <cstdint>
#include <string>

#include "core/time/clock.h"

namespace tenure {

struct Policy {
  std::uint64_t workspaces_per_account_max = 10'000;
  std::uint64_t tokens_per_workspace_max = 1'000;

  std::string provider = "local";  // of new environments
  Duration saga_lease = std::chrono::seconds{5};
  // Attempts at a step: the n-th waits about retry_base * 2^(n-1) after the one before it, at most retry_max.
  Duration retry_base = std::chrono::milliseconds{500};
  Duration retry_max = std::chrono::seconds{60};
  std::uint32_t retry_attempts_max = 12;
  // An operation without progress for longer is stuck.
  Duration stuck_after = std::chrono::minutes{10};
};

}  // namespace tenure
