#include "commands/account/account.h"

namespace tenure::account {

void evolve(State& state, const Created& event, Timestamp at) {
  state = State{.id = event.id,
                .owner = event.owner,
                .name = event.name,
                .personal = event.personal,
                .created_at = at,
                .updated_at = at};
}

void evolve(Usage& usage, const WorkspaceCounted&, Timestamp) { ++usage.workspaces; }

}  // namespace tenure::account
