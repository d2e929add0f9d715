#include "core/fold/fold.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/limits.h"
#include "core/store/keys.h"

namespace tenure {

FoldedThrough folded_through(const Store& store, Partition partition) {
  FoldedThrough through;
  const auto bytes = store.get(keys::next_offset(partition));
  if (!bytes) return through;
  keys::Reader row(*bytes);
  through.next = Offset{row.u64()};
  through.latest = row.time();
  through.genesis = row.id<CommitId>();
  std::ranges::copy(row.rest(), through.last_record.begin());
  return through;
}

std::vector<Offset> folded_offsets(const Store& store, std::uint16_t partitions) {
  std::vector<Offset> offsets;
  for (std::uint16_t number = 0; number < partitions; ++number)
    offsets.push_back(folded_through(store, Partition{number}).next);
  return offsets;
}

Fold::Fold(EventLog& log, Store& store, KeyStore& keys, FoldTarget& target, SentCommits* sent)
    : log_(log), store_(store), keys_(keys), target_(target), sent_(sent) {
  for (std::uint16_t number = 0; number < log.partitions(); ++number) {
    auto& partition = *partitions_.emplace_back(std::make_unique<PartitionState>());
    const auto through = folded_through(store, Partition{number});
    partition.pending = to_number(through.next);
    partition.next = partition.pending;
    partition.latest = through.latest;
    partition.genesis = through.genesis;
    partition.last_record = through.last_record;
    refuse_a_shorter_log(Partition{number});
  }
}

// What the store rests on must be in the log, or new records would be taken for old ones.
void Fold::refuse_a_shorter_log(Partition partition) {
  const auto folded = partitions_[to_number(partition)]->pending;
  const auto end = to_number(log_.end(partition));
  if (end >= folded) return;
  stop({partition, Offset{folded}},
       fmt::format("the log ends before it, at offset {}; restore the log, or delete the store", end), true);
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
  if (!records) return stop({number, Offset{partition.pending}}, records.error().message, true);
  const auto begin = partition.pending;
  const std::string* last = nullptr;
  partition.waits_for_key = false;
  for (const auto& record : *records) {
    if (partition.pending - begin >= commits_max) break;
    auto folded = fold_record({number, record.offset}, *record.bytes);
    if (!folded) {
      partition.waits_for_key = folded.error().yet;
      if (!folded.error().yet) stop({number, record.offset}, folded.error().error.message);
      break;
    }
    if (record.offset == Offset{0}) partition.genesis = folded->id;
    if (folded->accepted) partition.latest = std::max(partition.latest, folded->time);
    results.push_back(std::move(*folded));
    last = record.bytes.get();
    ++partition.pending;
  }
  if (last == nullptr) return;
  partition.last_record = crypto::sha256(*last);
  batch_.put(keys::next_offset(number), keys::Key('\0')
                                            .u64(partition.pending)
                                            .time(partition.latest)
                                            .id(partition.genesis)
                                            .rest(crypto::view(partition.last_record))
                                            .str()
                                            .substr(1));
}

std::expected<FoldedCommit, Fold::NotFolded> Fold::fold_record(Position position, std::string_view record) {
  auto own = sent_ == nullptr ? std::nullopt : sent_->take(record);
  auto parsed = own ? ParsedRecord{} : parse_record(record);
  if (!parsed) return std::unexpected(NotFolded{parsed.error()});
  const auto& envelope = own ? own->envelope : parsed->envelope;
  FoldedCommit folded{
      .position = position, .id = envelope.id, .time = envelope.time, .accepted = false, .answer = {}};
  if (auto checked = check_is_of_log(position, envelope); !checked)
    return std::unexpected(NotFolded{checked.error()});
  if (!accepts(position, envelope)) return folded;

  const auto key = keys_.find(envelope.key_owner);
  if (!key) {
    const auto& owner = envelope.key_owner;
    return std::unexpected(
        NotFolded{RecordError{fmt::format("the data key of {} is missing; restore the key store", owner)},
                  keys_.may_still_come(owner)});
  }
  auto commit = own ? std::move(*own) : open_record(std::move(*parsed), *key);
  if (!commit) return std::unexpected(NotFolded{commit.error()});
  auto answer = target_.apply({position, std::move(*commit), *key}, batch_);
  if (!answer) return std::unexpected(NotFolded{answer.error()});
  folded.accepted = true;
  folded.answer = std::move(*answer);
  return folded;
}

// Records of another log are where this one's would be when its topic was made anew under a running node.
std::expected<void, RecordError> Fold::check_is_of_log(Position position,
                                                       const CommitEnvelope& commit) const {
  const auto& genesis = partitions_[to_number(position.partition)]->genesis;
  if (commit.genesis.is_nil() || commit.genesis == genesis) return {};
  return std::unexpected(RecordError{fmt::format(
      "it was written for a log whose partition begins with commit {}, and this one begins with {}: one was "
      "made anew while a node still used the other. Bring back the log that belongs to the store, or start "
      "with an empty data directory on a new one",
      commit.genesis.str(), genesis.is_nil() ? "this record" : genesis.str())});
}

// A commit without a genesis expects the partition to be empty, as it is for its first record.
bool Fold::accepts(Position position, const CommitEnvelope& commit) {
  if (commit.genesis != partitions_[to_number(position.partition)]->genesis) return false;
  return std::ranges::all_of(commit.writes, [&](const StreamWrite& write) {
    return target_.version(position.partition, write.stream) == write.expected;
  });
}

bool Fold::behind() {
  for (std::uint16_t number = 0; number < log_.partitions(); ++number) {
    const auto& partition = *partitions_[number];
    if (partition.stopped || partition.waits_for_key) continue;
    if (to_number(log_.end(Partition{number})) > partition.pending) return true;
  }
  return false;
}

bool Fold::has_reached(const std::vector<Offset>& ends) const {
  for (std::size_t number = 0; number < partitions_.size(); ++number) {
    const auto& partition = *partitions_[number];
    if (!partition.stopped && Offset{partition.pending} < ends[number]) return false;
  }
  return true;
}

bool Fold::waits_for_key() const {
  return std::ranges::any_of(partitions_, [](const auto& partition) { return partition->waits_for_key; });
}

// The last record that was folded has to be where it was: then the log is the same one, and has lost nothing
// that counts here.
std::expected<void, std::string> Fold::check_store_is_of_log() {
  for (std::uint16_t number = 0; number < log_.partitions(); ++number) {
    const auto& partition = *partitions_[number];
    if (partition.pending == 0) continue;
    const Offset last{partition.pending - 1};
    const auto refuse = [&](std::string_view what) {
      return std::unexpected(fmt::format(
          "the store was not folded from this log: partition {} {} at offset {}. Bring back the log that "
          "belongs to it, or delete the store to fold this one",
          number, what, to_number(last)));
    };
    if (log_.end(Partition{number}) <= last) return refuse("has no record");
    const auto records = log_.read(Partition{number}, last, 1);
    if (!records) return std::unexpected(records.error().message);
    if (records->empty()) return refuse("does not answer");
    if (crypto::sha256(*records->front().bytes) != partition.last_record) return refuse("has another record");
  }
  return {};
}

std::uint64_t Fold::commits_behind() {
  std::uint64_t behind = 0;
  for (std::uint16_t number = 0; number < log_.partitions(); ++number) {
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
  for (const auto& partition : partitions_)
    offsets.push_back(Offset{partition->next.load(std::memory_order_acquire)});
  return offsets;
}

void Fold::stop(Position position, const std::string& what, bool log_is_damaged) {
  partitions_[to_number(position.partition)]->stopped = true;
  stopped_.push_back({position.partition, position.offset,
                      fmt::format("partition {} stands still at offset {}: {}", to_number(position.partition),
                                  to_number(position.offset), what),
                      log_is_damaged});
}

}  // namespace tenure
