// What every key store does with the keys that it holds: wraps them with the root key, and keeps some at
// hand.
#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/crypto/crypto.h"

namespace tenure {

// Sealed under the root key, it tells a wrong root key at once.
inline constexpr std::string_view root_check_text = "tenure root key";

inline std::string_view text_of(const crypto::Key& key) {
  return {reinterpret_cast<const char*>(key.bytes().data()), key.bytes().size()};
}

inline std::optional<crypto::Key> key_from(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  std::array<std::uint8_t, 32> bytes{};
  std::ranges::copy(text, reinterpret_cast<char*>(bytes.data()));
  return crypto::Key(bytes);
}

// Text that held a key, wiped when it goes.
struct Wiped {
  std::string text;
  ~Wiped() { OPENSSL_cleanse(text.data(), text.size()); }
};

// So that a look-up needs no copy of the owner's name.
struct HashOwner {
  using is_transparent = void;
  std::size_t operator()(std::string_view owner) const { return std::hash<std::string_view>{}(owner); }
};
template <typename T>
using ByOwner = std::unordered_map<std::string, T, HashOwner, std::equal_to<>>;

// Unwrapped keys, bounded: when the newer half is full it becomes the older one, and what was the older one
// is forgotten. Readers share a lock.
class KeyCache {
 public:
  std::optional<crypto::Key> find(std::string_view owner) {
    const std::shared_lock lock(mutex_);
    if (const auto found = newer_.find(owner); found != newer_.end()) return found->second;
    if (const auto found = older_.find(owner); found != older_.end()) return found->second;
    return std::nullopt;
  }
  // How many keys were erased so far.
  std::uint64_t erasures() {
    const std::shared_lock lock(mutex_);
    return erasures_;
  }
  // Keeps the key, unless one was erased since `erasures`: it may have been this one.
  void put(std::string_view owner, const crypto::Key& key, std::uint64_t erasures) {
    const std::unique_lock lock(mutex_);
    if (erasures != erasures_) return;
    if (newer_.size() >= keys_in_memory_max / 2) {
      older_ = std::move(newer_);
      newer_.clear();
    }
    newer_.insert_or_assign(std::string(owner), key);
  }
  void erase(std::string_view owner) {
    const std::unique_lock lock(mutex_);
    ++erasures_;
    if (const auto found = newer_.find(owner); found != newer_.end()) newer_.erase(found);
    if (const auto found = older_.find(owner); found != older_.end()) older_.erase(found);
  }

 private:
  static constexpr std::size_t keys_in_memory_max = 16'384;

  std::shared_mutex mutex_;
  ByOwner<crypto::Key> newer_, older_;
  std::uint64_t erasures_ = 0;
};

}  // namespace tenure
