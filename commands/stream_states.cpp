#include "commands/stream_states.h"

#include <utility>

#include "core/store/keys.h"

namespace tenure {

StreamStates::Moved StreamStates::move(Partition partition, const StreamName& stream, std::size_t events,
                                       const CommitId& head, AnyState state, Store::Batch& batch) {
  auto& found = find(partition, stream);
  const Version version{found.version.number + events, head};
  auto before = std::exchange(found, {version, std::move(state)});
  keys::Key value('\0');
  value.u64(version.number).id(version.head).rest(encode_state(found.state));
  batch.put(keys::stream_state(partition, stream), std::string_view(value).substr(1));
  return {std::move(before), found};
}

void StreamStates::forget(Partition partition, const StreamName& stream, Store::Batch& batch) {
  find(partition, stream) = {};
  batch.erase(keys::stream_state(partition, stream));
}

StreamState& StreamStates::find(Partition partition, const StreamName& stream) {
  const std::size_t number = to_number(partition);
  if (number >= partitions_.size()) partitions_.resize(number + 1);
  auto& [recent, older] = partitions_[number];
  if (const auto found = recent.find(stream); found != recent.end()) return found->second;
  if (auto node = older.extract(stream)) {
    ++recent_;
    return recent.insert(std::move(node)).position->second;
  }
  StreamState loaded;
  if (const auto value = store_.get(keys::stream_state(partition, stream))) {
    keys::Reader reader(*value);
    loaded.version.number = reader.u64();
    loaded.version.head = reader.id<CommitId>();
    loaded.state = decode_state(reader.rest());
  }
  ++recent_;
  return recent.emplace(stream, std::move(loaded)).first->second;
}

void StreamStates::trim() {
  if (recent_ < streams_max_) return;
  for (auto& [recent, older] : partitions_) older = std::exchange(recent, {});
  recent_ = 0;
}

}  // namespace tenure
