// The raw events: of a stream by number, of a workspace in log order.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/events.h"
#include "core/fold/fold.h"
#include "projections/page.h"

namespace tenure::history {

inline constexpr std::uint32_t version = 1;

// One event of a commit, at its place in its stream.
struct Entry {
  const AcceptedCommit& commit;
  const StreamName& stream;
  std::uint64_t number = 0;  // from 1
  std::size_t index = 0;     // among the commit's events
  const EventData& encoded;  // its name and schema
  const Event& event;
};
void append(const Entry& entry, Store::Batch& rows);

struct Filter {
  std::optional<std::string> type;    // exact, or a prefix followed by *
  std::optional<Timestamp> from, to;  // from <= occurred_at < to
};
// Oldest first.
[[nodiscard]] Page of_workspace(const Store& store, WorkspaceId workspace, const Filter& filter,
                                const PageRequest& page);
// All events of a stream, oldest first, each as JSON.
[[nodiscard]] std::vector<std::string> of_stream(const Store& store, Partition partition,
                                                 const StreamName& stream);

}  // namespace tenure::history
