// The database of an embedded log: RocksDB in a directory, one key a record.
//
// A key is partition (2 bytes, big-endian) || offset (8 bytes, big-endian); a value is the CRC-32C (4 bytes,
// big-endian) of key and record || record.
//
// Threads: one writes; any thread may read meanwhile.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/embedded_log.h"
#include "core/store/database_directory.h"

namespace rocksdb {
class DB;
class Iterator;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace tenure {

class LogDatabase {
 public:
  // Records that become durable together.
  class Batch {
   public:
    Batch();
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    void add(Partition partition, Offset offset, std::string_view record);
    [[nodiscard]] bool empty() const;

   private:
    friend class LogDatabase;
    std::unique_ptr<rocksdb::WriteBatch> changes_;
  };

  // Refuses, and overwrites nothing, what `open_embedded_log` refuses.
  [[nodiscard]] static std::expected<std::unique_ptr<LogDatabase>, LogError> open(
      const EmbeddedLogOptions& options);
  // Flushes, so that the next start has nothing to replay.
  ~LogDatabase();
  LogDatabase(const LogDatabase&) = delete;
  LogDatabase& operator=(const LogDatabase&) = delete;

  // By partition, the offset after the last record that was there when it was opened.
  [[nodiscard]] const std::vector<std::uint64_t>& ends_at_open() const { return ends_at_open_; }

  // Fsynced when it returns. After an error it is unknown what the disk holds: nothing more may be written.
  [[nodiscard]] std::expected<void, LogError> write(Batch& batch);

  // The records from `from`, which exists, up to `end`: at least one, at most about `bytes_max` bytes.
  [[nodiscard]] std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                                     Offset end, std::size_t bytes_max);

 private:
  explicit LogDatabase(const EmbeddedLogOptions& options);

  [[nodiscard]] std::expected<void, LogError> open(std::optional<std::uint16_t> partitions);
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
  [[nodiscard]] LogError error(std::string_view what, std::string_view remedy) const;
  [[nodiscard]] LogError damage(std::string_view what) const;

  const std::filesystem::path directory_;
  const bool read_only_;
  std::optional<DirectoryLock> lock_;  // goes after the database
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<std::uint64_t> ends_at_open_;
  bool write_failed_ = false;
};

}  // namespace tenure
