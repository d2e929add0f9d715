// Looks at the topics before anything is written to them: an unsafe or missing one stops the start with the
// command that mends it. Never alters a topic; makes missing ones only when asked to.
//
// Threads: blocks the caller's, at most for `timeout` a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <vector>

#include "core/log/kafka_options.h"

namespace tenure::kafka {

// What a topic of ours has to be like.
struct TopicDemand {
  std::string name;
  int partitions = 1;
  std::map<std::string, std::string> config;            // demanded to the letter
  std::map<std::string, std::string> config_when_made;  // and not looked at afterwards
  std::uint64_t message_bytes_min = 0;                  // max.message.bytes has to be at least this
  bool safe = true;                                     // min.insync.replicas and unclean elections matter
};

[[nodiscard]] TopicDemand log_topic(const KafkaOptions& options, std::uint16_t partitions);
[[nodiscard]] TopicDemand keys_topic(const KafkaOptions& options);
[[nodiscard]] TopicDemand events_topic(const KafkaOptions& options, std::uint16_t partitions);

struct TopicFailure {
  bool may_pass = false;  // nobody answers, or not yet: try again
  std::string message;    // a sentence with the remedy
};

struct Cluster {
  std::string id;
  std::map<std::string, int> partitions;  // of each topic asked for
};

// `create_missing`: with replication min(3, brokers).
[[nodiscard]] std::expected<Cluster, TopicFailure> check_topics(const KafkaOptions& options,
                                                                const std::vector<TopicDemand>& demands,
                                                                bool create_missing,
                                                                std::chrono::milliseconds timeout);

// Topics as they are, without demands; for tools that only read. Makes none, whatever the brokers do when
// they are asked for one that is missing.
[[nodiscard]] std::expected<Cluster, TopicFailure> find_topics(const KafkaOptions& options,
                                                               const std::vector<std::string>& names,
                                                               std::chrono::milliseconds timeout);

}  // namespace tenure::kafka
