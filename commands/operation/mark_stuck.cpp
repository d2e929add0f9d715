#include "commands/decision.h"
#include "commands/operation/operation.h"

namespace tenure::operation {

Decided decide(const MarkOperationStuck& command, const States& states, const Context& context) {
  const auto& operation = states.get<State>(stream(command.operation));
  Decision decision;
  const bool moves = operation.status != Status::running || operation.stuck ||
                     context.now - operation.progress_at < context.policy.stuck_after;
  if (moves) return decision;
  decision.append(stream(command.operation), Stuck{});
  return decision;
}

}  // namespace tenure::operation
