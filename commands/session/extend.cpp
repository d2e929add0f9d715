#include "commands/decision.h"
#include "commands/session/session.h"

namespace tenure::session {

Decided decide(const ExtendSession& command, const States& states, const Context& context) {
  Decision decision;
  const auto& session = states.get<State>(stream(command.session));
  if (session.ended || context.now - session.extended_at < extended_every) return decision;
  decision.append(stream(command.session), Extended{.expires_at = context.now + lifetime});
  return decision;
}

}  // namespace tenure::session
