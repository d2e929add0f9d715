// Where data keys live: one key for each tenant (workspace, account, organization, user), wrapped by the root
// key and kept apart from the log and its backups. Destroying a tenant's key erases the tenant from the log.
//
// Threads: everything may be called from any thread. Unwrapped keys are cached in memory, bounded.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/crypto/crypto.h"

namespace tenure {

struct KeyStoreError {
  std::string message;  // names the file and the remedy
};

// An I/O error or damage met while a key is read. It must not pass for "no key": a second key would be made.
// Not recoverable in this process.
class KeyStoreFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // The key of `owner` (an id such as "ws_..."); nothing when there never was one or it was destroyed.
  // Throws KeyStoreFailure, as do the others.
  [[nodiscard]] virtual std::optional<crypto::Key> find(std::string_view owner) = 0;

  // Of an owner that `find` knows nothing of: whether its key may be on its way from another node. Ask again
  // a moment later.
  [[nodiscard]] virtual bool may_still_come(std::string_view owner) {
    (void)owner;
    return false;
  }

  struct NewKey {
    std::string owner;
    crypto::Key key;
  };
  // Durable when it returns, with one sync for all. An owner that has a key (or had one destroyed) keeps that
  // state: the first put wins, so a repeated put is harmless.
  [[nodiscard]] virtual std::expected<void, KeyStoreError> put(const std::vector<NewKey>& keys) = 0;

  // Destroys the key for good; durable, and rewritten out of the store's files, when it returns. Repeating is
  // harmless.
  [[nodiscard]] virtual std::expected<void, KeyStoreError> destroy(std::string_view owner) = 0;
  [[nodiscard]] virtual bool destroyed(std::string_view owner) = 0;
};

// A RocksDB in `directory`, made when missing, locked by one process unless `read_only`. A store that was
// written under another root key is refused with a sentence that says so, and nothing is overwritten.
[[nodiscard]] std::expected<std::unique_ptr<KeyStore>, KeyStoreError> open_embedded_key_store(
    const std::filesystem::path& directory, const crypto::Key& root_key, bool read_only);

// Copies the keys as they are, wrapped, into a new directory; `from` may be in use. Needs no root key.
[[nodiscard]] std::expected<void, KeyStoreError> copy_embedded_key_store(const std::filesystem::path& from,
                                                                         const std::filesystem::path& to);

// In memory, for tests and simulation.
[[nodiscard]] std::unique_ptr<KeyStore> make_memory_key_store();

// Reads a root key: base64 of 32 bytes, white space around it allowed. Refuses a file that others may read.
[[nodiscard]] std::expected<crypto::Key, KeyStoreError> read_root_key(const std::filesystem::path& file);
// Makes one, mode 0600, fsynced, never over an existing file.
[[nodiscard]] std::expected<crypto::Key, KeyStoreError> create_root_key(const std::filesystem::path& file,
                                                                        Random& random);

}  // namespace tenure
