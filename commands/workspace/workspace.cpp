#include "commands/workspace/workspace.h"

#include "commands/decision.h"

namespace tenure::workspace {

void evolve(State& state, const Created& event, Timestamp at) {
  state = State{.id = event.id,
                .account = event.account,
                .owner = event.owner,
                .name = event.name,
                .slug = event.slug,
                .region = event.region,
                .tenancy_model = event.tenancy_model,
                .status = Status::provisioning,
                .reconciling = true,
                .operation = event.operation,
                .environments = event.environments,
                .created_at = at,
                .updated_at = at,
                .frozen_at = std::nullopt,
                .access_version = 0};
}

void evolve(State& state, const Renamed& event, Timestamp at) {
  state.name = event.name;
  state.slug = event.slug;
  state.updated_at = at;
}

void evolve(State& state, const Activated&, Timestamp at) {
  state.status = Status::active;
  state.reconciling = false;
  state.updated_at = at;
}

void evolve(State& state, const ReconciliationStarted& event, Timestamp at) {
  state.operation = event.operation;
  state.reconciling = true;
  state.updated_at = at;
}

void evolve(State& state, const ReconciliationEnded&, Timestamp at) {
  state.reconciling = false;
  state.updated_at = at;
}

void evolve(State& state, const Frozen&, Timestamp at) {
  state.status = Status::frozen;
  state.frozen_at = at;
  state.updated_at = at;
  ++state.access_version;
}

void evolve(State& state, const Unfrozen&, Timestamp at) {
  state.status = Status::active;
  state.frozen_at.reset();
  state.updated_at = at;
  ++state.access_version;
}

StreamName slug_stream(AccountId account, const Slug& slug, const Context& context) {
  const auto owner = account.str();
  return {"slug", owner + "/" + context.blind(owner, "slug " + slug.str())};
}

}  // namespace tenure::workspace
