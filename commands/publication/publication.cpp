#include "commands/publication/publication.h"

namespace tenure::publication {

void evolve(State& state, const Claimed& event, Timestamp) {
  state = {.node = event.node, .until = event.until, .through = event.through};
}

void evolve(State& state, const Released& event, Timestamp) {
  state = {.node = {}, .until = {}, .through = event.through};
}

}  // namespace tenure::publication
