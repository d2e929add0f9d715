// The most recent records of a log, in memory: whoever keeps up with it reads no disk.
//
// Threads: any. Memory: at most `bytes_max` of records, and always the newest.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "core/log/event_log.h"

namespace tenure {

class LogTail {
 public:
  LogTail(std::uint16_t partitions, std::size_t bytes_max);

  // `records` in the order of their offsets in each partition, each next to the one before it.
  struct Appended {
    Partition partition;
    LogRecord record;
  };
  void add(const std::vector<Appended>& records);

  // Records from `from` on, below `end`; nothing when `from` is no longer held.
  [[nodiscard]] std::optional<std::vector<LogRecord>> read(Partition partition, Offset from, Offset end,
                                                           std::size_t bytes_max) const;

 private:
  void drop_oldest();

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::deque<Partition> order_;  // of the records held, oldest first
  std::vector<std::deque<LogRecord>> held_;
};

}  // namespace tenure
