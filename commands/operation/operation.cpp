#include "commands/operation/operation.h"

#include <algorithm>
#include <stdexcept>

#include "commands/decision.h"

namespace tenure::operation {
namespace {

// Throws std::out_of_range: an event of a step that the operation does not have is no history of it.
Step& step_of(State& state, EnvironmentId environment) {
  const auto found = std::ranges::find(state.steps, environment, &Step::environment);
  if (found == state.steps.end())
    throw std::out_of_range("the operation has no step for " + environment.str());
  return *found;
}

void progressed(State& state, Timestamp at) {
  state.updated_at = at;
  state.progress_at = at;
  state.stuck = false;
}

void forget_error_of(State& state, const Step& step) {
  if (state.last_error_step != step.name) return;
  state.last_error.reset();
  state.last_error_step.reset();
}

void end(State& state, Status status, Timestamp at) {
  state.status = status;
  state.completed_at = at;
  progressed(state, at);
}

}  // namespace

const Step* State::step_for(EnvironmentId environment) const {
  const auto found = std::ranges::find(steps, environment, &Step::environment);
  return found == steps.end() ? nullptr : &*found;
}

void evolve(State& state, const Started& event, Timestamp at) {
  state = State{.id = event.id,
                .type = event.type,
                .workspace = event.workspace,
                .parent = event.parent,
                .status = Status::running,
                .claim = event.claim,
                .created_at = at,
                .updated_at = at,
                .progress_at = at};
  for (const auto& step : event.steps) {
    state.steps.push_back(
        {.name = step.name, .environment = step.environment, .status = StepStatus::running});
  }
}

void evolve(State& state, const Claimed& event, Timestamp) { state.claim = event.claim; }

void evolve(State& state, const StepAttemptFailed& event, Timestamp at) {
  auto& step = step_of(state, event.environment);
  ++step.attempts;
  step.last_error = event.error;
  step.next_attempt_at = event.next_attempt_at;
  state.last_error = event.error;
  state.last_error_step = step.name;
  state.updated_at = at;
}

void evolve(State& state, const StepCompleted& event, Timestamp at) {
  auto& step = step_of(state, event.environment);
  ++step.attempts;
  step.status = StepStatus::completed;
  step.completed_at = at;
  step.last_error.reset();
  step.next_attempt_at.reset();
  forget_error_of(state, step);
  progressed(state, at);
}

void evolve(State& state, const StepFailed& event, Timestamp at) {
  auto& step = step_of(state, event.environment);
  ++step.attempts;
  step.status = StepStatus::failed;
  step.completed_at = at;
  step.last_error = event.error;
  step.next_attempt_at.reset();
  state.last_error = event.error;
  state.last_error_step = step.name;
  progressed(state, at);
}

void evolve(State& state, const CancelRequested&, Timestamp at) {
  state.cancelling = true;
  for (auto& step : state.steps) {
    step.attempts = 0;
    step.next_attempt_at.reset();
  }
  progressed(state, at);
}

void evolve(State& state, const StepCompensated& event, Timestamp at) {
  auto& step = step_of(state, event.environment);
  step.compensated = true;
  step.last_error.reset();
  step.next_attempt_at.reset();
  if (!step.completed_at) step.completed_at = at;
  forget_error_of(state, step);
  progressed(state, at);
}

void evolve(State& state, const Stuck&, Timestamp) { state.stuck = true; }

void evolve(State& state, const Succeeded&, Timestamp at) { end(state, Status::succeeded, at); }

void evolve(State& state, const Failed& event, Timestamp at) {
  state.error = event.error;
  end(state, Status::failed, at);
}

void evolve(State& state, const Cancelled&, Timestamp at) { end(state, Status::cancelled, at); }

Started start(OperationId id, Type type, WorkspaceId workspace, std::optional<OperationId> parent,
              std::vector<PlannedStep> steps, const Context& context) {
  return {.id = id,
          .type = type,
          .workspace = workspace,
          .parent = parent,
          .steps = std::move(steps),
          .claim = {context.node, context.now + context.policy.saga_lease}};
}

}  // namespace tenure::operation
