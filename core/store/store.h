// The local store: one RocksDB that holds everything a node has folded from the log.
//
// It is a cache of the log. It keeps no write-ahead log of its own: after a crash it opens at an earlier
// point of the log (its `next_offset` keys say which) and the fold goes on from there. A batch is applied
// whole or not at all, also across a crash. core/store/keys.h documents every key.
//
// Threads: everything but `Batch` may be used from any thread. A Batch belongs to one thread.
// Lifetime: a Scan must not outlive its Store.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tenure {

struct StoreError {
  std::string message;  // names the directory and the remedy
};

class Store {
 public:
  enum class Mode {
    read_write,  // exclusive
    read_only,   // beside a running server or on a copy: sees what was flushed when it was opened
  };

  // Creates the directory when it is missing (read_write only). A store written by a newer format, or one
  // that is damaged, is refused.
  [[nodiscard]] static std::expected<std::unique_ptr<Store>, StoreError> open(
      const std::filesystem::path& directory, Mode mode);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // A set of changes that `write` applies atomically, in order (the last word on a key counts).
  class Batch {
   public:
    Batch();
    ~Batch();
    Batch(Batch&&) noexcept;
    Batch& operator=(Batch&&) noexcept;
    void put(std::string_view key, std::string_view value);
    void erase(std::string_view key);
    // Erases every key in [first, last), both in tables of `keys::tables_erased_by_range`.
    void erase_range(std::string_view first, std::string_view last);
    [[nodiscard]] bool empty() const;
    void clear();

   private:
    friend class Store;
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

  [[nodiscard]] std::optional<std::string> get(std::string_view key) const;
  // Like `get`, into `value`, whose capacity is reused; false when the key is absent.
  [[nodiscard]] bool get(std::string_view key, std::string& value) const;

  // Throws StoreFailure on an I/O error: the store must then be treated as lost and the node stops.
  void write(Batch& batch);

  // A consistent view of the keys that begin with a prefix, in byte order, as of its creation.
  class Scan {
   public:
    ~Scan();
    Scan(Scan&&) noexcept;
    void seek(std::string_view key);           // to the first key >= key
    void seek_for_prev(std::string_view key);  // to the last key <= key
    void to_first();
    void to_last();
    void next();
    void prev();
    [[nodiscard]] bool valid() const;  // false once outside the prefix
    [[nodiscard]] std::string_view key() const;
    [[nodiscard]] std::string_view value() const;

   private:
    friend class Store;
    struct Impl;
    explicit Scan(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
  };
  [[nodiscard]] Scan scan(std::string_view prefix) const;

  // Makes everything written so far survive a crash without a replay of the log.
  void flush();
  // Rewrites the files that hold [first, last] so that erased values are physically gone.
  void compact(std::string_view first, std::string_view last);
  // A consistent copy in `directory`, which must not exist yet (hard links where possible).
  [[nodiscard]] std::expected<void, StoreError> checkpoint(const std::filesystem::path& directory);
  [[nodiscard]] std::uint64_t size_on_disk_bytes() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// An I/O error of the store. Not recoverable in this process.
class StoreFailure : public std::exception {
 public:
  explicit StoreFailure(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

}  // namespace tenure
