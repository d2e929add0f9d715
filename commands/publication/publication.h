// The publication of a partition: which node hands its public events on to other systems, and how far it
// came.
//
// Stream: publication/<number of the partition>, in that partition. A node claims it by the commit rule when
// there is something to publish, and gives it back when there is not: an idle system writes nothing.
#pragma once

#include <string>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/log/position.h"
#include "core/time/clock.h"

namespace tenure::publication {

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

// `through`: every commit of the partition below this offset is published.
struct Claimed {
  NodeId node;
  Timestamp until;
  std::uint64_t through = 0;
  static constexpr auto fields() {
    return std::tuple{field("node", &Claimed::node), field("until", &Claimed::until),
                      field("through", &Claimed::through)};
  }
};

struct Released {
  std::uint64_t through = 0;
  static constexpr auto fields() { return std::tuple{field("through", &Released::through)}; }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "publication";

  NodeId node;  // nil: nobody's
  Timestamp until;
  std::uint64_t through = 0;
  static constexpr auto fields() {
    return std::tuple{field("node", &State::node), field("until", &State::until),
                      field("through", &State::through)};
  }

  [[nodiscard]] bool is_held(Timestamp now) const { return !node.is_nil() && now < until; }
};

void evolve(State& state, const Claimed& event, Timestamp at);
void evolve(State& state, const Released& event, Timestamp at);

[[nodiscard]] inline StreamName stream(Partition partition) {
  return {State::category, std::to_string(to_number(partition))};
}

// ---- Commands
// ---------------------------------------------------------------------------------------------------

// By the publisher of a node, which has made the node's data key: to publish, or to keep doing so and say how
// far it came.
struct ClaimPublication {
  Partition partition{};
  NodeId node;
  Offset through{};
  [[nodiscard]] Tenant tenant() const { return node; }
  [[nodiscard]] StreamName target() const { return stream(partition); }
};

struct ReleasePublication {
  Partition partition{};
  NodeId node;
  Offset through{};
  [[nodiscard]] Tenant tenant() const { return node; }
  [[nodiscard]] StreamName target() const { return stream(partition); }
};

// ---- Decisions
// --------------------------------------------------------------------------------------------------

// Changes nothing while another node's lease runs, or when the node's own would end no later and nothing more
// is published.
[[nodiscard]] Decided decide(const ClaimPublication& command, const States& states, const Context& context);
// Changes nothing when the claim is not the node's.
[[nodiscard]] Decided decide(const ReleasePublication& command, const States& states, const Context& context);

}  // namespace tenure::publication
