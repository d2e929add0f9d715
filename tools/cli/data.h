// A data directory, or a copy of one, and its log, read without a server: beside running ones too. Nothing in
// the directory and on the log is changed, and no side effect is run.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/settings.h"
#include "core/crypto/key_store.h"
#include "core/log/event_log.h"
#include "core/store/store.h"

namespace tenure::cli {

class Data {
 public:
  [[nodiscard]] static std::expected<Data, std::string> open(const Settings& settings);

  // What it held when it was opened.
  [[nodiscard]] EventLog& log() { return *log_; }
  [[nodiscard]] KeyStore& keys() { return *keys_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  // Whether a store, by what it says itself, is of this log.
  [[nodiscard]] std::expected<void, std::string> check_is_of_log(const Store& store) const;

  // Folds the log from its beginning into `store`, up to `until` (how far each partition; empty: all there
  // is). An error names the record that stands in the way.
  [[nodiscard]] std::expected<std::uint64_t, std::string> fold_into(Store& store,
                                                                    const std::vector<Offset>& until);

 private:
  [[nodiscard]] std::expected<void, std::string> open_embedded(const Settings& settings);
  [[nodiscard]] std::expected<void, std::string> open_kafka(const Settings& settings);

  std::filesystem::path directory_;
  std::string log_name_;  // empty: the embedded one
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<EventLog> stored_;  // outlives log_
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
