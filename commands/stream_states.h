// The folded version and state of every stream: a bounded cache over the store.
//
// Threads: one. The fold moves the streams, the executor reads.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "commands/events.h"
#include "core/log/position.h"
#include "core/store/store.h"

namespace tenure {

struct StreamState {
  Version version;
  AnyState state;  // monostate when version.number is 0
};

class StreamStates {
 public:
  // Keeps about `streams_max` to twice as many in memory.
  StreamStates(const Store& store, std::size_t streams_max) : store_(store), streams_max_(streams_max) {}

  // Valid until `trim`. Throws codec::DecodeError when the store's bytes are not understood.
  [[nodiscard]] const StreamState& get(Partition partition, const StreamName& stream) {
    return find(partition, stream);
  }
  // The stream has `state` after `events` more events, which `head` brought; this goes into the batch.
  // `after` is valid until `trim`.
  struct Moved {
    StreamState before;
    const StreamState& after;
  };
  Moved move(Partition partition, const StreamName& stream, std::size_t events, const CommitId& head,
             AnyState state, Store::Batch& batch);
  // An idempotency key has grown old: its stream exists no more.
  void forget(Partition partition, const StreamName& stream, Store::Batch& batch);
  // Lets go of what was not used lately. Only while everything saved is in the store.
  void trim();

 private:
  [[nodiscard]] StreamState& find(Partition partition, const StreamName& stream);

  using Cache = std::unordered_map<StreamName, StreamState>;
  struct Caches {  // of one partition
    Cache recent, older;
  };

  const Store& store_;
  const std::size_t streams_max_;
  std::vector<Caches> partitions_;
  std::size_t recent_ = 0;  // in the recent caches of all partitions
};

}  // namespace tenure
