// What a refusal leaves in an audit feed: an entry of its own, or one more in a count.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "commands/caller.h"
#include "commands/decision.h"
#include "core/crypto/crypto.h"
#include "core/events/commit.h"
#include "core/log/position.h"
#include "core/time/clock.h"

namespace tenure {

struct RefusalRequest {
  Partition partition{};
  std::string tenant;   // whose data key seals it, and whose feed it stands in
  std::string command;  // name
  std::string action;
  Outcome outcome = Outcome::denied;
  std::vector<AuditTarget> targets;
  std::vector<std::string> displays = {};  // of the targets; those missing are empty
  Rejection rejection;
  Caller caller;
  RequestContext context;
  std::function<void()> done;  // once the entry is durable, or need not be written
};

// Refusals of one actor, action, reason and target are equal. Those within a window make at most two entries:
// the first at once, and one with the count of the others when the window is over. A count is lost with its
// process; the first is not. At most `limits::refusals_counted_max` windows are open: a refusal beyond them
// is entered by itself.
//
// Not thread-safe.
class RefusalCounter {
 public:
  struct Repeated {
    RefusalRequest request;  // the first one's, without its `done`
    std::uint64_t times = 0;
  };

  explicit RefusalCounter(Duration window) : window_(window) {}

  // True: enter it at once. False: it was counted. `end_windows` comes first, or a count gets too long.
  [[nodiscard]] bool is_first(const RefusalRequest& request, Timestamp now);
  // Of the windows that are over, those in which something was counted.
  [[nodiscard]] std::vector<Repeated> end_windows(Timestamp now);
  [[nodiscard]] std::optional<Timestamp> next_end() const;

 private:
  struct Window {
    std::string key;
    Repeated repeated;
  };
  using ByEnd = std::multimap<Timestamp, Window>;

  Duration window_;
  ByEnd windows_;
  std::unordered_map<std::string, ByEnd::iterator> by_key_;
};

// The commit that is nothing but the entry. Its one stream is named after it, so a duplicate of it is void.
[[nodiscard]] Commit refusal_commit(const RefusalRequest& request, std::uint64_t repeated, const CommitId& id,
                                    Timestamp time, NodeId node, const crypto::Key& tenant_key);

}  // namespace tenure
