#include "core/store/database_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/status.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace tenure {

namespace {

class SilentLogger final : public rocksdb::Logger {
 public:
  SilentLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

std::expected<DirectoryLock, std::string> DirectoryLock::take(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return std::unexpected(
        fmt::format("the directory {} cannot be opened: {}", directory.string(), reason(errno)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(descriptor);
    if (error == EWOULDBLOCK) {
      return std::unexpected(
          fmt::format("the directory {} is in use by another process", directory.string()));
    }
    return std::unexpected(
        fmt::format("the directory {} cannot be locked: {}", directory.string(), reason(error)));
  }
  return DirectoryLock(descriptor);
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

DatabaseFiles look_at_database(const std::filesystem::path& directory) {
  bool current = false;
  bool manifest = false;
  bool data = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    const std::string extension = entry.path().extension().string();
    if (name == "CURRENT") current = true;
    if (name.starts_with("MANIFEST-")) manifest = true;
    if (extension == ".sst" || extension == ".log") data = true;
  }
  if (current && manifest) return DatabaseFiles::present;
  // A creation that was cut short leaves at most a first manifest, which is written before CURRENT and before
  // any file with data.
  return current || data ? DatabaseFiles::damaged : DatabaseFiles::none;
}

std::expected<void, std::string> sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) {
    return std::unexpected(
        fmt::format("the directory {} cannot be synced: {}", directory.string(), reason(error)));
  }
  return {};
}

std::expected<void, std::string> create_directory_durably(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return {};
  const std::filesystem::path whole = std::filesystem::absolute(directory).lexically_normal();
  const std::filesystem::path path = whole.has_filename() ? whole : whole.parent_path();
  if (auto parent = create_directory_durably(path.parent_path()); !parent) return parent;
  std::filesystem::create_directory(path, error);
  if (error) {
    return std::unexpected(
        fmt::format("the directory {} cannot be created: {}", path.string(), error.message()));
  }
  return sync_directory(path.parent_path());
}

// RocksDB tells of it as a corruption or as an I/O error, by where it noticed, with the system's words in it.
bool file_vanished(const rocksdb::Status& status) {
  return !status.ok() && (status.IsPathNotFound() || status.ToString().contains("No such file or directory"));
}

std::shared_ptr<rocksdb::Logger> silent_logger() { return std::make_shared<SilentLogger>(); }

}  // namespace tenure
