#include "core/log/log_database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/limits.h"
#include "core/log/crc32c.h"
#include "core/log/log_stamp.h"
#include "core/log/wal_check.h"

namespace tenure {

namespace {

constexpr std::size_t write_buffer_bytes = 8U << 20U;
constexpr int write_buffers_max = 4;
constexpr std::size_t block_cache_bytes = 1U << 20U;
constexpr std::size_t block_bytes = 16U << 10U;
constexpr int open_files_max = 64;
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

}  // namespace

LogDatabase::Batch::Batch() : changes_(std::make_unique<rocksdb::WriteBatch>()) {}
LogDatabase::Batch::~Batch() = default;

void LogDatabase::Batch::add(Partition partition, Offset offset, std::string_view record) {
  const Key key = key_of(partition, offset);
  const auto crc = checksum({key.data(), key.size()}, record);
  const rocksdb::Slice key_parts[] = {slice(key)};
  const rocksdb::Slice value_parts[] = {{crc.data(), crc.size()}, {record.data(), record.size()}};
  (void)changes_->Put(rocksdb::SliceParts(key_parts, 1), rocksdb::SliceParts(value_parts, 2));
}

bool LogDatabase::Batch::empty() const { return changes_->Count() == 0; }

std::expected<std::unique_ptr<LogDatabase>, LogError> LogDatabase::open(const EmbeddedLogOptions& options) {
  std::unique_ptr<LogDatabase> database(new LogDatabase(options));
  if (auto opened = database->open(options.partitions); !opened) return std::unexpected(opened.error());
  return database;
}

LogDatabase::LogDatabase(const EmbeddedLogOptions& options)
    : directory_(options.directory), read_only_(options.mode == EmbeddedLogOptions::Mode::read_only) {}

LogDatabase::~LogDatabase() {
  // Failing changes nothing: the write-ahead log has it all.
  if (db_ && !read_only_ && !write_failed_) db_->Flush(rocksdb::FlushOptions()).PermitUncheckedError();
}

LogError LogDatabase::error(std::string_view what, std::string_view remedy) const {
  return {fmt::format("the log in {} {}: {}", directory_.string(), what, remedy)};
}

LogError LogDatabase::damage(std::string_view what) const {
  return error(fmt::format("is damaged ({})", what),
               "restore the directory from a backup; nothing was overwritten");
}

std::expected<void, LogError> LogDatabase::open(std::optional<std::uint16_t> partitions) {
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

std::expected<void, LogError> LogDatabase::open_stamp(std::optional<std::uint16_t> wanted) {
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
  ends_at_open_.resize((*found)->partitions);
  return {};
}

std::expected<void, LogError> LogDatabase::open_to_write() {
  const bool create = look_at_database(directory_) == DatabaseFiles::none;
  const auto checked = check_wal(directory_);
  if (!checked) return std::unexpected(damage(checked.error().message));
  // An open database always has one, and it may be the only place of the newest records.
  if (!create && checked->files.empty())
    return std::unexpected(damage("its write-ahead log, *.log, is missing"));
  return check_database(open_database(create), checked->last_sequence);
}

std::expected<void, LogError> LogDatabase::open_to_read() {
  std::expected<void, LogError> opened = std::unexpected(error("does not stand still", "try again"));
  for (int attempt = 0; attempt < read_only_open_attempts_max; ++attempt) {
    const auto before = check_wal(directory_);
    if (!before && before.error().vanished) continue;
    if (!before) return std::unexpected(damage(before.error().message));
    if (before->files.empty()) return std::unexpected(damage("its write-ahead log, *.log, is missing"));
    const auto status = open_database(/*create=*/false);
    opened = check_database(status, before->last_sequence);
    if (file_vanished(status)) continue;
    if (are_still_there(*before)) return opened;
    db_.reset();
    opened = std::unexpected(error("does not stand still", "try again"));
  }
  return opened;
}

rocksdb::Status LogDatabase::open_database(bool create) {
  rocksdb::Options options = database_options(read_only_);
  options.create_if_missing = create;
  rocksdb::DB* opened = nullptr;
  auto status = read_only_ ? rocksdb::DB::OpenForReadOnly(options, directory_.string(), &opened)
                           : rocksdb::DB::Open(options, directory_.string(), &opened);
  db_.reset(opened);
  return status;
}

std::expected<void, LogError> LogDatabase::check_database(const rocksdb::Status& status,
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

std::expected<void, LogError> LogDatabase::find_ends() {
  const std::unique_ptr<rocksdb::Iterator> records(db_->NewIterator(rocksdb::ReadOptions()));
  for (std::size_t number = 0; number < ends_at_open_.size(); ++number) {
    const Partition partition{static_cast<std::uint16_t>(number)};
    const Key prefix = key_of(partition, Offset{});
    const auto here = [&] {
      return records->Valid() && records->key().size() == prefix.size() &&
             records->key().starts_with({prefix.data(), 2});
    };
    records->SeekForPrev(slice(key_of(partition, Offset{UINT64_MAX})));
    if (here()) ends_at_open_[number] = to_number(offset_of(records->key())) + 1;
    std::uint64_t expected = ends_at_open_[number];
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
  }
  return {};
}

std::expected<LogRecord, LogError> LogDatabase::decode(Partition partition, Offset expected,
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

std::expected<void, LogError> LogDatabase::write(Batch& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, batch.changes_.get());
  if (status.ok()) return {};
  write_failed_ = true;
  return std::unexpected(error(fmt::format("could not be written ({})", status.ToString()),
                               "free space or mend the disk, and start again"));
}

std::expected<std::vector<LogRecord>, LogError> LogDatabase::read(Partition partition, Offset from,
                                                                  Offset end, std::size_t bytes_max) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = scan_readahead_bytes;
  const Key limit = key_of(partition, end);
  const rocksdb::Slice upper = slice(limit);
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> records(db_->NewIterator(options));
  std::vector<LogRecord> found;
  std::size_t bytes = 0;
  Offset expected = from;
  for (records->Seek(slice(key_of(partition, from))); records->Valid() && expected < end; records->Next()) {
    bytes += records->value().size() - std::min(crc_bytes, records->value().size());
    if (!found.empty() && bytes > bytes_max) return found;
    auto record = decode(partition, expected, *records);
    if (!record) return std::unexpected(std::move(record).error());
    found.push_back(std::move(*record));
    expected = next(expected);
  }
  if (expected < end) {
    const std::string why = records->status().ok() ? "is missing" : records->status().ToString();
    return std::unexpected(
        damage(fmt::format("partition {}, offset {}: {}", to_number(partition), to_number(expected), why)));
  }
  return found;
}

}  // namespace tenure
