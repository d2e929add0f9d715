// The log on Apache Kafka: a topic, one record a message, any number of processes.
//
// Durable means: on every in-sync replica (acks=all with an idempotent producer). Kafka answers from memory:
// what a power loss of all replicas at once takes is lost, unless the brokers are told to flush
// (flush.messages).
//
// `durable` is said of a record only after this process has read it back, so the order of a partition is the
// brokers'.
#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "core/log/event_log.h"
#include "core/log/kafka_options.h"

namespace tenure {

struct KafkaLogOptions {
  KafkaOptions kafka;
  // Where reading begins, by partition: what the caller has folded already. As many as the topic has
  // partitions.
  std::vector<Offset> from;
  bool read_only = false;  // appends fail, and no producer is made
};

// The topic has been looked at (core/log/kafka_topics.h). Refuses one that ends before `from`. `may_pass`
// when no broker answers within `timeout`.
[[nodiscard]] std::expected<std::unique_ptr<EventLog>, LogError> open_kafka_log(
    const KafkaLogOptions& options, std::chrono::milliseconds timeout);

}  // namespace tenure
