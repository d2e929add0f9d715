#include "commands/decision.h"
#include "commands/user/user.h"

namespace tenure::user {

Decided decide(const Bootstrap& command, const States& states, const Context& context) {
  if (states.exists(bootstrap_stream())) {
    return std::unexpected(
        Rejection{Reason::already_exists, "This system has its first user already.", {}, {}});
  }
  Decision decision;
  decision.needs_key(command.user.str()).needs_key(command.account.str());
  decision.append(bootstrap_stream(), reservation::Taken{});
  decision.append(stream(command.user), Registered{.id = command.user,
                                                   .personal_account = command.account,
                                                   .name = command.name,
                                                   .email = std::nullopt});
  decision.append(
      account::stream(command.account),
      account::Created{.id = command.account, .owner = command.user, .name = "Personal", .personal = true});
  decision.append(session::stream(command.session),
                  session::Started{.id = command.session,
                                   .user = command.user,
                                   .personal_account = command.account,
                                   .hash = command.session_hash,
                                   .expires_at = context.now + session::lifetime});
  decision.target("account", command.account.str(), "Personal");
  decision.target("session", command.session.str(), "");
  return decision;
}

}  // namespace tenure::user
