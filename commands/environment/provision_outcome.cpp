#include "commands/environment/provision_outcome.h"

#include <algorithm>

namespace tenure::environment {
namespace {

bool is_active_after(const workspace::EnvironmentRef& reference, const StepOf& command, const States& states,
                     const operation::Step& after) {
  if (reference.id == command.environment)
    return after.status == operation::StepStatus::completed && !after.compensated;
  return states.get<State>(stream(reference.id)).status == Status::active;
}

void settle_workspace(Decision& decision, const StepOf& command, const States& states,
                      const operation::Step& after, bool operation_ends) {
  const auto stream = workspace::stream(command.workspace);
  const auto& workspace = states.get<workspace::State>(stream);
  const bool all_active = std::ranges::all_of(workspace.environments, [&](const auto& reference) {
    return is_active_after(reference, command, states, after);
  });
  if (all_active && workspace.status == workspace::Status::provisioning) {
    decision.append(stream, workspace::Activated{});
  } else if (operation_ends && workspace.operation == command.operation) {
    decision.append(stream, workspace::ReconciliationEnded{});
  }
}

// Appends the end of the operation if `steps` leave nothing to wait for; true if so.
bool end_operation(Decision& decision, const StepOf& command, const operation::State& operation,
                   const std::vector<operation::Step>& steps) {
  const auto stream = operation::stream(command.operation);
  if (operation.cancelling) {
    if (!std::ranges::all_of(steps, &operation::Step::compensated)) return false;
    decision.append(stream, operation::Cancelled{});
    return true;
  }
  if (std::ranges::find(steps, operation::StepStatus::running, &operation::Step::status) != steps.end())
    return false;
  const auto failed = std::ranges::find(steps, operation::StepStatus::failed, &operation::Step::status);
  if (failed == steps.end()) {
    decision.append(stream, operation::Succeeded{});
  } else {
    decision.append(stream,
                    operation::Failed{.error = failed->name + ": " + failed->last_error.value_or("failed")});
  }
  return true;
}

}  // namespace

const operation::Step* waiting_step(const StepOf& command, const States& states, Direction direction) {
  const auto& operation = states.get<operation::State>(operation::stream(command.operation));
  const auto* step = operation.step_for(command.environment);
  if (step == nullptr || operation.status != operation::Status::running) return nullptr;
  if (operation.cancelling != (direction == Direction::compensation)) return nullptr;
  const bool waits =
      direction == Direction::forward ? step->status == operation::StepStatus::running : !step->compensated;
  return waits ? step : nullptr;
}

Timestamp next_attempt(std::uint32_t attempts, const Context& context) {
  constexpr std::uint32_t doublings_max = 30;
  auto wait = context.policy.retry_base;
  for (std::uint32_t i = 1; i < std::min(attempts, doublings_max) && wait < context.policy.retry_max; ++i)
    wait *= 2;
  wait = std::min(wait, context.policy.retry_max);
  const auto half = std::max<std::int64_t>(wait.count() / 2, 1);
  const auto jitter = static_cast<std::int64_t>(context.random.below(static_cast<std::uint64_t>(half) + 1));
  return context.now + Duration(half + jitter);
}

void settle(Decision& decision, const StepOf& command, const States& states, const operation::Step& after) {
  const auto& operation = states.get<operation::State>(operation::stream(command.operation));
  auto steps = operation.steps;
  *std::ranges::find(steps, command.environment, &operation::Step::environment) = after;
  const bool ends = end_operation(decision, command, operation, steps);
  settle_workspace(decision, command, states, after, ends);
}

}  // namespace tenure::environment
