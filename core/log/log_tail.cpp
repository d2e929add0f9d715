#include "core/log/log_tail.h"

#include <utility>

namespace tenure {

namespace {
// Beside its bytes, what a record costs in the structures here.
constexpr std::size_t record_overhead_bytes = 96;
}  // namespace

LogTail::LogTail(std::uint16_t partitions, std::size_t bytes_max)
    : bytes_max_(bytes_max), held_(partitions) {}

void LogTail::add(const std::vector<Appended>& records) {
  const std::lock_guard lock(mutex_);
  for (const Appended& added : records) {
    held_[to_number(added.partition)].push_back(added.record);
    order_.push_back(added.partition);
    bytes_ += added.record.bytes->size() + record_overhead_bytes;
  }
  while (bytes_ > bytes_max_) drop_oldest();
}

void LogTail::drop_oldest() {
  auto& records = held_[to_number(order_.front())];
  bytes_ -= records.front().bytes->size() + record_overhead_bytes;
  records.pop_front();
  order_.pop_front();
}

std::optional<std::vector<LogRecord>> LogTail::read(Partition partition, Offset from, Offset end,
                                                    std::size_t bytes_max) const {
  const std::lock_guard lock(mutex_);
  const auto& records = held_[to_number(partition)];
  if (records.empty() || from < records.front().offset) return std::nullopt;
  std::vector<LogRecord> found;
  std::size_t bytes = 0;
  for (std::size_t at = to_number(from) - to_number(records.front().offset);
       at < records.size() && records[at].offset < end; ++at) {
    bytes += records[at].bytes->size();
    if (!found.empty() && bytes > bytes_max) break;
    found.push_back(records[at]);
  }
  return found;
}

}  // namespace tenure
