#include <algorithm>

#include "commands/decision.h"
#include "commands/publication/publication.h"

namespace tenure::publication {

Decided decide(const ReleasePublication& command, const States& states, const Context&) {
  const auto& state = states.get<State>(stream(command.partition));
  Decision decision;
  if (state.node != command.node) return decision;
  decision.append(stream(command.partition),
                  Released{.through = std::max(state.through, to_number(command.through))});
  return decision;
}

}  // namespace tenure::publication
