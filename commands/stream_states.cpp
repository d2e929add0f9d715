#include "commands/stream_states.h"

#include "core/store/keys.h"

namespace tenure {

StreamState& StreamStates::change(Partition partition, const StreamName& stream, std::size_t events,
                                  const CommitId& head) {
  auto& found = find(partition, stream);
  found.version = {found.version.number + events, head};
  return found;
}

void StreamStates::save(Partition partition, const StreamName& stream, Store::Batch& batch) {
  const auto& saved = find(partition, stream);
  keys::Key value('\0');
  value.u64(saved.version.number).id(saved.version.head).rest(encode_state(saved.state));
  batch.put(keys::stream_state(partition, stream), std::string_view(value).substr(1));
}

void StreamStates::forget(Partition partition, const StreamName& stream, Store::Batch& batch) {
  find(partition, stream) = {};
  batch.erase(keys::stream_state(partition, stream));
}

StreamState& StreamStates::find(Partition partition, const StreamName& stream) {
  const auto key = keys::stream_state(partition, stream);
  if (const auto found = recent_.find(key); found != recent_.end()) return found->second;
  if (auto node = older_.extract(key)) return recent_.insert(std::move(node)).position->second;
  StreamState loaded;
  if (const auto value = store_.get(key)) {
    keys::Reader reader(*value);
    loaded.version.number = reader.u64();
    loaded.version.head = reader.id<CommitId>();
    loaded.state = decode_state(reader.rest());
  }
  return recent_.emplace(key, std::move(loaded)).first->second;
}

void StreamStates::trim() {
  if (recent_.size() < streams_max_) return;
  older_ = std::move(recent_);
  recent_.clear();
}

}  // namespace tenure
