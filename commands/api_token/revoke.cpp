#include "commands/api_token/api_token.h"
#include "commands/decision.h"

namespace tenure::api_token {

Decided decide(const RevokeApiToken& command, const States& states, const Context&) {
  const auto& token = states.get<State>(stream(command.token));
  if (token.workspace != command.workspace || token.revoked) {
    return std::unexpected(Rejection{Reason::not_found, "This workspace has no such API token.", {}, {}});
  }
  Decision decision;
  decision.append(stream(command.token), Revoked{});
  decision.append(usage_stream(command.workspace), Uncounted{});
  decision.target("api_token", command.token.str(), token.name);
  decision.answer(Success::no_content);
  return decision;
}

}  // namespace tenure::api_token
