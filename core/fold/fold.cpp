#include "core/fold/fold.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/limits.h"
#include "core/store/keys.h"

namespace tenure {

Fold::Fold(EventLog& log, Store& store, KeyStore& keys, FoldTarget& target)
    : log_(log), store_(store), keys_(keys), target_(target) {
  for (std::uint16_t number = 0; number < log.partitions(); ++number) {
    auto& partition = *partitions_.emplace_back(std::make_unique<PartitionState>());
    if (const auto next = store.get(keys::next_offset(Partition{number}))) {
      partition.pending = keys::read_u64(*next);
      partition.next = partition.pending;
      refuse_a_shorter_log(Partition{number});
    }
  }
}

// What the store rests on must be in the log, or new records would be taken for old ones.
void Fold::refuse_a_shorter_log(Partition partition) {
  const auto folded = partitions_[to_number(partition)]->pending;
  const auto end = to_number(log_.end(partition));
  if (end >= folded) return;
  stop({partition, Offset{folded}},
       fmt::format("the log ends before it, at offset {}; restore the log, or delete the store", end));
}

std::vector<FoldedCommit> Fold::step(std::size_t commits_max) {
  std::vector<FoldedCommit> results;
  for (std::size_t i = 0; i < partitions_.size() && results.size() < commits_max; ++i) {
    const auto number = (first_partition_ + i) % partitions_.size();
    step_partition(Partition{static_cast<std::uint16_t>(number)}, commits_max - results.size(), results);
  }
  first_partition_ = (first_partition_ + 1) % partitions_.size();
  if (batch_.empty()) return results;
  store_.write(batch_);
  batch_.clear();
  target_.written();
  for (auto& partition : partitions_) partition->next.store(partition->pending, std::memory_order_release);
  return results;
}

void Fold::step_partition(Partition number, std::size_t commits_max, std::vector<FoldedCommit>& results) {
  auto& partition = *partitions_[to_number(number)];
  if (partition.stopped || to_number(log_.end(number)) <= partition.pending) return;
  const auto records = log_.read(number, Offset{partition.pending}, limits::log_read_bytes);
  if (!records) return stop({number, Offset{partition.pending}}, records.error().message);
  const auto begin = partition.pending;
  for (const auto& record : *records) {
    if (partition.pending - begin >= commits_max) break;
    auto folded = fold_record({number, record.offset}, *record.bytes);
    if (!folded) {
      stop({number, record.offset}, folded.error().message);
      break;
    }
    results.push_back(std::move(*folded));
    ++partition.pending;
  }
  batch_.put(keys::next_offset(number), keys::u64(partition.pending));
}

std::expected<FoldedCommit, RecordError> Fold::fold_record(Position position, std::string_view record) {
  auto parsed = parse_record(record);
  if (!parsed) return std::unexpected(parsed.error());
  FoldedCommit folded{.position = position, .id = parsed->envelope.id, .time = parsed->envelope.time, .accepted = false, .answer = {}};
  if (!accepts(position.partition, parsed->envelope)) return folded;

  const auto key = keys_.find(parsed->envelope.key_owner);
  if (!key) {
    return std::unexpected(
        RecordError{fmt::format("the data key of {} is missing; restore the key store", parsed->envelope.key_owner)});
  }
  auto opened = open_record(std::move(*parsed), *key);
  if (!opened) return std::unexpected(opened.error());
  auto answer = target_.apply({position, std::move(*opened), *key}, batch_);
  if (!answer) return std::unexpected(answer.error());
  folded.accepted = true;
  folded.answer = std::move(*answer);
  return folded;
}

bool Fold::accepts(Partition partition, const CommitEnvelope& commit) {
  return std::ranges::all_of(commit.writes, [&](const StreamWrite& write) {
    return target_.version(partition, write.stream) == write.expected;
  });
}

bool Fold::behind() { return commits_behind() > 0; }

std::uint64_t Fold::commits_behind() {
  std::uint64_t behind = 0;
  for (std::uint16_t number = 0; number < partitions_.size(); ++number) {
    const auto& partition = *partitions_[number];
    if (partition.stopped) continue;
    behind += to_number(log_.end(Partition{number})) - partition.pending;
  }
  return behind;
}

Offset Fold::folded(Partition partition) const {
  return Offset{partitions_[to_number(partition)]->next.load(std::memory_order_acquire)};
}

std::vector<Offset> Fold::folded() const {
  std::vector<Offset> offsets;
  offsets.reserve(partitions_.size());
  for (const auto& partition : partitions_) offsets.push_back(Offset{partition->next.load(std::memory_order_acquire)});
  return offsets;
}

void Fold::stop(Position position, const std::string& what) {
  partitions_[to_number(position.partition)]->stopped = true;
  stopped_.push_back({position.partition, position.offset,
                      fmt::format("partition {} stands still at offset {}: {}", to_number(position.partition),
                                  to_number(position.offset), what)});
}

}  // namespace tenure
