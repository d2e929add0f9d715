#include "core/log/kafka_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <memory>
#include <mutex>
#include <optional>

#include "core/limits.h"
#include "core/log/kafka_client.h"

namespace tenure::kafka {
namespace {

constexpr int replication_wanted = 3;
constexpr int replication_with_a_spare = 3;  // from here on one replica may be away while two are demanded
constexpr std::size_t record_overhead_bytes = 64U << 10U;
constexpr std::chrono::milliseconds events_kept = std::chrono::days(7);
constexpr std::string_view max_message_bytes = "max.message.bytes";

using Config = std::map<std::string, std::string>;

// Remembers a refusal that no request reports: a broker that does not take our credentials just never
// answers.
class Refusals final : public ClientEvents {
 public:
  void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool) override {
    const std::lock_guard lock(mutex_);
    last_ = fmt::format("{} ({})", describe(code), reason);
    refused_ = refused_ || refuses_us(code);
  }
  [[nodiscard]] bool refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }
  [[nodiscard]] std::string last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::string last_;
  bool refused_ = false;
};

struct DestroyQueue {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct DestroyEvent {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
struct DestroyOptions {
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
};
struct DestroyNewTopic {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
struct DestroyResource {
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
};
using Event = std::unique_ptr<rd_kafka_event_t, DestroyEvent>;

struct Topic {
  rd_kafka_resp_err_t error{};
  int partitions = 0;
  int replication = 0;
};

// One client for the requests of one check.
class Admin {
 public:
  Admin(const KafkaOptions& options, std::chrono::milliseconds timeout,
        rd_kafka_type_t type = RD_KAFKA_PRODUCER)
      : options_(options), timeout_(timeout), type_(type) {}

  std::expected<void, TopicFailure> connect() {
    auto made = make_client(type_, options_, {}, refusals_);
    if (!made) return std::unexpected(TopicFailure{false, made.error()});
    client_ = std::move(*made);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto error = rd_kafka_metadata(client_.get(), 0, nullptr, &metadata, timeout_ms());
    rd_kafka_poll(client_.get(), 0);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(no_answer(error));
    const Metadata owned(metadata);
    brokers_ = metadata->broker_cnt;
    std::unique_ptr<char, void (*)(char*)> id(rd_kafka_clusterid(client_.get(), timeout_ms()),
                                              [](char* text) { rd_kafka_mem_free(nullptr, text); });
    if (id) cluster_id_ = id.get();
    return {};
  }

  [[nodiscard]] int brokers() const { return brokers_; }
  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }

  // A broker's metadata may be of a moment ago: a topic that is missing is looked for once more.
  std::expected<Topic, TopicFailure> topic(const std::string& name) {
    std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> handle(
        rd_kafka_topic_new(client_.get(), name.c_str(), nullptr), &rd_kafka_topic_destroy);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto error = rd_kafka_metadata(client_.get(), 0, handle.get(), &metadata, timeout_ms());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(no_answer(error));
    const Metadata owned(metadata);
    if (metadata->topic_cnt != 1)
      return std::unexpected(TopicFailure{true, "the brokers say nothing of topic " + name});
    const auto& found = metadata->topics[0];
    Topic topic{.error = found.err, .partitions = found.partition_cnt, .replication = 0};
    if (found.partition_cnt > 0) topic.replication = found.partitions[0].replica_cnt;
    return topic;
  }

  std::expected<Config, TopicFailure> config(const std::string& name) {
    std::unique_ptr<rd_kafka_ConfigResource_t, DestroyResource> resource(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    auto* wanted = resource.get();
    auto event = ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, [&](auto* options, auto* queue) {
      rd_kafka_DescribeConfigs(client_.get(), &wanted, 1, options, queue);
    });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    const auto* resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event->get()), &count);
    Config config;
    if (count != 1) return config;
    if (const auto error = rd_kafka_ConfigResource_error(resources[0]); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return std::unexpected(
          TopicFailure{!refuses_us(error),
                       fmt::format("the settings of topic {} cannot be read ({}); allow this client to "
                                   "DescribeConfigs on it",
                                   name, describe(error))});
    }
    const auto* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto* value = rd_kafka_ConfigEntry_value(entries[i]);
      config[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "" : value;
    }
    return config;
  }

  std::expected<void, TopicFailure> create(const TopicDemand& demand, const Config& config, int replication) {
    std::array<char, 512> text{};
    std::unique_ptr<rd_kafka_NewTopic_t, DestroyNewTopic> topic(
        rd_kafka_NewTopic_new(demand.name.c_str(), demand.partitions, replication, text.data(), text.size()));
    if (!topic)
      return std::unexpected(TopicFailure{false, fmt::format("topic {}: {}", demand.name, text.data())});
    for (const auto& [name, value] : config)
      rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
    auto* wanted = topic.get();
    auto event = ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, [&](auto* options, auto* queue) {
      rd_kafka_CreateTopics(client_.get(), &wanted, 1, options, queue);
    });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    const auto* results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
    const auto error = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
    // Another node that starts at the same time was faster.
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
    const auto* why = count == 1 ? rd_kafka_topic_result_error_string(results[0]) : nullptr;
    return std::unexpected(TopicFailure{false, fmt::format("topic {} cannot be made ({})", demand.name,
                                                           why == nullptr ? describe(error) : why)});
  }

 private:
  [[nodiscard]] int timeout_ms() const { return static_cast<int>(timeout_.count()); }

  TopicFailure no_answer(rd_kafka_resp_err_t error) const {
    if (refusals_.refused()) {
      return {false, fmt::format("Kafka at {} refuses this client: {}; correct --kafka-config",
                                 options_.brokers, refusals_.last())};
    }
    return {true, fmt::format("no Kafka broker answers at {}: {}", options_.brokers,
                              refusals_.last().empty() ? describe(error) : refusals_.last())};
  }

  template <class Send>
  std::expected<Event, TopicFailure> ask(rd_kafka_admin_op_t operation, Send send) {
    std::unique_ptr<rd_kafka_AdminOptions_t, DestroyOptions> options(
        rd_kafka_AdminOptions_new(client_.get(), operation));
    std::array<char, 512> text{};
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms(), text.data(), text.size());
    std::unique_ptr<rd_kafka_queue_t, DestroyQueue> queue(rd_kafka_queue_new(client_.get()));
    send(options.get(), queue.get());
    Event event(rd_kafka_queue_poll(queue.get(), 2 * timeout_ms()));
    if (!event) return std::unexpected(no_answer(RD_KAFKA_RESP_ERR__TIMED_OUT));
    const auto error = rd_kafka_event_error(event.get());
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return event;
    if (refuses_us(error)) {
      return std::unexpected(TopicFailure{
          false, fmt::format("Kafka does not allow it: {}", rd_kafka_event_error_string(event.get()))});
    }
    return std::unexpected(no_answer(error));
  }

  const KafkaOptions& options_;
  const std::chrono::milliseconds timeout_;
  const rd_kafka_type_t type_;
  Refusals refusals_;
  Handle client_;
  int brokers_ = 0;
  std::string cluster_id_;
};

std::uint64_t number(const Config& config, std::string_view name) {
  const auto found = config.find(std::string(name));
  std::uint64_t value = 0;
  if (found != config.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  }
  return value;
}

// What the topic has to be like.
Config config_for(const TopicDemand& demand, int replication) {
  auto config = demand.config;
  if (demand.message_bytes_min > 0)
    config[std::string(max_message_bytes)] = std::to_string(demand.message_bytes_min);
  if (demand.safe) config["unclean.leader.election.enable"] = "false";
  if (demand.safe && replication >= replication_with_a_spare) config["min.insync.replicas"] = "2";
  return config;
}

Config config_to_make(const TopicDemand& demand, int replication) {
  auto config = config_for(demand, replication);
  config.insert(demand.config_when_made.begin(), demand.config_when_made.end());
  return config;
}

std::string create_command(const KafkaOptions& options, const TopicDemand& demand, int replication) {
  auto command = fmt::format(
      "kafka-topics.sh --bootstrap-server {} --create --topic {} --partitions {} --replication-factor {}",
      options.brokers, demand.name, demand.partitions, replication);
  for (const auto& [name, value] : config_to_make(demand, replication))
    command += fmt::format(" --config {}={}", name, value);
  return command;
}

// What has to be altered, as the settings that would do; empty when the topic is safe.
Config unsafe(const TopicDemand& demand, const Topic& topic, const Config& found) {
  Config wrong;
  for (const auto& [name, wanted] : config_for(demand, topic.replication)) {
    const auto is = found.find(name);
    const bool at_least = name == max_message_bytes || name == "min.insync.replicas";
    const bool good = at_least ? number(found, name) >= number(config_for(demand, topic.replication), name)
                               : is != found.end() && is->second == wanted;
    if (!good) wrong[name] = wanted;
  }
  return wrong;
}

std::expected<void, TopicFailure> check(Admin& admin, const KafkaOptions& options, const TopicDemand& demand,
                                        const Topic& topic) {
  if (topic.partitions != demand.partitions) {
    return std::unexpected(TopicFailure{
        false,
        fmt::format(
            "topic {} has {} partitions and {} are asked for, but their number is fixed for ever; start with "
            "--partitions {}, or name another topic",
            demand.name, topic.partitions, demand.partitions, std::max(1, topic.partitions - 1))});
  }
  const auto found = admin.config(demand.name);
  if (!found) return std::unexpected(found.error());
  const auto wrong = unsafe(demand, topic, *found);
  if (wrong.empty()) return {};
  std::string changes;
  std::string is;
  for (const auto& [name, value] : wrong) {
    const auto now = found->find(name);
    changes += fmt::format("{}{}={}", changes.empty() ? "" : ",", name, value);
    is += fmt::format("{}{} is {}", is.empty() ? "" : ", ", name,
                      now == found->end() ? "unknown" : now->second);
  }
  return std::unexpected(
      TopicFailure{false, fmt::format("topic {} is not safe: {}. Run: kafka-configs.sh --bootstrap-server {} "
                                      "--alter --entity-type topics "
                                      "--entity-name {} --add-config {}",
                                      demand.name, is, options.brokers, demand.name, changes)});
}

}  // namespace

TopicDemand log_topic(const KafkaOptions& options, std::uint16_t partitions) {
  return {.name = options.topic,
          .partitions = partitions,
          .config = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}},
          .message_bytes_min = limits::log_record_bytes_max + record_overhead_bytes};
}

TopicDemand keys_topic(const KafkaOptions& options) {
  return {.name = options.keys_topic, .partitions = 1, .config = {{"cleanup.policy", "compact"}}};
}

TopicDemand events_topic(const KafkaOptions& options, std::uint16_t partitions) {
  return {.name = options.events_topic,
          .partitions = partitions,
          .config = {{"cleanup.policy", "delete"}},
          .config_when_made = {{"retention.ms", std::to_string(events_kept.count())}},
          .message_bytes_min = limits::log_record_bytes_max + record_overhead_bytes,
          .safe = false};
}

std::expected<Cluster, TopicFailure> check_topics(const KafkaOptions& options,
                                                  const std::vector<TopicDemand>& demands,
                                                  bool create_missing, std::chrono::milliseconds timeout) {
  Admin admin(options, timeout);
  if (auto connected = admin.connect(); !connected) return std::unexpected(connected.error());
  const int replication = std::min(replication_wanted, std::max(1, admin.brokers()));
  Cluster cluster{.id = admin.cluster_id(), .partitions = {}};
  for (const auto& demand : demands) {
    auto topic = admin.topic(demand.name);
    if (!topic) return std::unexpected(topic.error());
    const auto missing = [](const Topic& found) {
      return found.error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    };
    if (missing(*topic) && create_missing) {
      if (auto made = admin.create(demand, config_to_make(demand, replication), replication); !made)
        return std::unexpected(made.error());
      // Until the brokers have heard of it, the start tries again.
      return std::unexpected(TopicFailure{true, fmt::format("topic {} was made", demand.name)});
    }
    if (missing(*topic)) {
      return std::unexpected(
          TopicFailure{false, fmt::format("there is no topic {}; start with --create-topics, or run: {}",
                                          demand.name, create_command(options, demand, replication))});
    }
    if (topic->error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return std::unexpected(TopicFailure{!refuses_us(topic->error),
                                          fmt::format("topic {}: {}", demand.name, describe(topic->error))});
    }
    if (auto checked = check(admin, options, demand, *topic); !checked)
      return std::unexpected(checked.error());
    cluster.partitions[demand.name] = topic->partitions;
  }
  return cluster;
}

std::expected<Cluster, TopicFailure> find_topics(const KafkaOptions& options,
                                                 const std::vector<std::string>& names,
                                                 std::chrono::milliseconds timeout) {
  // A producer's question alone would make a topic where the brokers make them by themselves.
  Admin admin(options, timeout, RD_KAFKA_CONSUMER);
  if (auto connected = admin.connect(); !connected) return std::unexpected(connected.error());
  Cluster cluster{.id = admin.cluster_id(), .partitions = {}};
  for (const auto& name : names) {
    const auto topic = admin.topic(name);
    if (!topic) return std::unexpected(topic.error());
    if (topic->error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      return std::unexpected(TopicFailure{
          false, fmt::format("there is no topic {} at {}; check the name", name, options.brokers)});
    }
    if (topic->error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return std::unexpected(
          TopicFailure{!refuses_us(topic->error), fmt::format("topic {}: {}", name, describe(topic->error))});
    }
    cluster.partitions[name] = topic->partitions;
  }
  return cluster;
}

}  // namespace tenure::kafka
