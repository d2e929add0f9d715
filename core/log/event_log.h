// The contract of the log: the only coordinator of the system.
//
// A log has a fixed number of partitions; each is an ordered, gapless sequence of opaque records at
// offsets 0, 1, 2, ... A record, once readable, never changes and never disappears. What a record means,
// and whether the commit in it counts, is the fold's business: the log knows neither streams nor versions.
//
// Two implementations keep this contract: `open_embedded_log` (RocksDB in a directory that one process
// locks) and `open_kafka_log` (a topic; any number of processes). tests/contract/ holds the one suite that
// both pass.
//
// Threads: every method may be called from any thread. Callbacks run on a thread of the log's own (in the
// order of the offsets of a partition) and must return quickly and never call back into the log.
// Lifetime: no callback runs after the destructor has returned; appends still queued then are answered
// with `AppendStatus::failed`.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/log/position.h"

namespace tenure {

// One record as read back. `bytes` shares the memory of the batch it was read with.
struct LogRecord {
  Offset offset;
  std::shared_ptr<const std::string> bytes;
};

enum class AppendStatus {
  durable,  // stored at `AppendResult::offset` and will be read back there by every reader
  failed,   // certainly not in the log and will never be: the append may be repeated
  unknown,  // may or may not be, or become, part of the log: read it to find out
};

struct AppendResult {
  AppendStatus status;
  Offset offset;       // meaningful when durable
  std::string detail;  // for people, when not durable
};

// Why the log cannot be opened or read: one sentence that names the file or topic, the position and the
// remedy.
struct LogError {
  std::string message;
  bool may_pass = false;  // nobody answers: the same call may succeed later
};

// What a log knows of itself, a second or two old.
struct LogStatus {
  bool available = true;             // what it is stored on answers
  std::string trouble;               // for people, when not available
  std::uint64_t records_behind = 0;  // stored by anyone and not readable here yet
  // Since everything stored was last known to be readable here. Small when the log is idle, grows when it is
  // dead.
  std::chrono::milliseconds behind_for{0};
};

class EventLog {
 public:
  using Appended = std::function<void(const AppendResult&)>;

  virtual ~EventLog() = default;

  // Partitions of this log, the directory (0) included. Constant.
  [[nodiscard]] virtual std::uint16_t partitions() const = 0;

  // Queues one record. Appends of one caller to one partition become readable in the order of the calls,
  // unless one of them fails. `done` is called exactly once. Records larger than
  // `limits::log_record_bytes_max` fail.
  virtual void append(Partition partition, std::string record, Appended done) = 0;

  // Reads from `from` onwards, in order and without gaps: at least one record if there is one, at most
  // about `bytes_max` bytes. Empty at the end, and when nobody answers for a while: ask again. A damaged
  // record is an error that names its place.
  [[nodiscard]] virtual std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                                             std::size_t bytes_max) = 0;

  // The offset that the next record of the partition will have; every record below it is durable.
  [[nodiscard]] virtual Offset end(Partition partition) = 0;
  // Of each partition, in their order.
  [[nodiscard]] std::vector<Offset> ends() {
    std::vector<Offset> all;
    for (std::uint16_t number = 0; number < partitions(); ++number) all.push_back(end(Partition{number}));
    return all;
  }

  // Blocks until end(partition) > offset or the timeout has passed; true if it is.
  [[nodiscard]] virtual bool wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) = 0;

  // Calls `advanced` after the end of any partition has moved (coalesced: one call may stand for many
  // records). One watcher at a time; an empty function ends watching, and returns only when no call is
  // running.
  virtual void watch(std::function<void()> advanced) = 0;

  [[nodiscard]] virtual LogStatus status() { return {}; }
};

}  // namespace tenure
