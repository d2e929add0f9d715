#include "core/store/store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "core/store/database_directory.h"
#include "core/store/keys.h"
#include "core/store/row_cache.h"

namespace tenure {

namespace {

constexpr std::size_t block_cache_bytes = 16U << 20U;
// Small ones, of which several become one file: a key finds its place in 4 MiB of memory for less than in 16.
constexpr std::size_t write_buffer_bytes = 4U << 20U;
constexpr int write_buffers_a_file = 3;
constexpr int write_buffers_max = 2 * write_buffers_a_file;
constexpr int open_files_max = 256;
constexpr int background_jobs_max = 2;
constexpr int bloom_bits_per_key = 10;

// Keys that begin with this byte are the store's own; scans of everything end before them.
constexpr char own_key_first_byte = '\xff';
constexpr std::string_view format_key = "\xfftenure.store.format";
constexpr std::uint32_t format_current = 1;

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

bool is_in(std::string_view tables, std::string_view key) {
  return !key.empty() && tables.find(key.front()) != std::string_view::npos;
}
bool erased_by_range(std::string_view key) { return is_in(keys::tables_erased_by_range, key); }
bool read_often(std::string_view key) { return is_in(keys::tables_read_often, key); }
static_assert(keys::tables_read_often.find_first_of(keys::tables_erased_by_range) == std::string_view::npos,
              "the row cache is not told which keys a range erases");

// Each table, named by the first byte of its keys, remembers where its last key went into the memtable.
// RocksDB 7.8 takes such a hint for the list of erased ranges too, and breaks it: tables that have ranges go
// without.
class HintedTable final : public rocksdb::SliceTransform {
 public:
  [[nodiscard]] const char* Name() const override { return "tenure.HintedTable"; }
  [[nodiscard]] bool InDomain(const rocksdb::Slice& key) const override {
    return !key.empty() && !erased_by_range(view(key));
  }
  [[nodiscard]] rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), 1}; }
};

rocksdb::Options options_for(Store::Mode mode) {
  rocksdb::Options options;
  options.info_log = silent_logger();
  options.write_buffer_size = write_buffer_bytes;
  options.min_write_buffer_number_to_merge = write_buffers_a_file;
  options.max_write_buffer_number = write_buffers_max;
  // A reader's files may be deleted by the process that writes: it holds all of them open instead.
  options.max_open_files = mode == Store::Mode::read_only ? -1 : open_files_max;
  options.max_background_jobs = background_jobs_max;
  options.compression = rocksdb::kLZ4Compression;
  options.level_compaction_dynamic_level_bytes = true;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_insert_with_hint_prefix_extractor = std::make_shared<HintedTable>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.bytes_per_sync = 1U << 20U;
  // Most rows are written once: merging small files early costs more than looking into a few more of them.
  options.level0_file_num_compaction_trigger = 16;
  options.level0_slowdown_writes_trigger = 32;
  options.level0_stop_writes_trigger = 48;
  options.max_bytes_for_level_base = 256U << 20U;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(block_cache_bytes, /*num_shard_bits=*/2);
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));
  table.whole_key_filtering = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;  // Debian's RocksDB computes CRC-32C without the processor's help
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// The smallest string that is greater than everything with this prefix; empty when there is none.
std::string after_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

StoreError damaged(const std::filesystem::path& directory, std::string_view why) {
  return {fmt::format("the store in {} is damaged ({}): delete this directory, it is rebuilt from the log",
                      directory.string(), why)};
}

// An I/O error may pass; anything else that RocksDB refuses is damage.
StoreError cannot_open(const std::filesystem::path& directory, const rocksdb::Status& status) {
  if (status.IsNoSpace() || status.ToString().find("Permission denied") != std::string::npos) {
    return {fmt::format("the store in {} cannot be opened ({}): free space or grant access, and start again",
                        directory.string(), status.ToString())};
  }
  return damaged(directory, status.ToString());
}

}  // namespace

struct Store::Impl {
  std::filesystem::path directory;
  std::optional<DirectoryLock> lock;
  rocksdb::WriteOptions write_options;
  rocksdb::ReadOptions read_options;
  std::unique_ptr<rocksdb::DB> db;  // goes before the lock
  RowCache rows;

  explicit Impl(std::filesystem::path where) : directory(std::move(where)) {
    write_options.disableWAL = true;
  }

  [[nodiscard]] std::expected<void, StoreError> open_database(Mode mode, bool create) {
    rocksdb::Options options = options_for(mode);
    options.create_if_missing = create;
    rocksdb::DB* opened = nullptr;
    rocksdb::Status status;
    if (mode == Mode::read_write) {
      status = rocksdb::DB::Open(options, directory.string(), &opened);
    } else {
      int attempts = 0;
      do status = rocksdb::DB::OpenForReadOnly(options, directory.string(), &opened);
      while (file_vanished(status) && ++attempts < read_only_open_attempts_max);
    }
    if (!status.ok()) return std::unexpected(cannot_open(directory, status));
    db.reset(opened);
    return {};
  }

  [[nodiscard]] bool has_any_key() const {
    const std::unique_ptr<rocksdb::Iterator> all(db->NewIterator(read_options));
    all->SeekToFirst();
    return all->Valid();
  }

  [[nodiscard]] std::expected<void, StoreError> check_format(Mode mode) {
    std::string stamp;
    const rocksdb::Status status = db->Get(read_options, slice(format_key), &stamp);
    if (status.IsNotFound()) {
      // Nothing is written before the stamp is on disk, so a store without one is either new or not a store.
      if (has_any_key()) return std::unexpected(damaged(directory, "it has no format stamp"));
      return mode == Mode::read_write ? write_format() : std::expected<void, StoreError>{};
    }
    if (!status.ok()) return std::unexpected(damaged(directory, status.ToString()));
    std::uint32_t format = 0;
    for (const char digit : stamp) {
      if (digit < '0' || digit > '9' || format > 1'000'000) {
        return std::unexpected(damaged(directory, "its format stamp is unreadable"));
      }
      format = format * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    if (format == format_current) return {};
    if (format > format_current) {
      return std::unexpected(StoreError{fmt::format(
          "the store in {} has format {} and this version knows {}: start a newer version, or delete this "
          "directory, it is rebuilt from the log",
          directory.string(), format, format_current)});
    }
    return std::unexpected(damaged(directory, fmt::format("its format is {}", format)));
  }

  [[nodiscard]] std::expected<void, StoreError> write_format() {
    rocksdb::Status status = db->Put(write_options, slice(format_key), std::to_string(format_current));
    if (status.ok()) status = db->Flush(rocksdb::FlushOptions());
    if (!status.ok()) return std::unexpected(cannot_open(directory, status));
    return {};
  }

  void require(const rocksdb::Status& status, std::string_view doing) const {
    if (status.ok()) return;
    throw StoreFailure(
        fmt::format("the store in {} failed while {} ({}): mend the disk and start again; if it persists, "
                    "delete this directory, it "
                    "is rebuilt from the log",
                    directory.string(), doing, status.ToString()));
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::expected<std::unique_ptr<Store>, StoreError> Store::open(const std::filesystem::path& directory,
                                                              Mode mode) {
  auto impl = std::make_unique<Impl>(directory);
  if (mode == Mode::read_write) {
    if (auto created = create_directory_durably(directory); !created) {
      return std::unexpected(StoreError{created.error() + ": grant access or choose another directory"});
    }
    auto lock = DirectoryLock::take(directory);
    if (!lock) {
      return std::unexpected(StoreError{lock.error() + ": stop that process or choose another directory"});
    }
    impl->lock.emplace(std::move(*lock));
  }
  const DatabaseFiles files = look_at_database(directory);
  if (files == DatabaseFiles::damaged) {
    return std::unexpected(damaged(directory, "files that make it a database are missing"));
  }
  if (files == DatabaseFiles::none && mode == Mode::read_only) {
    return std::unexpected(
        StoreError{fmt::format("there is no store in {}: check the directory's name", directory.string())});
  }
  if (auto opened = impl->open_database(mode, files == DatabaseFiles::none); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  if (auto checked = impl->check_format(mode); !checked) return std::unexpected(std::move(checked).error());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

// Changes wait in one piece of memory until they are written in the order of their keys: then each finds its
// place in the memtable next to the one before it, which costs a fraction of a search from the top, and what
// a later change overwrites is not written at all.
struct Store::Batch::Impl {
  enum class Kind : std::uint8_t { put, erase };
  struct Change {
    std::size_t at;  // in `bytes`: the key, then the value
    std::uint32_t key_size;
    std::uint32_t value_size;
    Kind kind;
  };
  static constexpr std::size_t header_bytes_max = 11;  // of a change in RocksDB's batch
  struct Range {
    std::string first;
    std::string last;
  };
  std::string bytes;
  std::vector<Change> changes;
  std::vector<Range> ranges;  // erased before all changes

  [[nodiscard]] std::string_view key_of(const Change& change) const {
    return std::string_view(bytes).substr(change.at, change.key_size);
  }
  [[nodiscard]] std::string_view value_of(const Change& change) const {
    return std::string_view(bytes).substr(change.at + change.key_size, change.value_size);
  }
  void add(Kind kind, std::string_view key, std::string_view value) {
    changes.push_back({bytes.size(), static_cast<std::uint32_t>(key.size()),
                       static_cast<std::uint32_t>(value.size()), kind});
    bytes.append(key).append(value);
  }
  void erase_range(std::string_view first, std::string_view last) {
    std::erase_if(changes,
                  [&](const Change& change) { return key_of(change) >= first && key_of(change) < last; });
    ranges.push_back({std::string(first), std::string(last)});
  }
  // Until the next change.
  [[nodiscard]] rocksdb::WriteBatch in_order() {
    rocksdb::WriteBatch batch(bytes.size() + changes.size() * header_bytes_max);
    for (const auto& range : ranges) batch.DeleteRange(slice(range.first), slice(range.last));
    std::ranges::stable_sort(changes, {}, [this](const Change& change) { return key_of(change); });
    for (auto change = changes.begin(); change != changes.end(); ++change) {
      const auto key = key_of(*change);
      if (const auto later = std::next(change); later != changes.end() && key_of(*later) == key) continue;
      if (change->kind == Kind::put) {
        batch.Put(slice(key), slice(value_of(*change)));
      } else {
        batch.Delete(slice(key));
      }
    }
    return batch;
  }
};

Store::Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Store::Batch::~Batch() = default;
Store::Batch::Batch(Batch&&) noexcept = default;
Store::Batch& Store::Batch::operator=(Batch&&) noexcept = default;

void Store::Batch::put(std::string_view key, std::string_view value) {
  if (!key.empty() && key.front() == own_key_first_byte) {
    throw std::invalid_argument("keys that begin with 0xff belong to the store itself");
  }
  impl_->add(Impl::Kind::put, key, value);
}
void Store::Batch::erase(std::string_view key) { impl_->add(Impl::Kind::erase, key, {}); }
void Store::Batch::erase_range(std::string_view first, std::string_view last) {
  if (!erased_by_range(first) || !erased_by_range(last)) {
    throw std::invalid_argument("ranges are erased only in the tables that core/store/keys.h lists for it");
  }
  impl_->erase_range(first, last);
}
bool Store::Batch::empty() const { return impl_->changes.empty() && impl_->ranges.empty(); }
void Store::Batch::clear() {
  impl_->changes.clear();
  impl_->bytes.clear();
  impl_->ranges.clear();
}

std::optional<std::string> Store::get(std::string_view key) const {
  std::optional<std::string> value(std::in_place);
  if (!get(key, *value)) value.reset();
  return value;
}

bool Store::get(std::string_view key, std::string& value) const {
  RowCache::Ticket ticket;
  const bool cached = read_often(key);
  if (cached && impl_->rows.find(key, value, ticket)) return true;
  // Points into the block cache or the memtable, so that the assignment below is the only copy.
  rocksdb::PinnableSlice found;
  const rocksdb::Status status =
      impl_->db->Get(impl_->read_options, impl_->db->DefaultColumnFamily(), slice(key), &found);
  if (status.IsNotFound()) return false;
  impl_->require(status, "reading");
  value.assign(found.data(), found.size());
  if (cached) impl_->rows.enter(key, value, ticket);
  return true;
}

void Store::write(Batch& batch) {
  auto& told = *batch.impl_;
  RowCache::Closed closed(impl_->rows);
  for (const auto& change : told.changes) {
    const auto key = told.key_of(change);
    if (!read_often(key)) continue;
    closed.close(key,
                 change.kind == Batch::Impl::Kind::put ? std::optional(told.value_of(change)) : std::nullopt);
  }
  auto ordered = told.in_order();
  impl_->require(impl_->db->Write(impl_->write_options, &ordered), "writing");
}

struct Store::Scan::Impl {
  const Store::Impl* store = nullptr;
  std::string first;
  std::string last;  // empty: no bound
  rocksdb::Slice first_slice;
  rocksdb::Slice last_slice;
  std::unique_ptr<rocksdb::Iterator> iterator;

  // An iterator that stops for an I/O error looks like one at its end: only its status tells.
  void check() const {
    if (!iterator->Valid()) store->require(iterator->status(), "scanning");
  }
};

Store::Scan::Scan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Scan::~Scan() = default;
Store::Scan::Scan(Scan&&) noexcept = default;

void Store::Scan::seek(std::string_view key) {
  impl_->iterator->Seek(slice(key));
  impl_->check();
}
void Store::Scan::seek_for_prev(std::string_view key) {
  impl_->iterator->SeekForPrev(slice(key));
  impl_->check();
}
void Store::Scan::to_first() {
  impl_->iterator->SeekToFirst();
  impl_->check();
}
void Store::Scan::to_last() {
  impl_->iterator->SeekToLast();
  impl_->check();
}
void Store::Scan::next() {
  impl_->iterator->Next();
  impl_->check();
}
void Store::Scan::prev() {
  impl_->iterator->Prev();
  impl_->check();
}
bool Store::Scan::valid() const { return impl_->iterator->Valid(); }
std::string_view Store::Scan::key() const { return view(impl_->iterator->key()); }
std::string_view Store::Scan::value() const { return view(impl_->iterator->value()); }

Store::Scan Store::scan(std::string_view prefix) const {
  auto scan = std::make_unique<Scan::Impl>();
  scan->store = impl_.get();
  scan->first = prefix;
  scan->last = prefix.empty() ? std::string(1, own_key_first_byte) : after_prefix(prefix);
  scan->first_slice = scan->first;
  scan->last_slice = scan->last;
  rocksdb::ReadOptions options = impl_->read_options;
  options.iterate_lower_bound = &scan->first_slice;
  if (!scan->last.empty()) options.iterate_upper_bound = &scan->last_slice;
  scan->iterator.reset(impl_->db->NewIterator(options));
  return Scan(std::move(scan));
}

void Store::flush() { impl_->require(impl_->db->Flush(rocksdb::FlushOptions()), "flushing"); }

void Store::compact(std::string_view first, std::string_view last) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  // Without this, a file that is already on the last level keeps what a tombstone has hidden.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Slice begin = slice(first);
  const rocksdb::Slice end = slice(last);
  impl_->require(impl_->db->CompactRange(options, &begin, &end), "compacting");
}

std::expected<void, StoreError> Store::checkpoint(const std::filesystem::path& directory) {
  const auto failed = [&](const rocksdb::Status& status) {
    return std::unexpected(StoreError{fmt::format(
        "a copy of the store {} cannot be made in {} ({}): choose a new directory with space on it",
        impl_->directory.string(), directory.string(), status.ToString())});
  };
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(impl_->db.get(), &made);
  if (!status.ok()) return failed(status);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  status = checkpoint->CreateCheckpoint(directory.string());
  if (!status.ok()) return failed(status);
  return {};
}

std::uint64_t Store::size_on_disk_bytes() const {
  std::uint64_t bytes = 0;
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  return bytes;
}

}  // namespace tenure
