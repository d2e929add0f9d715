// The files of a backup: what it says of itself, and how a directory appears whole or not at all.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "core/log/position.h"

namespace tenure::cli {

// In the file TENURE-BACKUP: a line of JSON, and a line with its SHA-256.
struct BackupManifest {
  std::string log;             // "embedded", or which log on Kafka, as the store says it
  std::vector<Offset> folded;  // how far it goes, by partition
  std::string made_at;         // RFC 3339
  struct File {
    std::string path;  // below the backup: FOLDER/NAME
    std::uint64_t bytes = 0;
    std::string sha256;  // hex
  };
  std::vector<File> files;

  [[nodiscard]] bool is_of_kafka() const { return log != embedded; }
  [[nodiscard]] std::uint64_t bytes() const;
  static constexpr std::string_view embedded = "embedded";
};

// Every file in the folders of `directory`, as it is.
[[nodiscard]] std::expected<std::vector<BackupManifest::File>, std::string> list_files(
    const std::filesystem::path& directory);

[[nodiscard]] std::expected<void, std::string> write_manifest(const std::filesystem::path& directory,
                                                              const BackupManifest& manifest);
// An error names the file that is missing or damaged.
[[nodiscard]] std::expected<BackupManifest, std::string> read_manifest(
    const std::filesystem::path& directory);
[[nodiscard]] std::expected<void, std::string> check_files(const std::filesystem::path& directory,
                                                           const BackupManifest& manifest);

// A directory that is filled under another name, and takes its own when it is whole and on disk. Until then
// it goes with this object.
class Draft {
 public:
  // Refuses what exists already.
  [[nodiscard]] static std::expected<Draft, std::string> begin(const std::filesystem::path& directory);
  ~Draft();
  Draft(Draft&& other) noexcept;
  Draft& operator=(Draft&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return unfinished_; }
  [[nodiscard]] std::expected<void, std::string> publish();

 private:
  Draft(std::filesystem::path directory, std::filesystem::path unfinished)
      : directory_(std::move(directory)), unfinished_(std::move(unfinished)) {}

  std::filesystem::path directory_;
  std::filesystem::path unfinished_;  // empty: published
};

}  // namespace tenure::cli
