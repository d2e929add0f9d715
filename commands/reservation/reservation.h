// A reservation: a stream that exists to be taken once. A slug inside an account, an idempotency key, the
// first start, a refusal's entry: whoever expects version 0 first has it.
//
// Streams: slug/..., idempotency/..., bootstrap/..., refusal/... Their events say nothing but their type.
#pragma once

#include <string_view>
#include <tuple>

#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::reservation {

struct Taken {
  static constexpr auto fields() { return std::tuple{}; }
};

// It may be taken again.
struct Released {
  static constexpr auto fields() { return std::tuple{}; }
};

struct State {
  static constexpr std::string_view category = "reservation";

  bool taken = false;
  static constexpr auto fields() { return std::tuple{field("taken", &State::taken)}; }
};

inline void evolve(State& state, const Taken&, Timestamp) { state.taken = true; }
inline void evolve(State& state, const Released&, Timestamp) { state.taken = false; }

}  // namespace tenure::reservation
