#include "commands/api_token/api_token.h"
#include "commands/decision.h"

namespace tenure::api_token {

Decided decide(const CreateApiToken& command, const States& states, const Context& context) {
  if (states.exists(stream(command.token))) {
    return Decision().answer(Success::created, AnswerKind::created_api_token, stream(command.token));
  }
  if (command.expires_at && *command.expires_at <= context.now) {
    return std::unexpected(Rejection{
        Reason::validation_failed, "", {{{"body", "expires_at"}, "must be in the future", {}}}, {}});
  }
  const auto& usage = states.get<Usage>(usage_stream(command.workspace));
  if (usage.api_tokens >= context.policy.tokens_per_workspace_max) {
    return std::unexpected(quota_exceeded("API tokens of this workspace",
                                          context.policy.tokens_per_workspace_max, usage.api_tokens));
  }
  Decision decision;
  decision.append(stream(command.token), Created{.id = command.token,
                                                 .workspace = command.workspace,
                                                 .name = command.name,
                                                 .role = command.role,
                                                 .prefix = command.prefix,
                                                 .hash = command.hash,
                                                 .expires_at = command.expires_at});
  decision.append(usage_stream(command.workspace), Counted{});
  decision.target("api_token", command.token.str(), command.name);
  decision.change("name", std::nullopt, command.name);
  decision.change("role", std::nullopt, spelling(command.role));
  decision.answer(Success::created, AnswerKind::created_api_token, stream(command.token));
  return decision;
}

}  // namespace tenure::api_token
