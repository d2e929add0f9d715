// What every part that talks to Kafka shares: settings of a connection, handles that close themselves, and
// errors as sentences. Over librdkafka's C API (https://github.com/confluentinc/librdkafka, 2.0.2).
//
// For core/log and the key store: nothing else includes librdkafka.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log/kafka_options.h"

namespace tenure::kafka {

struct DestroyHandle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
struct DestroyMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
struct DestroyPartitions {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
struct DestroyQueue {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct DestroyMetadata {
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using Handle = std::unique_ptr<rd_kafka_t, DestroyHandle>;
using Message = std::unique_ptr<rd_kafka_message_t, DestroyMessage>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyPartitions>;
using Queue = std::unique_ptr<rd_kafka_queue_t, DestroyQueue>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, DestroyMetadata>;

// A client that reads the partitions that it is given. Its end may call its events.
class Consumer {
 public:
  explicit Consumer(Handle client) : client_(std::move(client)) {}
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Once.
  [[nodiscard]] rd_kafka_resp_err_t assign(const rd_kafka_topic_partition_list_t& places);
  [[nodiscard]] rd_kafka_t* get() const { return client_.get(); }

 private:
  Handle client_;
  std::vector<Queue> of_partitions_;
};

// What librdkafka tells of a client. Called on whichever thread polls the handle; must outlive it.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) = 0;
  virtual void on_delivery(const rd_kafka_message_t& message) { (void)message; }

  // Of an idempotent producer: it has its id from the brokers, without which nothing is sent.
  [[nodiscard]] bool may_send() const { return may_send_.load(std::memory_order_relaxed); }
  void on_statistics(std::string_view json);

 private:
  std::atomic<bool> may_send_{false};
};

// How long a broker that stood still, or was cut off, may believe that it still leads and answer with what it
// had then. librdkafka before 2.1 follows it (KIP-320): what contradicts what was read before counts only
// when it lasts longer.
inline constexpr std::chrono::seconds stale_leader_max{10};

using Settings = std::vector<std::pair<std::string, std::string>>;

// `ours` cannot be overridden by the operator's settings. The error names the setting that librdkafka
// refuses.
[[nodiscard]] std::expected<Handle, std::string> make_client(rd_kafka_type_t type,
                                                             const KafkaOptions& options,
                                                             const Settings& ours, ClientEvents& events);

// Of a producer: rd_kafka_queue_yield of it, on any thread, ends the rd_kafka_poll that runs or comes next.
[[nodiscard]] inline Queue polled_by(rd_kafka_t& producer) {
  return Queue(rd_kafka_queue_get_main(&producer));
}

// Learns who leads the topic's partitions. Requests made before that is known would look again only every
// half a second.
[[nodiscard]] rd_kafka_resp_err_t learn_leaders(rd_kafka_t& client, const std::string& topic,
                                                std::chrono::milliseconds timeout);

// The offset of each partition's first record, and how far it is, in the order of their numbers. Not by
// rd_kafka_query_watermark_offsets: that waits for ever when a broker hangs.
using Offsets = std::expected<std::vector<std::uint64_t>, rd_kafka_resp_err_t>;
[[nodiscard]] Offsets ask_begins(rd_kafka_t& client, const std::string& topic, int partitions,
                                 std::chrono::milliseconds timeout);
[[nodiscard]] Offsets ask_ends(rd_kafka_t& client, const std::string& topic, int partitions,
                               std::chrono::milliseconds timeout);

// Waits for the producer's id, so that the first one who sends does not. The client says of it in its
// statistics alone: it needs statistics.interval.ms, and to be polled ever after.
[[nodiscard]] bool warm_up(rd_kafka_t& producer, const ClientEvents& events,
                           std::chrono::milliseconds timeout);

// Gives up what a producer still holds, and tells of each record what became of it.
void give_up(rd_kafka_t& producer);

// Credentials or certificates that the broker does not take: trying again cannot help.
[[nodiscard]] bool refuses_us(rd_kafka_resp_err_t code);
// "Local: Broker transport failure"
[[nodiscard]] std::string describe(rd_kafka_resp_err_t code);

}  // namespace tenure::kafka
