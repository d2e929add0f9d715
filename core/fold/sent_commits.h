// The commits that this node has sent to the log and not read back yet, each beside the bytes of its record.
// A record that comes back with these bytes says what its commit says, so the fold need not open and parse
// it. Only a short cut: whatever is not here is read from its record.
//
// Threads: one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/events/commit.h"
#include "core/limits.h"

namespace tenure {

class SentCommits {
 public:
  void add(std::string_view record, Commit commit) {
    // Those that never come back (an append failed) would stay for ever.
    if (commits_.size() >= 2 * limits::commands_in_flight_max) commits_.clear();
    commits_.emplace(record, std::move(commit));
  }
  // The commit of exactly this record, once.
  [[nodiscard]] std::optional<Commit> take(std::string_view record) {
    const auto found = commits_.find(record);
    if (found == commits_.end()) return std::nullopt;
    auto commit = std::move(found->second);
    commits_.erase(found);
    return commit;
  }
  [[nodiscard]] std::size_t size() const { return commits_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view record) const { return std::hash<std::string_view>()(record); }
  };
  std::unordered_map<std::string, Commit, Hash, std::equal_to<>> commits_;
};

}  // namespace tenure
