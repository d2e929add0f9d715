#include "commands/session/session.h"

namespace tenure::session {

void evolve(State& state, const Started& event, Timestamp at) {
  state = State{.id = event.id,
                .user = event.user,
                .personal_account = event.personal_account,
                .hash = event.hash,
                .created_at = at,
                .extended_at = at,
                .expires_at = event.expires_at,
                .ended = false};
}

void evolve(State& state, const Extended& event, Timestamp at) {
  state.extended_at = at;
  state.expires_at = event.expires_at;
}

void evolve(State& state, const Ended&, Timestamp) {
  state.ended = true;
  state.hash.clear();
}

}  // namespace tenure::session
