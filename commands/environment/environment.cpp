#include "commands/environment/environment.h"

namespace tenure::environment {
namespace {

enum class Aim : std::uint64_t { to_be_made = 0, to_be_undone = 1 };

void aim_for(State& state, Aim aim) {
  if (state.generation % 2 != static_cast<std::uint64_t>(aim)) ++state.generation;
}

}  // namespace

void evolve(State& state, const Added& event, Timestamp at) {
  state = State{.id = event.id,
                .workspace = event.workspace,
                .slug = event.slug,
                .provider = event.provider,
                .status = Status::provisioning,
                .operation = event.operation,
                .created_at = at,
                .updated_at = at};
}

void evolve(State& state, const Provisioned& event, Timestamp at) {
  state.status = Status::active;
  state.provider_ref = event.provider_ref;
  state.last_error.reset();
  state.next_attempt_at.reset();
  ++state.attempts;
  state.updated_at = at;
}

void evolve(State& state, const AttemptFailed& event, Timestamp at) {
  state.last_error = event.error;
  state.next_attempt_at = event.next_attempt_at;
  ++state.attempts;
  state.updated_at = at;
}

void evolve(State& state, const Failed& event, Timestamp at) {
  state.status = Status::failed;
  state.last_error = event.error;
  state.next_attempt_at.reset();
  ++state.attempts;
  state.updated_at = at;
}

void evolve(State& state, const Retried& event, Timestamp at) {
  state.status = Status::provisioning;
  aim_for(state, Aim::to_be_made);
  state.operation = event.operation;
  state.attempts = 0;
  state.next_attempt_at.reset();
  state.updated_at = at;
}

void evolve(State& state, const DeprovisioningStarted&, Timestamp at) {
  state.status = Status::deprovisioning;
  aim_for(state, Aim::to_be_undone);
  state.attempts = 0;
  state.next_attempt_at.reset();
  state.updated_at = at;
}

void evolve(State& state, const Deprovisioned&, Timestamp at) {
  state.status = Status::deprovisioned;
  state.provider_ref.reset();
  state.last_error.reset();
  state.next_attempt_at.reset();
  state.updated_at = at;
}

}  // namespace tenure::environment
