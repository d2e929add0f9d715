#include <algorithm>

#include "commands/decision.h"
#include "commands/publication/publication.h"

namespace tenure::publication {

Decided decide(const ClaimPublication& command, const States& states, const Context& context) {
  const auto& state = states.get<State>(stream(command.partition));
  const auto until = context.now + context.policy.saga_lease;
  const auto through = std::max(state.through, to_number(command.through));
  const bool mine = state.node == command.node;
  const bool held_by_another = !mine && state.is_held(context.now);
  const bool held_as_long = mine && state.until >= until && state.through == through;
  Decision decision;
  if (held_by_another || held_as_long) return decision;
  decision.append(stream(command.partition),
                  Claimed{.node = command.node, .until = until, .through = through});
  return decision;
}

}  // namespace tenure::publication
