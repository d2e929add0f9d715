// When each API token was last used: kept in memory, written to this node's own part of the store at most
// once a minute a token, and never a domain event.
//
// Threads: any.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "core/ids/typeid.h"
#include "core/store/store.h"

namespace tenure {

class LastUsed {
 public:
  explicit LastUsed(const Store& store) : store_(store) {}

  void touch(TokenId token, Timestamp now);
  [[nodiscard]] std::optional<Timestamp> of(TokenId token) const;
  // Writes what was touched and not written for a minute, and lets go of the rest.
  void write_back(Store& store, Timestamp now);

 private:
  struct Use {
    std::atomic<std::int64_t> used_millis{0};
    std::int64_t written_millis = 0;  // by write_back only
  };

  const Store& store_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<TokenId, std::unique_ptr<Use>>
      uses_;  // guarded by mutex_; a Use's atomic needs only a shared lock
};

}  // namespace tenure
