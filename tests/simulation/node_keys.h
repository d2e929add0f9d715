// The key topic of a simulation, and one node's key store on it: what another node put is there only after a
// delay, and a put may fail, also one that reaches the topic. As in core/crypto/kafka_key_store.cpp, the
// first key of an owner that a node hears of stays.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/crypto/key_store.h"
#include "core/crypto/random.h"
#include "core/time/clock.h"

namespace tenure::simulation {

using KeyTopic = std::vector<KeyStore::NewKey>;

struct KeyFaults {
  // In per mille of the puts.
  std::uint64_t failed = 0, failed_written = 0;
  // In per mille of the turns: nothing new is heard for a while.
  std::uint64_t stalls = 0;
  std::uint64_t stall_max_millis = 0;
};

class NodeKeys final : public KeyStore {
 public:
  NodeKeys(KeyTopic& topic, const Clock& clock, Random& random)
      : topic_(topic), clock_(clock), random_(random) {}

  void set_faults(const KeyFaults& faults) { faults_ = faults; }

  // The process begins: it has read the topic to its end.
  void connect() {
    known_.clear();
    asked_.clear();
    heard_ = 0;
    stalled_until_ = {};
    hear();
  }
  void advance() {
    if (stalled_until_ > clock_.now()) return;
    if (!happens(faults_.stalls)) return hear();
    stalled_until_ = clock_.now() + Duration(1 + random_.below(faults_.stall_max_millis));
  }

  [[nodiscard]] std::optional<crypto::Key> find(std::string_view owner) override {
    const auto found = known_.find(owner);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] bool may_still_come(std::string_view owner) override {
    const auto asked = asked_.try_emplace(std::string(owner), topic_.size()).first;
    return heard_ < asked->second;
  }
  [[nodiscard]] std::expected<void, KeyStoreError> put(const std::vector<NewKey>& keys) override {
    const KeyStoreError error{"simulated"};
    if (happens(faults_.failed)) return std::unexpected(error);
    const bool answered = !happens(faults_.failed_written);
    for (const auto& key : keys) {
      if (known_.contains(key.owner)) continue;
      topic_.push_back(key);
      if (answered) known_.emplace(key.owner, key.key);
    }
    if (!answered) return std::unexpected(error);
    return {};
  }
  [[nodiscard]] std::expected<void, KeyStoreError> destroy(std::string_view) override {
    return std::unexpected(KeyStoreError{"no key is destroyed in this simulation"});
  }
  [[nodiscard]] bool destroyed(std::string_view) override { return false; }

 private:
  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }
  void hear() {
    for (; heard_ < topic_.size(); ++heard_) known_.emplace(topic_[heard_].owner, topic_[heard_].key);
  }

  KeyTopic& topic_;
  const Clock& clock_;
  Random& random_;
  KeyFaults faults_;
  std::size_t heard_ = 0;  // of the topic
  Timestamp stalled_until_;
  std::map<std::string, crypto::Key, std::less<>> known_;
  std::map<std::string, std::size_t>
      asked_;  // owners nothing is known of -> the topic's end when first asked
};

}  // namespace tenure::simulation
