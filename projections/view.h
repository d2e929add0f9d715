// The form of a view: rows that are ready to be read, moved by what happens to streams.
//
// A view is a pure function of the commits of each partition: it may look at the change it is given and
// nothing else, so that its rows are the same however the log is read. Rows of one view never mix partitions
// under one key.
#pragma once

#include <string_view>

#include "commands/stream_states.h"
#include "core/store/keys.h"

namespace tenure {

// What one commit did to one stream.
struct StreamChange {
  Partition partition{};
  const StreamName& stream;
  const StreamState& before;  // version.number 0: the stream was made by this commit
  const StreamState& after;
};

struct View {
  std::string_view name;
  // Moves whenever the rows of the same log become other ones; the store is then folded again.
  std::uint32_t version;
  void (*reduce)(const StreamChange& change, Store::Batch& rows);
};

// The state before and after, when the stream is of this aggregate; `before` is a default state for a new
// stream.
template <class State>
struct Typed {
  const State* before;
  const State* after;
  explicit operator bool() const { return after != nullptr; }
};
template <class State>
[[nodiscard]] Typed<State> typed(const StreamChange& change) {
  static const State absent{};
  const auto* before = std::get_if<State>(&change.before.state);
  return {before == nullptr ? &absent : before, std::get_if<State>(&change.after.state)};
}

}  // namespace tenure
