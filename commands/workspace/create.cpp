#include "commands/decision.h"
#include "commands/workspace/workspace.h"

namespace tenure::workspace {
namespace {

// How many suffixes are tried before the name counts as too common. More would make one request slow.
constexpr int suffixes_max = 10'000;

bool taken(const States& states, const StreamName& slug) {
  return states.get<reservation::State>(slug).taken;
}

std::expected<Slug, Rejection> free_slug(const CreateWorkspace& command, const States& states,
                                         const Context& context) {
  const auto is_free = [&](const Slug& slug) {
    return !taken(states, slug_stream(command.account, slug, context));
  };
  const auto wanted = command.slug.value_or(Slug::from_name(command.name));
  if (is_free(wanted)) return wanted;
  if (!command.slug) {
    for (int suffix = 2; suffix < suffixes_max; ++suffix) {
      if (auto slug = wanted.with_suffix(suffix); is_free(slug)) return slug;
    }
  }
  return std::unexpected(slug_taken(wanted));
}

}  // namespace

Decided decide(const CreateWorkspace& command, const States& states, const Context& context) {
  if (states.exists(stream(command.workspace))) {
    return Decision().answer(Success::created, AnswerKind::workspace, stream(command.workspace));
  }
  const auto& usage = states.get<account::Usage>(account::usage_stream(command.account));
  const auto limit = context.policy.workspaces_per_account_max;
  if (usage.workspaces >= limit)
    return std::unexpected(quota_exceeded("workspaces of this account", limit, usage.workspaces));
  const auto slug = free_slug(command, states, context);
  if (!slug) return std::unexpected(slug.error());

  const auto operation = context.make<OperationId>();
  std::vector<EnvironmentRef> environments;
  std::vector<operation::PlannedStep> steps;
  for (const auto environment_slug : environment::slugs) {
    const auto id = context.make<EnvironmentId>();
    environments.push_back({id, std::string(environment_slug)});
    steps.push_back({"provision_" + std::string(environment_slug), id});
  }

  Decision decision;
  decision.needs_key(command.workspace.str());
  decision.append(stream(command.workspace), Created{.id = command.workspace,
                                                     .account = command.account,
                                                     .owner = command.owner,
                                                     .name = command.name,
                                                     .slug = *slug,
                                                     .region = command.region,
                                                     .tenancy_model = command.tenancy_model,
                                                     .operation = operation,
                                                     .environments = environments});
  decision.append(slug_stream(command.account, *slug, context), reservation::Taken{});
  decision.append(account::usage_stream(command.account), account::WorkspaceCounted{});
  for (const auto& environment : environments) {
    decision.append(environment::stream(environment.id),
                    environment::Added{.id = environment.id,
                                       .workspace = command.workspace,
                                       .slug = environment.slug,
                                       .provider = context.policy.provider,
                                       .operation = operation});
  }
  decision.append(operation::stream(operation),
                  operation::start(operation, operation::Type::workspace_provision, command.workspace,
                                   std::nullopt, std::move(steps), context));
  decision.target("workspace", command.workspace.str(), command.name);
  decision.change("name", std::nullopt, command.name);
  decision.change("slug", std::nullopt, slug->str());
  decision.answer(Success::created, AnswerKind::workspace, stream(command.workspace));
  return decision;
}

}  // namespace tenure::workspace
