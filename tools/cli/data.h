// A data directory, or a copy of one, read without a server: beside a running one too. Nothing in it is changed, and no
// side effect is run.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/crypto/key_store.h"
#include "core/log/event_log.h"
#include "core/store/store.h"

namespace tenure::cli {

struct DataOptions {
  std::filesystem::path directory;
  std::filesystem::path root_key_file;  // empty: the one in the directory
};

class Data {
 public:
  [[nodiscard]] static std::expected<Data, std::string> open(const DataOptions& options);

  [[nodiscard]] EventLog& log() { return *log_; }
  [[nodiscard]] KeyStore& keys() { return *keys_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  // Folds the log from its beginning into `store`, up to `until` (how far each partition; empty: all there is). An error names the
  // record that stands in the way.
  [[nodiscard]] std::expected<std::uint64_t, std::string> fold_into(Store& store, const std::vector<Offset>& until,
                                                                    const std::function<void(std::uint64_t)>& progress);

 private:
  std::filesystem::path directory_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<EventLog> log_;
};

// A folder in the temporary directory, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tenure::cli
