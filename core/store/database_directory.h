// What the log and the store share about a RocksDB directory: is it new, complete, ours alone?
//
// Threads: free functions may be called from any thread.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <string>

namespace rocksdb {
class Logger;
class Status;
}  // namespace rocksdb

namespace tenure {

// Exclusive use of a directory by this object, until it goes or the process dies (flock on the directory
// itself, so nothing is written). RocksDB locks too, but only after it has begun to look at the files.
class DirectoryLock {
 public:
  // An error is a sentence without a remedy: whoever opens knows that.
  [[nodiscard]] static std::expected<DirectoryLock, std::string> take(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

enum class DatabaseFiles {
  none,     // no database was ever completed here: one may be created
  present,  // opens, unless it is damaged inside
  damaged,  // files of a database without the ones that make it one: creating would hide what is left
};
// Looks at file names only.
[[nodiscard]] DatabaseFiles look_at_database(const std::filesystem::path& directory);

// Creates the directory and its parents, each made durable in its parent.
[[nodiscard]] std::expected<void, std::string> create_directory_durably(
    const std::filesystem::path& directory);
[[nodiscard]] std::expected<void, std::string> sync_directory(const std::filesystem::path& directory);

// A reader beside a running server may find that a file which another one names was replaced meanwhile, so it
// looks again, at most this often. In a damaged database the file stays away.
inline constexpr int read_only_open_attempts_max = 100;
[[nodiscard]] bool file_vanished(const rocksdb::Status& status);

// Drops everything: RocksDB's own LOG file prints keys, which an erasure could not take back.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> silent_logger();

}  // namespace tenure
