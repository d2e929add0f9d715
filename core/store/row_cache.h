// Rows that are read again and again (whose a credential is, a user, a role), kept in front of RocksDB: a
// hit costs a hash and a copy, a read of RocksDB a look into every file that may hold the key.
//
// A fixed number of slots; a row stands in the slot that its key hashes to, or nowhere. While a key is being
// written its slot is closed: readers go to RocksDB, and what they found does not enter. So no reader sees an
// old row after a new one of the same batch. A row that stood in the slot stands there anew when it opens.
//
// Threads: any. A Closed belongs to one thread and must not outlive its cache.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenure {

class RowCache {
 public:
  // What a reader that missed needs to bring the row that it found elsewhere.
  struct Ticket {
    std::uint64_t writes = 0;  // of the slot, as of the miss
  };

  // True when the row is here: it is in `value`. False: `ticket` is for `enter`.
  [[nodiscard]] bool find(std::string_view key, std::string& value, Ticket& ticket);
  void enter(std::string_view key, std::string_view value, const Ticket& ticket);

  class Closed;

 private:
  static constexpr std::size_t slots_count = 8192;
  static constexpr std::size_t value_bytes_max = 2048;

  struct Slot {
    std::mutex mutex;
    std::uint32_t writers = 0;  // that have closed it
    std::uint64_t writes = 0;   // begun or ended, so far
    std::string key;            // empty: none
    std::string value;          // of `key` when the slot is open
  };
  [[nodiscard]] Slot& slot_of(std::string_view key);

  std::array<Slot, slots_count> slots_;
};

// Around a write: the keys that it changes are closed until this goes, which must be after the write.
class RowCache::Closed {
 public:
  explicit Closed(RowCache& cache) : cache_(cache) {}
  ~Closed();
  Closed(const Closed&) = delete;
  Closed& operator=(const Closed&) = delete;

  void close(std::string_view key, std::optional<std::string_view> value);  // nothing: erased

 private:
  RowCache& cache_;
  std::vector<Slot*> slots_;
};

}  // namespace tenure
