#include "commands/decision.h"
#include "commands/session/session.h"

namespace tenure::session {

Decided decide(const EndSession& command, const States& states, const Context&) {
  const auto& session = states.get<State>(stream(command.session));
  if (session.user != command.user || session.ended) {
    return std::unexpected(Rejection{Reason::not_found, "You have no such session.", {}, {}});
  }
  Decision decision;
  decision.answer(Success::no_content);
  decision.append(stream(command.session), Ended{});
  decision.target("session", command.session.str(), "");
  return decision;
}

}  // namespace tenure::session
