#include "commands/user/user.h"

namespace tenure::user {

void evolve(State& state, const Registered& event, Timestamp at) {
  state = State{.id = event.id,
                .personal_account = event.personal_account,
                .name = event.name,
                .email = event.email,
                .created_at = at};
}

}  // namespace tenure::user
