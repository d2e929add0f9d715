#include "commands/decision.h"
#include "commands/session/session.h"

namespace tenure::session {

Decided decide(const EndSession& command, const States& states, const Context&) {
  Decision decision;
  decision.answer(Success::no_content);
  if (states.get<State>(stream(command.session)).ended) return decision;
  decision.append(stream(command.session), Ended{});
  decision.target("session", command.session.str(), "");
  return decision;
}

}  // namespace tenure::session
