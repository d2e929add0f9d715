#include "api/last_used.h"

#include <mutex>

#include "core/store/keys.h"

namespace tenure {
namespace {

constexpr auto written_every = std::chrono::minutes(1);

std::string key_of(TokenId token) { return keys::Key('z').u8('u').id(token).str(); }

}  // namespace

void LastUsed::touch(TokenId token, Timestamp now) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = uses_.find(token); found != uses_.end()) {
      found->second->used_millis.store(to_unix_millis(now), std::memory_order_relaxed);
      return;
    }
  }
  const std::unique_lock lock(mutex_);
  auto& use = uses_[token];
  if (!use) use = std::make_unique<Use>();
  use->used_millis = to_unix_millis(now);
}

std::optional<Timestamp> LastUsed::of(TokenId token) const {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = uses_.find(token); found != uses_.end())
      return from_unix_millis(found->second->used_millis);
  }
  const auto written = store_.get(key_of(token));
  if (!written) return std::nullopt;
  return keys::Reader(*written).time();
}

void LastUsed::write_back(Store& store, Timestamp now) {
  Store::Batch batch;
  const std::unique_lock lock(mutex_);
  for (auto each = uses_.begin(); each != uses_.end();) {
    auto& use = *each->second;
    const auto used = use.used_millis.load();
    if (used == use.written_millis) {
      each = uses_.erase(each);
      continue;
    }
    if (now - from_unix_millis(use.written_millis) >= written_every) {
      batch.put(key_of(each->first), keys::u64(static_cast<std::uint64_t>(used)));
      use.written_millis = used;
    }
    ++each;
  }
  if (!batch.empty()) store.write(batch);
}

}  // namespace tenure
