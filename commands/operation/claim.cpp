#include "commands/decision.h"
#include "commands/operation/operation.h"

namespace tenure::operation {

Decided decide(const ClaimOperation& command, const States& states, const Context& context) {
  const auto& operation = states.get<State>(stream(command.operation));
  Decision decision;
  if (operation.id.is_nil() || operation.status != Status::running) return decision;
  const bool held_by_another =
      operation.claim.node != command.node && operation.claim.until > context.now && !command.take_over;
  const auto until = context.now + context.policy.saga_lease;
  const bool held_as_long = operation.claim.node == command.node && operation.claim.until >= until;
  if (held_by_another || held_as_long) return decision;
  decision.append(stream(command.operation), Claimed{.claim = {command.node, until}});
  return decision;
}

}  // namespace tenure::operation
