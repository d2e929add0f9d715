// A data directory: everything that an embedded node keeps.
//
//   <data>/root-key            the key that wraps all data keys, unless --root-key-file names another (0600)
//   <data>/node-id             who this node is in claims
//   <data>/keys/               data keys
//   <data>/log/                the log: all that cannot be made again
//   <data>/store/              what was folded from the log; may be deleted while the node is stopped
//   <data>/environments/       what the local provisioner made
//   <data>/bootstrap-token     a session of the first user (0600)
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "api/settings.h"
#include "core/crypto/key_store.h"
#include "core/ids/typeid.h"
#include "core/log/event_log.h"
#include "core/store/store.h"

namespace tenure {

struct DataDirectory {
  crypto::Key root_key;
  NodeId node;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<EventLog> log;
  std::unique_ptr<Store> store;

  // For a server: makes what is missing. A store whose rows are of another version is set aside and folded again.
  [[nodiscard]] static std::expected<DataDirectory, std::string> open(const Settings& settings, Random& random);
};

// The first word of a file; nothing when there is none.
[[nodiscard]] std::optional<std::string> read_word(const std::filesystem::path& file);
// Mode 0600, synced, replacing what is there.
[[nodiscard]] std::expected<void, std::string> write_secret_file(const std::filesystem::path& file, std::string_view text);

}  // namespace tenure
