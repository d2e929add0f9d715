#include "core/log/embedded_log.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/limits.h"
#include "core/log/crc32c.h"
#include "core/log/log_stamp.h"
#include "core/log/log_tail.h"
#include "core/log/wal_check.h"
#include "core/store/database_directory.h"

namespace tenure {

namespace {

constexpr std::size_t write_buffer_bytes = 8U << 20U;
constexpr int write_buffers_max = 4;
constexpr std::size_t block_cache_bytes = 1U << 20U;
constexpr std::size_t block_bytes = 16U << 10U;
constexpr int open_files_max = 64;
constexpr std::size_t tail_bytes_max = 4U << 20U;
constexpr std::size_t batch_bytes_max = 8U << 20U;
constexpr std::size_t queue_bytes_max = 128U << 20U;
constexpr std::size_t scan_readahead_bytes = 256U << 10U;
constexpr std::uint64_t records_checked_at_open = 64;  // of each partition, at its end

constexpr std::size_t crc_bytes = 4;
using Key = std::array<char, 10>;

Key key_of(Partition partition, Offset offset) {
  Key key{};
  key[0] = static_cast<char>(to_number(partition) >> 8U);
  key[1] = static_cast<char>(to_number(partition));
  for (std::size_t byte = 0; byte < 8; ++byte)
    key[2 + byte] = static_cast<char>(to_number(offset) >> (56U - 8U * byte));
  return key;
}
rocksdb::Slice slice(const Key& key) { return {key.data(), key.size()}; }

Offset offset_of(const rocksdb::Slice& key) {
  std::uint64_t offset = 0;
  for (std::size_t byte = 2; byte < key.size(); ++byte)
    offset = offset << 8U | static_cast<unsigned char>(key[byte]);
  return Offset{offset};
}

std::array<char, crc_bytes> checksum(std::string_view key, std::string_view record) {
  const std::uint32_t crc = crc32c(record, crc32c(key));
  return {static_cast<char>(crc >> 24U), static_cast<char>(crc >> 16U), static_cast<char>(crc >> 8U),
          static_cast<char>(crc)};
}

rocksdb::Options database_options(bool read_only) {
  rocksdb::Options options;
  options.info_log = silent_logger();
  options.write_buffer_size = write_buffer_bytes;
  options.max_write_buffer_number = write_buffers_max;
  // A reader's files may be deleted by the process that writes: it holds all of them open instead.
  options.max_open_files = read_only ? -1 : open_files_max;
  options.max_background_jobs = 2;
  options.compression = rocksdb::kNoCompression;  // records are sealed: nothing to gain
  options.target_file_size_base = 64U << 20U;
  // Keys only grow, so files of later levels are never rewritten and stalls would protect nothing.
  options.level0_file_num_compaction_trigger = 32;
  options.max_bytes_for_level_base = 512U << 20U;
  options.level0_slowdown_writes_trigger = 64;
  options.level0_stop_writes_trigger = 128;
  // check_wal has told damage from a torn tail; this stops at the tail and at nothing before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = true;
  options.allow_concurrent_memtable_write = false;  // one thread writes
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.bytes_per_sync = 1U << 20U;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes, /*num_shard_bits=*/0);
  table.block_size = block_bytes;
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class EmbeddedLog final : public EventLog {
 public:
  explicit EmbeddedLog(const EmbeddedLogOptions& options)
      : directory_(options.directory), read_only_(options.mode == EmbeddedLogOptions::Mode::read_only) {}
  ~EmbeddedLog() override;

  // In this order, once, before anything else.
  [[nodiscard]] std::expected<void, LogError> open(std::optional<std::uint16_t> partitions);
  void start();

  [[nodiscard]] std::uint16_t partitions() const override { return partitions_; }
  void append(Partition partition, std::string record, Appended done) override;
  [[nodiscard]] std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                                     std::size_t bytes_max) override;
  [[nodiscard]] Offset end(Partition partition) override {
    return Offset{ends_.at(to_number(partition)).load(std::memory_order_acquire)};
  }
  [[nodiscard]] bool wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) override;
  void watch(std::function<void()> advanced) override;

 private:
  struct Queued {
    Partition partition;
    std::shared_ptr<const std::string> record;  // null when refused
    Appended done;
    std::string refusal;
    Offset offset{};
    Queued* next = nullptr;
  };

  [[nodiscard]] LogError error(std::string_view what, std::string_view remedy) const {
    return {fmt::format("the log in {} {}: {}", directory_.string(), what, remedy)};
  }
  [[nodiscard]] LogError damage(std::string_view what) const {
    return error(fmt::format("is damaged ({})", what),
                 "restore the directory from a backup; nothing was overwritten");
  }
  [[nodiscard]] std::expected<void, LogError> open_stamp(std::optional<std::uint16_t> wanted);
  [[nodiscard]] std::expected<void, LogError> open_to_write();
  [[nodiscard]] std::expected<void, LogError> open_to_read();
  rocksdb::Status open_database(bool create);
  // That it is open, and has everything that its write-ahead log had.
  [[nodiscard]] std::expected<void, LogError> check_database(const rocksdb::Status& status,
                                                             std::uint64_t last_sequence) const;
  [[nodiscard]] std::expected<void, LogError> find_ends();
  [[nodiscard]] std::expected<LogRecord, LogError> decode(Partition partition, Offset expected,
                                                          const rocksdb::Iterator& at) const;

  void run();
  [[nodiscard]] std::vector<Queued*> take_queue();
  void commit(const std::vector<Queued*>& appends);
  void write_batch(std::vector<Queued*>& batch);
  void publish(const std::vector<Queued*>& batch);
  static void answer(std::unique_ptr<Queued> queued, AppendStatus status, std::string detail);
  void tell_watcher();

  const std::filesystem::path directory_;
  const bool read_only_;
  std::uint16_t partitions_ = 0;
  std::optional<DirectoryLock> lock_;  // goes after the database
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<LogTail> tail_;

  // Written by the writer only. Every record below is durable and readable.
  std::vector<std::atomic<std::uint64_t>> ends_;

  // Newest first; callers push, the writer takes all of it at once.
  std::atomic<Queued*> queue_{nullptr};
  std::atomic<std::size_t> queue_bytes_{0};
  std::atomic<std::uint32_t> work_{0};  // bumped when the queue stops being empty, or at the end
  std::atomic<bool> stopping_{false};

  // Owned by the writer.
  std::thread writer_;
  std::vector<std::uint64_t> next_offsets_;
  std::string broken_;  // why no append is taken any more
  bool write_failed_ = false;

  std::atomic<int> waiting_{0};
  std::mutex wait_mutex_;
  std::condition_variable advanced_;

  std::mutex watcher_mutex_;
  std::function<void()> watcher_;
};

EmbeddedLog::~EmbeddedLog() {
  if (writer_.joinable()) {
    stopping_.store(true);
    work_.fetch_add(1);
    work_.notify_one();
    writer_.join();
  }
  // The next start has nothing to replay then. Failing changes nothing: the write-ahead log has it all.
  if (db_ && !read_only_ && !write_failed_) db_->Flush(rocksdb::FlushOptions()).PermitUncheckedError();
}

std::expected<void, LogError> EmbeddedLog::open(std::optional<std::uint16_t> partitions) {
  if (partitions && (*partitions == 0 || *partitions > limits::partitions_max)) {
    return std::unexpected(error(fmt::format("cannot have {} partitions", *partitions),
                                 fmt::format("choose 1 to {}", limits::partitions_max)));
  }
  std::error_code ignored;
  if (read_only_ && !std::filesystem::is_directory(directory_, ignored)) {
    return std::unexpected(error("does not exist", "check the directory's name"));
  }
  if (!read_only_) {
    if (auto created = create_directory_durably(directory_); !created) {
      return std::unexpected(LogError{created.error() + ": grant access or choose another directory"});
    }
    auto lock = DirectoryLock::take(directory_);
    if (!lock)
      return std::unexpected(LogError{lock.error() + ": stop that process or choose another directory"});
    lock_.emplace(std::move(*lock));
  }
  if (auto stamped = open_stamp(partitions); !stamped) return stamped;
  if (auto opened = read_only_ ? open_to_read() : open_to_write(); !opened) return opened;
  return find_ends();
}

std::expected<void, LogError> EmbeddedLog::open_stamp(std::optional<std::uint16_t> wanted) {
  auto found = read_log_stamp(directory_);
  if (!found) return std::unexpected(LogError{found.error()});
  const DatabaseFiles files = look_at_database(directory_);
  if (files == DatabaseFiles::damaged)
    return std::unexpected(damage("files that make it a database are missing"));
  if (!*found) {
    if (files == DatabaseFiles::present) return std::unexpected(damage("file TENURE-LOG is missing"));
    if (read_only_) return std::unexpected(error("does not exist", "check the directory's name"));
    if (!wanted) return std::unexpected(error("is new", "say how many partitions it shall have"));
    auto created = create_log_stamp(directory_, *wanted);
    if (!created) return std::unexpected(LogError{created.error()});
    *found = *created;
  }
  if (wanted && *wanted != (*found)->partitions) {
    return std::unexpected(
        error(fmt::format("has {} partitions and {} are asked for, but their number is fixed for ever",
                          (*found)->partitions, *wanted),
              fmt::format("start with {} partitions; nothing was changed", (*found)->partitions)));
  }
  partitions_ = (*found)->partitions;
  return {};
}

std::expected<void, LogError> EmbeddedLog::open_to_write() {
  const bool create = look_at_database(directory_) == DatabaseFiles::none;
  const auto checked = check_wal(directory_);
  if (!checked) return std::unexpected(damage(checked.error().message));
  // An open database always has one, and it may be the only place of the newest records.
  if (!create && checked->files.empty())
    return std::unexpected(damage("its write-ahead log, *.log, is missing"));
  return check_database(open_database(create), checked->last_sequence);
}

// The process that writes may flush and delete a write-ahead log between RocksDB's look at the manifest and
// its look at the files, which would leave a hole. They are deleted in the order of their numbers, so there
// is none when all that were there before are there afterwards; new ones do no harm.
std::expected<void, LogError> EmbeddedLog::open_to_read() {
  std::expected<void, LogError> opened = std::unexpected(error("does not stand still", "try again"));
  for (int attempt = 0; attempt < read_only_open_attempts_max; ++attempt) {
    const auto before = check_wal(directory_);
    if (!before && before.error().vanished) continue;
    if (!before) return std::unexpected(damage(before.error().message));
    if (before->files.empty()) return std::unexpected(damage("its write-ahead log, *.log, is missing"));
    const auto status = open_database(/*create=*/false);
    opened = check_database(status, before->last_sequence);
    if (file_vanished(status)) continue;
    std::error_code ignored;
    if (std::ranges::all_of(before->files,
                            [&](const auto& file) { return std::filesystem::exists(file, ignored); })) {
      return opened;
    }
    db_.reset();
    opened = std::unexpected(error("does not stand still", "try again"));
  }
  return opened;
}

rocksdb::Status EmbeddedLog::open_database(bool create) {
  rocksdb::Options options = database_options(read_only_);
  options.create_if_missing = create;
  rocksdb::DB* opened = nullptr;
  auto status = read_only_ ? rocksdb::DB::OpenForReadOnly(options, directory_.string(), &opened)
                           : rocksdb::DB::Open(options, directory_.string(), &opened);
  db_.reset(opened);
  return status;
}

std::expected<void, LogError> EmbeddedLog::check_database(const rocksdb::Status& status,
                                                          std::uint64_t last_sequence) const {
  if (status.IsNoSpace()) {
    return std::unexpected(
        error(fmt::format("cannot be opened ({})", status.ToString()), "free space and start again"));
  }
  if (!status.ok()) return std::unexpected(damage(status.ToString()));
  if (db_->GetLatestSequenceNumber() < last_sequence) {
    return std::unexpected(damage(fmt::format("batches {} to {} of its write-ahead log were not recovered",
                                              db_->GetLatestSequenceNumber() + 1, last_sequence)));
  }
  return {};
}

std::expected<void, LogError> EmbeddedLog::find_ends() {
  ends_ = std::vector<std::atomic<std::uint64_t>>(partitions_);
  next_offsets_.resize(partitions_);
  tail_ = std::make_unique<LogTail>(partitions_, tail_bytes_max);
  const std::unique_ptr<rocksdb::Iterator> records(db_->NewIterator(rocksdb::ReadOptions()));
  for (std::uint16_t number = 0; number < partitions_; ++number) {
    const Partition partition{number};
    const Key prefix = key_of(partition, Offset{});
    const auto here = [&] {
      return records->Valid() && records->key().size() == prefix.size() &&
             records->key().starts_with({prefix.data(), 2});
    };
    records->SeekForPrev(slice(key_of(partition, Offset{UINT64_MAX})));
    if (here()) next_offsets_[number] = to_number(offset_of(records->key())) + 1;
    std::uint64_t expected = next_offsets_[number];
    for (std::uint64_t checked = 0; checked < records_checked_at_open && expected > 0; ++checked) {
      --expected;
      if (!records->status().ok()) return std::unexpected(damage(records->status().ToString()));
      if (!here()) {
        return std::unexpected(damage(fmt::format("partition {}, offset {} is missing", number, expected)));
      }
      if (auto record = decode(partition, Offset{expected}, *records); !record)
        return std::unexpected(record.error());
      records->Prev();
    }
    if (!records->status().ok()) return std::unexpected(damage(records->status().ToString()));
    ends_[number].store(next_offsets_[number], std::memory_order_release);
  }
  return {};
}

void EmbeddedLog::start() {
  if (read_only_) broken_ = "the log was opened to read only";
  writer_ = std::thread([this] { run(); });
}

std::expected<LogRecord, LogError> EmbeddedLog::decode(Partition partition, Offset expected,
                                                       const rocksdb::Iterator& at) const {
  const auto bad = [&](std::string_view what) {
    return std::unexpected(
        damage(fmt::format("partition {}, offset {} {}", to_number(partition), to_number(expected), what)));
  };
  if (offset_of(at.key()) != expected) return bad("is missing");
  const std::string_view value{at.value().data(), at.value().size()};
  if (value.size() < crc_bytes) return bad("has no checksum");
  const std::string_view record = value.substr(crc_bytes);
  const auto crc = checksum({at.key().data(), at.key().size()}, record);
  if (std::memcmp(crc.data(), value.data(), crc_bytes) != 0) return bad("has a wrong checksum");
  return LogRecord{expected, std::make_shared<const std::string>(record)};
}

std::expected<std::vector<LogRecord>, LogError> EmbeddedLog::read(Partition partition, Offset from,
                                                                  std::size_t bytes_max) {
  const Offset end_now = end(partition);
  if (from >= end_now) return std::vector<LogRecord>{};
  if (auto recent = tail_->read(partition, from, end_now, bytes_max)) return std::move(*recent);

  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = scan_readahead_bytes;
  const Key limit = key_of(partition, end_now);
  const rocksdb::Slice upper = slice(limit);
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> records(db_->NewIterator(options));
  std::vector<LogRecord> found;
  std::size_t bytes = 0;
  Offset expected = from;
  for (records->Seek(slice(key_of(partition, from))); records->Valid() && expected < end_now;
       records->Next()) {
    bytes += records->value().size() - std::min(crc_bytes, records->value().size());
    if (!found.empty() && bytes > bytes_max) return found;
    auto record = decode(partition, expected, *records);
    if (!record) return std::unexpected(std::move(record).error());
    found.push_back(std::move(*record));
    expected = next(expected);
  }
  if (expected < end_now) {
    const std::string why = records->status().ok() ? "is missing" : records->status().ToString();
    return std::unexpected(
        damage(fmt::format("partition {}, offset {}: {}", to_number(partition), to_number(expected), why)));
  }
  return found;
}

bool EmbeddedLog::wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) {
  if (end(partition) > offset) return true;
  // Counted before the end is looked at again, so that `publish` either sees the count or we see the new end.
  waiting_.fetch_add(1);
  std::unique_lock lock(wait_mutex_);
  const bool there = advanced_.wait_for(
      lock, timeout, [&] { return ends_[to_number(partition)].load() > to_number(offset); });
  waiting_.fetch_sub(1);
  return there;
}

void EmbeddedLog::watch(std::function<void()> advanced) {
  const std::lock_guard lock(watcher_mutex_);
  watcher_ = std::move(advanced);
}

void EmbeddedLog::tell_watcher() {
  const std::lock_guard lock(watcher_mutex_);
  if (watcher_) watcher_();
}

void EmbeddedLog::append(Partition partition, std::string record, Appended done) {
  auto queued = std::make_unique<Queued>(Queued{partition, nullptr, std::move(done), {}});
  const std::size_t bytes = record.size();
  if (to_number(partition) >= partitions_) {
    queued->refusal = fmt::format("there is no partition {}", to_number(partition));
  } else if (bytes > limits::log_record_bytes_max) {
    queued->refusal =
        fmt::format("a record of {} bytes is larger than {}", bytes, limits::log_record_bytes_max);
  } else if (queue_bytes_.fetch_add(bytes, std::memory_order_relaxed) > queue_bytes_max) {
    queue_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    queued->refusal = "too much waits to be written: append again later";
  } else {
    queued->record = std::make_shared<const std::string>(std::move(record));
  }
  Queued* const added = queued.release();
  Queued* newest = queue_.load(std::memory_order_relaxed);
  do {
    added->next = newest;
  } while (
      !queue_.compare_exchange_weak(newest, added, std::memory_order_release, std::memory_order_relaxed));
  const bool was_empty = newest == nullptr;
  // The writer sleeps on an empty queue only, so whoever fills it wakes it. (`added` may be gone by now.)
  if (was_empty) {
    work_.fetch_add(1);
    work_.notify_one();
  }
}

void EmbeddedLog::run() {
  for (;;) {
    const std::uint32_t seen = work_.load();
    const std::vector<Queued*> appends = take_queue();
    if (!appends.empty()) {
      commit(appends);
    } else if (stopping_.load()) {
      return;
    } else {
      work_.wait(seen);
    }
  }
}

std::vector<EmbeddedLog::Queued*> EmbeddedLog::take_queue() {
  std::vector<Queued*> appends;
  for (Queued* queued = queue_.exchange(nullptr, std::memory_order_acquire); queued != nullptr;
       queued = queued->next) {
    appends.push_back(queued);
  }
  return {appends.rbegin(), appends.rend()};
}

void EmbeddedLog::commit(const std::vector<Queued*>& appends) {
  std::vector<Queued*> batch;
  std::size_t bytes = 0;
  for (Queued* queued : appends) {
    // Refusals keep their place among the answers of their caller.
    if (queued->record) bytes += queued->record->size();
    batch.push_back(queued);
    if (bytes >= batch_bytes_max) {
      write_batch(batch);
      bytes = 0;
    }
  }
  write_batch(batch);
}

void EmbeddedLog::write_batch(std::vector<Queued*>& batch) {
  rocksdb::WriteBatch changes;
  std::size_t bytes = 0;
  if (stopping_.load() && broken_.empty()) broken_ = "the log is being closed";
  for (Queued* queued : batch) {
    if (!queued->record || !broken_.empty()) continue;
    queued->offset = Offset{next_offsets_[to_number(queued->partition)]++};
    const Key key = key_of(queued->partition, queued->offset);
    const auto crc = checksum({key.data(), key.size()}, *queued->record);
    const rocksdb::Slice key_parts[] = {slice(key)};
    const rocksdb::Slice value_parts[] = {{crc.data(), crc.size()}, *queued->record};
    (void)changes.Put(rocksdb::SliceParts(key_parts, 1), rocksdb::SliceParts(value_parts, 2));
  }
  for (const Queued* queued : batch) bytes += queued->record ? queued->record->size() : 0;
  queue_bytes_.fetch_sub(bytes, std::memory_order_relaxed);

  const bool refused = !broken_.empty();
  std::string failure;
  if (!refused && changes.Count() > 0) {
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status = db_->Write(options, &changes);
    if (status.ok()) {
      publish(batch);
    } else {
      failure =
          fmt::format("the log in {} could not be written ({}): free space or mend the disk, and start again",
                      directory_.string(), status.ToString());
      broken_ = failure;
      write_failed_ = true;
    }
  }
  for (Queued* raw : batch) {
    std::unique_ptr<Queued> queued(raw);
    if (!queued->record) {
      std::string why = std::move(queued->refusal);
      answer(std::move(queued), AppendStatus::failed, std::move(why));
    } else if (refused) {
      answer(std::move(queued), AppendStatus::failed, broken_);
    } else {
      answer(std::move(queued), failure.empty() ? AppendStatus::durable : AppendStatus::unknown, failure);
    }
  }
  if (!refused && failure.empty() && changes.Count() > 0) tell_watcher();
  batch.clear();
}

void EmbeddedLog::publish(const std::vector<Queued*>& batch) {
  std::vector<LogTail::Appended> records;
  records.reserve(batch.size());
  for (const Queued* queued : batch) {
    if (queued->record) records.push_back({queued->partition, {queued->offset, queued->record}});
  }
  tail_->add(records);
  for (const LogTail::Appended& added : records) {
    ends_[to_number(added.partition)].store(to_number(added.record.offset) + 1);
  }
  if (waiting_.load() > 0) {
    { const std::lock_guard lock(wait_mutex_); }
    advanced_.notify_all();
  }
}

void EmbeddedLog::answer(std::unique_ptr<Queued> queued, AppendStatus status, std::string detail) {
  if (queued->done) queued->done(AppendResult{status, queued->offset, std::move(detail)});
}

}  // namespace

std::expected<std::unique_ptr<EventLog>, LogError> open_embedded_log(const EmbeddedLogOptions& options) {
  auto log = std::make_unique<EmbeddedLog>(options);
  if (auto opened = log->open(options.partitions); !opened) return std::unexpected(std::move(opened).error());
  log->start();
  return log;
}

}  // namespace tenure
