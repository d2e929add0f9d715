#include "sagas/provision.h"

#include <fmt/core.h>

#include <algorithm>

#include "commands/decision.h"

namespace tenure::provision {
namespace {

void look_again(Actions& actions, Timestamp at) {
  actions.look_again_at = std::min(actions.look_again_at.value_or(at), at);
}

// True when this node may work on the operation now; otherwise asks for what is missing.
bool holds_claim(Actions& actions, const operation::State& operation, const SagaContext& context) {
  const auto& claim = operation.claim;
  const operation::ClaimOperation renew{operation.workspace, operation.id, context.node, context.alone};
  if (claim.node == context.node) {
    if (context.alone) return true;
    const auto renew_at = claim.until - context.policy.saga_lease / 2;
    if (context.now < renew_at) {
      look_again(actions, renew_at);
      return true;
    }
    actions.commands.emplace_back(renew);
    return context.now < claim.until;
  }
  // Where nobody else can be, the claim is of a process that is gone.
  if (context.alone || context.now >= claim.until) {
    actions.commands.emplace_back(renew);
  } else {
    look_again(actions, claim.until);
  }
  return false;
}

Command record_forward(const environment::StepOf& step, std::uint32_t attempt,
                       const ProvisionOutcome& outcome) {
  if (outcome.status == ProvisionOutcome::Status::done) {
    return environment::RecordProvisioned{step, outcome.provider_ref};
  }
  return environment::RecordProvisionFailure{step, attempt, outcome.error,
                                             outcome.status == ProvisionOutcome::Status::failed_for_good};
}

Command record_compensation(const environment::StepOf& step, std::uint32_t attempt,
                            const ProvisionOutcome& outcome) {
  if (outcome.status == ProvisionOutcome::Status::done) return environment::RecordDeprovisioned{step};
  return environment::RecordDeprovisionFailure{step, attempt, outcome.error,
                                               outcome.status == ProvisionOutcome::Status::failed_for_good};
}

Effect effect_for(const operation::State& operation, const operation::Step& step,
                  const SagaContext& context) {
  const auto& workspace = context.states.get<workspace::State>(workspace::stream(operation.workspace));
  const auto& environment = context.states.get<environment::State>(environment::stream(step.environment));
  const environment::StepOf step_of{operation.workspace, operation.id, step.environment};
  Effect effect;
  effect.request = {
      .action =
          operation.cancelling ? ProvisionRequest::Action::deprovision : ProvisionRequest::Action::provision,
      .idempotency_key = fmt::format("{}:{}:{}", operation.cancelling ? "deprovision" : "provision",
                                     step.environment.str(), environment.generation),
      .workspace = operation.workspace,
      .workspace_slug = workspace.slug.str(),
      .workspace_name = workspace.name,
      .environment = step.environment,
      .environment_slug = environment.slug,
      .generation = environment.generation,
      .attempt = step.attempts + 1};
  const auto record = operation.cancelling ? &record_compensation : &record_forward;
  effect.record = [step_of, record, attempt = effect.request.attempt](const ProvisionOutcome& outcome) {
    return record(step_of, attempt, outcome);
  };
  return effect;
}

bool waits(const operation::State& operation, const operation::Step& step) {
  return operation.cancelling ? !step.compensated : step.status == operation::StepStatus::running;
}

}  // namespace

Actions react(const operation::State& operation, const SagaContext& context) {
  Actions actions;
  if (operation.status != operation::Status::running) return actions;
  if (!holds_claim(actions, operation, context)) return actions;

  if (!operation.stuck) {
    const auto stuck_at = operation.progress_at + context.policy.stuck_after;
    if (context.now >= stuck_at) {
      actions.commands.emplace_back(operation::MarkOperationStuck{operation.workspace, operation.id});
    } else {
      look_again(actions, stuck_at);
    }
  }
  for (const auto& step : operation.steps) {
    if (!waits(operation, step)) continue;
    if (step.next_attempt_at && *step.next_attempt_at > context.now) {
      look_again(actions, *step.next_attempt_at);
    } else {
      actions.effects.push_back(effect_for(operation, step, context));
    }
  }
  return actions;
}

}  // namespace tenure::provision
