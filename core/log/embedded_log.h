// The log in a directory of this machine: RocksDB, one key a record, one fsync for everything that waits.
//
// Files: `TENURE-LOG` says format, id and partitions in plain text and is written before any record; the rest
// is RocksDB's (core/log/log_database.h).
//
// Durable means: fsynced (fdatasync on the write-ahead log). When a write or its sync fails, the records in
// it are `unknown`, and the log takes no more appends until it is opened again: what the disk holds is only
// known then.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/log/event_log.h"

namespace tenure {

struct EmbeddedLogOptions {
  enum class Mode {
    read_write,  // exclusive; creates the log when the directory is missing or empty
    read_only,   // beside a running server or on a copy: what was in the log when it was opened; appends fail
  };

  std::filesystem::path directory;
  // Of a new log, the directory partition included: 1 to limits::partitions_max. An existing log must have as
  // many; nothing: as many as it has (then there must be one).
  std::optional<std::uint16_t> partitions;
  Mode mode = Mode::read_write;
};

// Refuses, and overwrites nothing: a directory in use, another partition count, a newer format, missing or
// damaged files. A last record that a crash cut short was never durable and is dropped.
[[nodiscard]] std::expected<std::unique_ptr<EventLog>, LogError> open_embedded_log(
    const EmbeddedLogOptions& options);

}  // namespace tenure
