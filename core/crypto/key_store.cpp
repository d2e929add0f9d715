#include "core/crypto/key_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <iomanip>
#include <mutex>
#include <shared_mutex>

#include "core/crypto/wrapped_keys.h"
#include "core/log/wal_check.h"
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
constexpr std::string_view format_current = "1";
constexpr int root_key_chars = 44;
constexpr std::size_t write_buffer_bytes = 256U << 10U;
constexpr std::size_t block_cache_bytes = 512U << 10U;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string owner_key(std::string_view owner) { return "k" + std::string(owner); }

class EmbeddedKeyStore final : public KeyStore {
 public:
  EmbeddedKeyStore(fs::path directory, std::optional<DirectoryLock> lock,
                   std::unique_ptr<rocksdb::DB> database, const crypto::Key& root)
      : directory_(std::move(directory)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        root_(root) {}

  std::optional<crypto::Key> find(std::string_view owner) override {
    if (auto cached = cache_.find(owner)) return cached;
    const auto erasures = cache_.erasures();
    const auto wrapped = get(owner);
    if (!wrapped || wrapped->empty()) return std::nullopt;
    const Wiped opened{crypto::open(root_, *wrapped, owner).value_or("")};
    auto key = key_from(opened.text);
    if (!key) {
      throw KeyStoreFailure(
          fmt::format("{}: the data key of {} is damaged; restore the key store from a backup",
                      directory_.string(), owner));
    }
    cache_.put(owner, *key, erasures);
    return key;
  }

  std::expected<void, KeyStoreError> put(const std::vector<NewKey>& keys) override {
    const std::lock_guard lock(one_writer_);
    rocksdb::WriteBatch batch;
    ByOwner<bool> added;
    for (const auto& [owner, key] : keys) {
      if (added.contains(owner) || get(owner)) continue;
      batch.Put(owner_key(owner), crypto::seal(root_, text_of(key), owner, random_));
      added.emplace(owner, true);
    }
    return write(batch);
  }

  std::expected<void, KeyStoreError> destroy(std::string_view owner) override {
    {
      const std::lock_guard lock(one_writer_);
      rocksdb::WriteBatch batch;
      batch.Put(owner_key(owner), "");
      if (auto written = write(batch); !written) return written;
      cache_.erase(owner);
    }
    return rewrite_files();
  }

  bool destroyed(std::string_view owner) override {
    const auto wrapped = get(owner);
    return wrapped && wrapped->empty();
  }

 private:
  // Nothing: never there. Empty: destroyed. A failed look must not pass for either.
  [[nodiscard]] std::optional<std::string> get(std::string_view owner) const {
    std::string wrapped;
    const auto status = database_->Get({}, owner_key(owner), &wrapped);
    if (status.IsNotFound()) return std::nullopt;
    if (status.ok()) return wrapped;
    throw KeyStoreFailure(fmt::format("{}: the key store cannot be read ({}); mend the disk and start again",
                                      directory_.string(), status.ToString()));
  }
  std::expected<void, KeyStoreError> write(rocksdb::WriteBatch& batch) {
    if (batch.Count() == 0) return {};
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = database_->Write(options, &batch);
    if (!status.ok()) return failed(status);
    return {};
  }
  // Leaves only what is current in the files, and no old file behind.
  std::expected<void, KeyStoreError> rewrite_files() {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    if (const auto status = database_->Flush({}); !status.ok()) return failed(status);
    if (const auto status = database_->CompactRange(options, nullptr, nullptr); !status.ok())
      return failed(status);
    // Another thread removes the old files. This waits for it.
    rocksdb::VectorLogPtr ignored;
    if (const auto status = database_->GetSortedWalFiles(ignored); !status.ok()) return failed(status);
    return {};
  }
  [[nodiscard]] std::unexpected<KeyStoreError> failed(const rocksdb::Status& status) const {
    return std::unexpected(KeyStoreError{fmt::format(
        "{}: the key store cannot be written ({}); check the disk", directory_.string(), status.ToString())});
  }

  const fs::path directory_;
  const std::optional<DirectoryLock> lock_;
  const std::unique_ptr<rocksdb::DB> database_;
  const crypto::Key root_;
  SystemRandom random_;
  KeyCache cache_;
  std::mutex one_writer_;  // between looking whether an owner has a key and giving it one
};

class MemoryKeyStore final : public KeyStore {
 public:
  std::optional<crypto::Key> find(std::string_view owner) override {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(owner);
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
    const auto found = keys_.find(owner);
    return found != keys_.end() && !found->second;
  }

 private:
  std::shared_mutex mutex_;
  ByOwner<std::optional<crypto::Key>> keys_;
};

rocksdb::Options database_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes, /*num_shard_bits=*/0);
  rocksdb::Options options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.info_log = silent_logger();
  options.write_buffer_size = write_buffer_bytes;
  options.max_open_files = 64;
  options.track_and_verify_wals_in_manifest = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.compression = rocksdb::kNoCompression;
  return options;
}

using Opened =
    std::expected<std::unique_ptr<rocksdb::DB>, std::string>;  // or a sentence without the directory

// RocksDB would silently drop what stands behind a broken place of its write-ahead log, so that is looked at
// first.
Opened open_database(const fs::path& directory, bool create, bool read_only) {
  constexpr std::string_view remedy = "restore it from a backup";
  Opened result = std::unexpected("the key store does not stand still; try again");
  for (int attempt = 0; attempt < (read_only ? read_only_open_attempts_max : 1); ++attempt) {
    const auto wal = check_wal(directory);
    if (!wal && wal.error().vanished) continue;
    if (!wal)
      return std::unexpected(fmt::format("the key store is damaged ({}); {}", wal.error().message, remedy));
    auto options = database_options();
    options.create_if_missing = create;
    rocksdb::DB* opened = nullptr;
    const auto status = read_only ? rocksdb::DB::OpenForReadOnly(options, directory.string(), &opened)
                                  : rocksdb::DB::Open(options, directory.string(), &opened);
    std::unique_ptr<rocksdb::DB> database(opened);
    if (!status.ok()) {
      result =
          std::unexpected(fmt::format("the key store cannot be opened ({}); {}", status.ToString(), remedy));
    }
    if (read_only && (wal->files.empty() || file_vanished(status) || !are_still_there(*wal))) continue;
    if (!status.ok()) return result;
    if (database->GetLatestSequenceNumber() < wal->last_sequence) {
      return std::unexpected(
          fmt::format("the key store lacks writes that its write-ahead log has; {}", remedy));
    }
    return database;
  }
  return result;
}

std::expected<void, std::string> stamp(rocksdb::DB& database, const crypto::Key& root) {
  const std::unique_ptr<rocksdb::Iterator> all(database.NewIterator({}));
  all->SeekToFirst();
  if (all->Valid() || !all->status().ok())
    return std::unexpected("the key store has lost its format; restore it from a backup");
  SystemRandom random;
  rocksdb::WriteBatch batch;
  batch.Put(slice(format_key), slice(format_current));
  batch.Put(slice(check_key), crypto::seal(root, root_check_text, check_key, random));
  rocksdb::WriteOptions options;
  options.sync = true;
  if (const auto status = database.Write(options, &batch); !status.ok()) {
    return std::unexpected(
        fmt::format("the key store cannot be written ({}); check the disk", status.ToString()));
  }
  return {};
}

// Stamps a new database, or finds out whether an old one is for this version and this root key.
std::expected<void, std::string> check_stamps(rocksdb::DB& database, const crypto::Key& root) {
  std::string format;
  std::string check;
  const auto status = database.Get({}, slice(format_key), &format);
  if (status.IsNotFound()) return stamp(database, root);
  if (!status.ok()) {
    return std::unexpected(
        fmt::format("the key store cannot be read ({}); restore it from a backup", status.ToString()));
  }
  if (format != format_current) {
    return std::unexpected(fmt::format("the key store has format {}, this version reads {}; run a newer one",
                                       format, format_current));
  }
  const bool found = database.Get({}, slice(check_key), &check).ok();
  if (!found || crypto::open(root, check, check_key) != root_check_text) {
    return std::unexpected(
        "the root key is not the one that these data keys are wrapped with; start with the right "
        "--root-key-file");
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
  auto database = open_database(directory, files == DatabaseFiles::none, read_only);
  if (!database) return refuse(database.error());
  if (auto checked = check_stamps(**database, root_key); !checked) return refuse(checked.error());
  return std::make_unique<EmbeddedKeyStore>(directory, std::move(lock), std::move(*database), root_key);
}

std::expected<void, KeyStoreError> copy_embedded_key_store(const fs::path& from, const fs::path& to) {
  const auto refuse = [](const fs::path& directory, std::string_view why) {
    return std::unexpected(KeyStoreError{fmt::format("{}: {}", directory.string(), why)});
  };
  if (look_at_database(from) != DatabaseFiles::present) return refuse(from, "there is no key store here");
  const auto source = open_database(from, /*create=*/false, /*read_only=*/true);
  if (!source) return refuse(from, source.error());
  const auto copy = open_database(to, /*create=*/true, /*read_only=*/false);
  if (!copy) return refuse(to, copy.error());
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> all((*source)->NewIterator({}));
  for (all->SeekToFirst(); all->Valid(); all->Next()) batch.Put(all->key(), all->value());
  if (!all->status().ok()) return refuse(from, "the key store cannot be read; mend the disk");
  rocksdb::WriteOptions options;
  options.sync = true;
  auto status = (*copy)->Write(options, &batch);
  if (status.ok()) status = (*copy)->Flush({});
  if (!status.ok()) return refuse(to, fmt::format("cannot be written ({}); free space", status.ToString()));
  return {};
}

std::unique_ptr<KeyStore> make_memory_key_store() { return std::make_unique<MemoryKeyStore>(); }

std::expected<crypto::Key, KeyStoreError> read_root_key(const fs::path& file) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(KeyStoreError{fmt::format("{}: {}", file.string(), why)});
  };
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return refuse(std::strerror(errno));
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) return refuse("others may read the root key; chmod 600 it");
  std::ifstream stream(file);
  // Taken at once, so that no copy is left behind by a string that grows.
  Wiped word;
  word.text.reserve(std::size_t{2} * root_key_chars);
  std::string more;
  stream >> std::setw(2 * root_key_chars) >> word.text;
  if (stream >> more) return refuse("a root key is one word: base64 of 32 bytes");
  const Wiped bytes{crypto::from_base64(word.text).value_or("")};
  const auto key = key_from(bytes.text);
  if (!key) return refuse("a root key is base64 of 32 bytes, as from: openssl rand -base64 32");
  return *key;
}

// Written whole under another name first, so that a crash leaves no half of a key under its own.
std::expected<crypto::Key, KeyStoreError> create_root_key(const fs::path& file, Random& random) {
  auto draft = file;
  draft += ".new";
  const auto refuse = [&] {
    const int error = errno;
    ::unlink(draft.c_str());
    return std::unexpected(KeyStoreError{
        fmt::format("{}: the root key cannot be written: {}", file.string(), std::strerror(error))});
  };
  ::unlink(draft.c_str());
  const auto key = crypto::Key::generate(random);
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return refuse();
  const Wiped text{crypto::to_base64(text_of(key)) + "\n"};
  const bool written =
      ::write(descriptor, text.text.data(), text.text.size()) == static_cast<ssize_t>(text.text.size()) &&
      ::fsync(descriptor) == 0;
  if (::close(descriptor) != 0 || !written) return refuse();
  if (::link(draft.c_str(), file.c_str()) != 0) return refuse();
  ::unlink(draft.c_str());
  if (const auto synced = sync_directory(file.has_parent_path() ? file.parent_path() : "."); !synced)
    return refuse();
  return key;
}

}  // namespace tenure
