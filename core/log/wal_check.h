// Reads RocksDB's write-ahead log files before RocksDB does, to tell a torn tail from damage.
//
// RocksDB's own recovery modes cannot: the tolerant ones silently drop everything behind a broken length or a
// zeroed sector near the end, acknowledged records included, and the strict ones refuse what a power loss
// leaves behind. What is known here and not there: one thread writes, each batch is synced before the next
// one is begun, and a file is never reused. So
//   - only the very last batch may be broken by a crash: nothing that begins a batch (a FULL or FIRST record
//     with a right checksum) may follow a broken place in its file;
//   - the sequence numbers of the batches run on without a gap within a file, and grow from file to file.
//     Between files there may be a gap: those whose records are in tables are deleted the newest first, so an
//     older one may outlive them. That none is missing which is needed, RocksDB knows from its manifest;
//   - a part of the last batch that never reached the disk is missing or reads as zeros, because a sector of
//     a new file does; other bytes are not what a crash leaves.
// What remains undetectable: damage that shortens the last batch alone in the way a crash would, and a newest
// file that is gone while an older one is there.
//
// Format: https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format (blocks of 32 KiB; a record is
// a masked CRC-32C, 4 bytes; length, 2 bytes; type, 1 byte; all little-endian; a batch is a sequence number,
// 8 bytes, a count, 4 bytes, and its changes).
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace tenure {

struct WalSummary {
  std::vector<std::filesystem::path> files;  // in the order of their numbers
  std::uint64_t last_sequence = 0;           // of the last whole batch; 0 when there is none
};

struct WalDamage {
  std::string message;    // names file and position, without the remedy
  bool vanished = false;  // a file went away while it was read: look again
};

// Changes nothing.
[[nodiscard]] std::expected<WalSummary, WalDamage> check_wal(const std::filesystem::path& directory);

// For a reader beside the process that writes, which may flush and delete a write-ahead log between RocksDB's
// look at the manifest and its look at the files: that would leave a hole. There is none when all that were
// there before RocksDB opened are there afterwards; new ones do no harm.
[[nodiscard]] bool are_still_there(const WalSummary& before);

}  // namespace tenure
