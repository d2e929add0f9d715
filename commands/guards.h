// What every command must pass beside its own decision, and in which order refusals come: what a decision
// does not find or calls invalid (404, 422), the lock (423), If-Match (412), its other refusals (409).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "commands/commands.h"
#include "commands/decision.h"

namespace tenure {

// What If-Match demands of the command's target.
struct IfMatch {
  bool any = false;  // "*": it exists
  std::vector<std::uint64_t> versions;
};

// Of a decision's refusal.
[[nodiscard]] bool comes_before_guards(const Rejection& rejection);
// A frozen or offboarding workspace takes only what its row in the table of commands lets through.
[[nodiscard]] std::optional<Rejection> check_lock(const Command& command, const States& states);
// Whether the condition names a version that the target does not have yet: versions only grow, so somebody
// has seen it on a node that is further on. What is to be made has none, and nobody has seen one.
[[nodiscard]] bool is_ahead(const std::optional<IfMatch>& condition, const Version& target);
[[nodiscard]] std::optional<Rejection> check_if_match(const std::optional<IfMatch>& condition,
                                                      const Version& target);

}  // namespace tenure
