// Data keys in a compacted topic that every node reads: tenure.keys, one partition.
//
//   key ".root"  -> a known text sealed under the root key: tells a wrong root key at once
//   key owner    -> the data key sealed under the root key with the owner as associated data; empty:
//   destroyed
//
// The whole topic is held in memory, wrapped (about 200 bytes a tenant). A commit follows its key: it is
// appended only when the key is on the brokers, so whoever reads the commit finds the key, at most a moment
// later (`may_still_come`).
#pragma once

#include <chrono>
#include <expected>
#include <memory>

#include "core/crypto/key_store.h"
#include "core/log/kafka_options.h"

namespace tenure {

struct KafkaKeyStoreFailure {
  std::string message;    // with the remedy
  bool may_pass = false;  // no broker answers
};

// Reads the topic to its end. `timeout`: how long this, `put` and `destroy` block when no broker answers.
// `read_only`: nothing is ever written to the topic, `put` and `destroy` fail.
[[nodiscard]] std::expected<std::unique_ptr<KeyStore>, KafkaKeyStoreFailure> open_kafka_key_store(
    const KafkaOptions& options, const crypto::Key& root_key, std::chrono::milliseconds timeout,
    bool read_only = false);

}  // namespace tenure
