#include "commands/api_token/api_token.h"

namespace tenure::api_token {

void evolve(State& state, const Created& event, Timestamp at) {
  state = State{.id = event.id,
                .workspace = event.workspace,
                .name = event.name,
                .role = event.role,
                .prefix = event.prefix,
                .hash = event.hash,
                .expires_at = event.expires_at,
                .created_at = at,
                .revoked = false};
}

void evolve(State& state, const Revoked&, Timestamp) {
  state.revoked = true;
  state.hash.clear();
}

void evolve(Usage& usage, const Counted&, Timestamp) { ++usage.api_tokens; }
void evolve(Usage& usage, const Uncounted&, Timestamp) { --usage.api_tokens; }

}  // namespace tenure::api_token
