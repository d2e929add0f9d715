#include "core/crypto/key_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <shared_mutex>
#include <sstream>
#include <unordered_map>

#include "core/store/database_directory.h"

// Layout of the database:
//   'f'        -> format, decimal
//   'c'        -> a known text sealed under the root key: tells a wrong root key at once
//   'k' owner  -> the data key sealed under the root key with the owner as associated data; empty: destroyed
namespace tenure {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_key = "f";
constexpr std::string_view check_key = "c";
constexpr std::string_view check_text = "tenure root key";
constexpr std::string_view format_current = "1";
constexpr std::size_t keys_in_memory_max = 16'384;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view text_of(const crypto::Key& key) {
  return {reinterpret_cast<const char*>(key.bytes().data()), key.bytes().size()};
}
std::string owner_key(std::string_view owner) { return "k" + std::string(owner); }

std::optional<crypto::Key> key_from(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  std::array<std::uint8_t, 32> bytes{};
  std::ranges::copy(text, reinterpret_cast<char*>(bytes.data()));
  return crypto::Key(bytes);
}

// Unwrapped keys, bounded: when one half is full it becomes the older half. Readers share a lock.
class KeyCache {
 public:
  std::optional<crypto::Key> find(std::string_view owner) {
    const std::shared_lock lock(mutex_);
    const std::string name(owner);
    if (const auto found = recent_.find(name); found != recent_.end()) return found->second;
    if (const auto found = older_.find(name); found != older_.end()) return found->second;
    return std::nullopt;
  }
  void put(std::string_view owner, const crypto::Key& key) {
    const std::unique_lock lock(mutex_);
    if (recent_.size() >= keys_in_memory_max / 2) {
      older_ = std::move(recent_);
      recent_.clear();
    }
    recent_.insert_or_assign(std::string(owner), key);
  }
  void erase(std::string_view owner) {
    const std::unique_lock lock(mutex_);
    recent_.erase(std::string(owner));
    older_.erase(std::string(owner));
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string, crypto::Key> recent_, older_;
};

class EmbeddedKeyStore final : public KeyStore {
 public:
  EmbeddedKeyStore(fs::path directory, std::optional<DirectoryLock> lock, std::unique_ptr<rocksdb::DB> database,
                   const crypto::Key& root)
      : directory_(std::move(directory)), lock_(std::move(lock)), database_(std::move(database)), root_(root) {}

  std::optional<crypto::Key> find(std::string_view owner) override {
    if (auto cached = cache_.find(owner)) return cached;
    std::string wrapped;
    if (!database_->Get({}, owner_key(owner), &wrapped).ok() || wrapped.empty()) return std::nullopt;
    const auto opened = crypto::open(root_, wrapped, owner);
    const auto key = opened ? key_from(*opened) : std::nullopt;
    if (key) cache_.put(owner, *key);
    return key;
  }

  std::expected<void, KeyStoreError> put(const std::vector<NewKey>& keys) override {
    rocksdb::WriteBatch batch;
    std::string present;
    for (const auto& [owner, key] : keys) {
      if (database_->Get({}, owner_key(owner), &present).ok()) continue;
      batch.Put(owner_key(owner), crypto::seal(root_, text_of(key), owner, random_));
    }
    return write(batch);
  }

  std::expected<void, KeyStoreError> destroy(std::string_view owner) override {
    rocksdb::WriteBatch batch;
    batch.Put(owner_key(owner), "");
    if (auto written = write(batch); !written) return written;
    cache_.erase(owner);
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    if (const auto status = database_->Flush({}); !status.ok()) return failed(status);
    if (const auto status = database_->CompactRange(options, nullptr, nullptr); !status.ok()) return failed(status);
    return {};
  }

  bool destroyed(std::string_view owner) override {
    std::string wrapped;
    return database_->Get({}, owner_key(owner), &wrapped).ok() && wrapped.empty();
  }

 private:
  std::expected<void, KeyStoreError> write(rocksdb::WriteBatch& batch) {
    if (batch.Count() == 0) return {};
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = database_->Write(options, &batch);
    if (!status.ok()) return failed(status);
    return {};
  }
  [[nodiscard]] std::unexpected<KeyStoreError> failed(const rocksdb::Status& status) const {
    return std::unexpected(KeyStoreError{fmt::format("{}: the key store cannot be written ({}); check the disk",
                                                     directory_.string(), status.ToString())});
  }

  const fs::path directory_;
  const std::optional<DirectoryLock> lock_;
  const std::unique_ptr<rocksdb::DB> database_;
  const crypto::Key root_;
  SystemRandom random_;
  KeyCache cache_;
};

class MemoryKeyStore final : public KeyStore {
 public:
  std::optional<crypto::Key> find(std::string_view owner) override {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(std::string(owner));
    return found == keys_.end() ? std::nullopt : found->second;
  }
  std::expected<void, KeyStoreError> put(const std::vector<NewKey>& keys) override {
    const std::unique_lock lock(mutex_);
    for (const auto& [owner, key] : keys) keys_.try_emplace(owner, key);
    return {};
  }
  std::expected<void, KeyStoreError> destroy(std::string_view owner) override {
    const std::unique_lock lock(mutex_);
    keys_.insert_or_assign(std::string(owner), std::nullopt);
    return {};
  }
  bool destroyed(std::string_view owner) override {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(std::string(owner));
    return found != keys_.end() && !found->second;
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::optional<crypto::Key>> keys_;
};

rocksdb::Options database_options() {
  rocksdb::Options options;
  options.info_log = silent_logger();
  options.write_buffer_size = 256U << 10U;
  options.max_open_files = 64;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.compression = rocksdb::kNoCompression;
  return options;
}

// Stamps a new database, or finds out whether an old one is for this version and this root key.
std::expected<void, KeyStoreError> check_stamps(rocksdb::DB& database, const fs::path& directory,
                                                const crypto::Key& root) {
  std::string format;
  std::string check;
  if (database.Get({}, slice(format_key), &format).IsNotFound()) {
    SystemRandom random;
    rocksdb::WriteBatch batch;
    batch.Put(slice(format_key), slice(format_current));
    batch.Put(slice(check_key), crypto::seal(root, check_text, check_key, random));
    rocksdb::WriteOptions options;
    options.sync = true;
    if (const auto status = database.Write(options, &batch); !status.ok()) {
      return std::unexpected(
          KeyStoreError{fmt::format("{}: the key store cannot be written ({})", directory.string(), status.ToString())});
    }
    return {};
  }
  if (format != format_current) {
    return std::unexpected(KeyStoreError{
        fmt::format("{}: the key store has format {}, this version reads {}; run a newer one", directory.string(), format,
                    format_current)});
  }
  const bool found = database.Get({}, slice(check_key), &check).ok();
  if (!found || crypto::open(root, check, check_key) != check_text) {
    return std::unexpected(KeyStoreError{fmt::format(
        "{}: the root key is not the one that these data keys are wrapped with; start with the right --root-key-file",
        directory.string())});
  }
  return {};
}

}  // namespace

std::expected<std::unique_ptr<KeyStore>, KeyStoreError> open_embedded_key_store(const fs::path& directory,
                                                                                const crypto::Key& root_key,
                                                                                bool read_only) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(KeyStoreError{fmt::format("{}: {}", directory.string(), why)});
  };
  std::optional<DirectoryLock> lock;
  if (!read_only) {
    if (const auto created = create_directory_durably(directory); !created) return refuse(created.error());
    auto taken = DirectoryLock::take(directory);
    if (!taken) return refuse(taken.error() + "; stop the process that uses it");
    lock = std::move(*taken);
  }
  const auto files = look_at_database(directory);
  if (files == DatabaseFiles::damaged) {
    return refuse("the key store lacks files that it cannot do without; restore it from a backup");
  }
  if (files == DatabaseFiles::none && read_only) return refuse("there is no key store here");

  auto options = database_options();
  options.create_if_missing = files == DatabaseFiles::none;
  rocksdb::DB* opened = nullptr;
  const auto status = read_only ? rocksdb::DB::OpenForReadOnly(options, directory.string(), &opened)
                                : rocksdb::DB::Open(options, directory.string(), &opened);
  std::unique_ptr<rocksdb::DB> database(opened);
  if (!status.ok()) {
    return refuse(fmt::format("the key store cannot be opened ({}); restore it from a backup", status.ToString()));
  }
  if (auto checked = check_stamps(*database, directory, root_key); !checked) return std::unexpected(checked.error());
  return std::make_unique<EmbeddedKeyStore>(directory, std::move(lock), std::move(database), root_key);
}

std::unique_ptr<KeyStore> make_memory_key_store() { return std::make_unique<MemoryKeyStore>(); }

std::expected<crypto::Key, KeyStoreError> read_root_key(const fs::path& file) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(KeyStoreError{fmt::format("{}: {}", file.string(), why)});
  };
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return refuse(std::strerror(errno));
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) return refuse("others may read the root key; chmod 600 it");
  std::ifstream stream(file);
  std::string word;
  std::string more;
  stream >> word;
  if (stream >> more) return refuse("a root key is one word: base64 of 32 bytes");
  const auto bytes = crypto::from_base64(word);
  const auto key = bytes ? key_from(*bytes) : std::nullopt;
  if (!key) return refuse("a root key is base64 of 32 bytes, as from: openssl rand -base64 32");
  return *key;
}

std::expected<crypto::Key, KeyStoreError> create_root_key(const fs::path& file, Random& random) {
  const auto refuse = [&] {
    return std::unexpected(KeyStoreError{fmt::format("{}: the root key cannot be written: {}", file.string(), std::strerror(errno))});
  };
  const auto key = crypto::Key::generate(random);
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return refuse();
  const auto text = crypto::to_base64(text_of(key)) + "\n";
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written) return refuse();
  if (const auto synced = sync_directory(file.parent_path().empty() ? "." : file.parent_path()); !synced) return refuse();
  return key;
}

}  // namespace tenure
