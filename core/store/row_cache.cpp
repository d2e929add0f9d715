#include "core/store/row_cache.h"

#include <functional>

namespace tenure {

RowCache::Slot& RowCache::slot_of(std::string_view key) {
  return slots_[std::hash<std::string_view>{}(key) % slots_count];
}

bool RowCache::find(std::string_view key, std::string& value, Ticket& ticket) {
  auto& slot = slot_of(key);
  const std::lock_guard lock(slot.mutex);
  ticket.writes = slot.writes;
  if (slot.writers > 0 || slot.key != key || key.empty()) return false;
  value = slot.value;
  return true;
}

void RowCache::enter(std::string_view key, std::string_view value, const Ticket& ticket) {
  if (value.size() > value_bytes_max) return;
  auto& slot = slot_of(key);
  const std::lock_guard lock(slot.mutex);
  if (slot.writers > 0 || slot.writes != ticket.writes) return;
  slot.key = key;
  slot.value = value;
}

void RowCache::Closed::close(std::string_view key, std::optional<std::string_view> value) {
  auto& slot = cache_.slot_of(key);
  slots_.push_back(&slot);
  const std::lock_guard lock(slot.mutex);
  ++slot.writers;
  ++slot.writes;
  const bool alone = slot.writers == 1;  // of two, the store decides whose row stays
  if (alone && slot.key == key && value && value->size() <= value_bytes_max) {
    slot.value = *value;
  } else {
    slot.key.clear();
  }
}

RowCache::Closed::~Closed() {
  for (auto* slot : slots_) {
    const std::lock_guard lock(slot->mutex);
    --slot->writers;
    ++slot->writes;  // a reader that came while it was closed may have found the old row
  }
}

}  // namespace tenure
