// Public events on a Kafka topic: an idempotent producer that waits for all in-sync replicas and never gives
// up by itself, so that the records of one key stay in order. A fatal error ends it and a new one begins.
//
// Keys are spread over the topic's partitions as Java clients do it (murmur2).
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "core/log/event_sink.h"
#include "core/log/kafka_options.h"

namespace tenure {

// To `options.events_topic`, which has been looked at (core/log/kafka_topics.h). The error names the setting
// that the client refuses.
[[nodiscard]] std::expected<std::unique_ptr<EventSink>, std::string> open_kafka_event_sink(
    const KafkaOptions& options);

}  // namespace tenure
