#include "commands/decision.h"
#include "commands/operation/operation.h"

namespace tenure::operation {

Decided decide(const ClaimOperation& command, const States& states, const Context& context) {
  const auto& operation = states.get<State>(stream(command.operation));
  Decision decision;
  if (operation.id.is_nil() || operation.status != Status::running) return decision;
  const bool held_by_another = operation.claim.node != command.node && operation.claim.until > context.now;
  if (held_by_another) return decision;
  decision.append(stream(command.operation),
                  Claimed{.claim = {command.node, context.now + context.policy.saga_lease}});
  return decision;
}

}  // namespace tenure::operation
