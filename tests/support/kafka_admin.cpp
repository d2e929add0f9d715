#include "tests/support/kafka_admin.h"

#include <array>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

namespace tenure::test {
namespace {

constexpr int bound_ms = 30'000;
constexpr int poll_ms = 20;

using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

void demand(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(what + ": " + kafka::describe(error));
}

Event ask(rd_kafka_t& client, const std::string& what, const std::function<void(rd_kafka_queue_t*)>& send) {
  const Queue queue(rd_kafka_queue_new(&client), &rd_kafka_queue_destroy);
  send(queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), bound_ms), &rd_kafka_event_destroy);
  if (!event) throw std::runtime_error(what + ": no answer");
  demand(rd_kafka_event_error(event.get()), what);
  return event;
}

void demand_topic(const rd_kafka_topic_result_t* const* results, std::size_t count, const std::string& what) {
  for (std::size_t i = 0; i < count; ++i) demand(rd_kafka_topic_result_error(results[i]), what);
}

}  // namespace

KafkaAdmin::KafkaAdmin(const std::string& bootstrap) {
  options_.brokers = bootstrap;
  auto made =
      kafka::make_client(RD_KAFKA_PRODUCER, options_, {{"acks", "all"}, {"linger.ms", "0"}}, deliveries_);
  if (!made) throw std::runtime_error(made.error());
  client_ = std::move(*made);
}

void KafkaAdmin::create(const std::string& topic, int partitions,
                        const std::map<std::string, std::string>& config, int replication) {
  std::array<char, 256> text{};
  auto* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, replication, text.data(), text.size());
  for (const auto& [name, value] : config) rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  const auto event = ask(*client_, "create " + topic, [&](auto* queue) {
    rd_kafka_CreateTopics(client_.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_NewTopic_destroy(wanted);
  std::size_t count = 0;
  const auto* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  demand_topic(const_cast<const rd_kafka_topic_result_t* const*>(results), count, "create " + topic);
}

void KafkaAdmin::alter(const std::string& topic, const std::map<std::string, std::string>& config) {
  auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [name, value] : config)
    rd_kafka_ConfigResource_set_config(resource, name.c_str(), value.c_str());
  const auto event = ask(*client_, "alter " + topic, [&](auto* queue) {
    rd_kafka_AlterConfigs(client_.get(), &resource, 1, nullptr, queue);
  });
  rd_kafka_ConfigResource_destroy(resource);
  std::size_t count = 0;
  const auto* results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) demand(rd_kafka_ConfigResource_error(results[i]), "alter " + topic);
}

void KafkaAdmin::remove(const std::string& topic) {
  auto* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
  const auto event = ask(*client_, "remove " + topic, [&](auto* queue) {
    rd_kafka_DeleteTopics(client_.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_DeleteTopic_destroy(wanted);
  std::size_t count = 0;
  const auto* results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  demand_topic(const_cast<const rd_kafka_topic_result_t* const*>(results), count, "remove " + topic);
}

void KafkaAdmin::delete_records(const std::string& topic, int partition, std::int64_t offset) {
  const kafka::Partitions before(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(before.get(), topic.c_str(), partition)->offset = offset;
  auto* wanted = rd_kafka_DeleteRecords_new(before.get());
  (void)ask(*client_, "delete records of " + topic,
            [&](auto* queue) { rd_kafka_DeleteRecords(client_.get(), &wanted, 1, nullptr, queue); });
  rd_kafka_DeleteRecords_destroy(wanted);
}

void KafkaAdmin::produce(const std::string& topic, int partition, std::string_view key,
                         std::string_view value) {
  deliveries_.delivered = false;
  demand(rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                           RD_KAFKA_V_KEY(key.data(), key.size()),
                           RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
         "produce to " + topic);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(bound_ms);
  while (!deliveries_.delivered && std::chrono::steady_clock::now() < end)
    rd_kafka_poll(client_.get(), poll_ms);
  demand(deliveries_.delivered ? deliveries_.error : RD_KAFKA_RESP_ERR__TIMED_OUT, "produce to " + topic);
}

std::vector<KafkaAdmin::Record> KafkaAdmin::read_all(const std::string& topic) {
  const int partitions = metadata(topic)->topics[0].partition_cnt;
  Deliveries events;
  auto made = kafka::make_client(RD_KAFKA_CONSUMER, options_,
                                 {{"group.id", "test"},
                                  {"enable.auto.commit", "false"},
                                  {"auto.offset.reset", "earliest"},
                                  {"enable.partition.eof", "true"}},
                                 events);
  if (!made) throw std::runtime_error(made.error());
  const kafka::Partitions assigned(rd_kafka_topic_partition_list_new(partitions));
  // Offset 0, because the client takes a second to ask where a partition begins.
  for (int i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(assigned.get(), topic.c_str(), i)->offset = 0;
  demand(rd_kafka_assign(made->get(), assigned.get()), "read " + topic);
  std::vector<Record> records;
  int at_end = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(bound_ms);
  while (at_end < partitions) {
    if (std::chrono::steady_clock::now() > end) demand(RD_KAFKA_RESP_ERR__TIMED_OUT, "read " + topic);
    const kafka::Message message(rd_kafka_consumer_poll(made->get(), poll_ms));
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++at_end;
      continue;
    }
    demand(message->err, "read " + topic);
    auto& record = records.emplace_back();
    record.key.assign(static_cast<const char*>(message->key), message->key_len);
    record.value.assign(static_cast<const char*>(message->payload), message->len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message.get(), &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers[name] = std::string(static_cast<const char*>(value), size);
    }
  }
  rd_kafka_consumer_close(made->get());
  return records;
}

int KafkaAdmin::leader(const std::string& topic, int partition) {
  return metadata(topic)->topics[0].partitions[partition].leader;
}

kafka::Metadata KafkaAdmin::metadata(const std::string& topic) {
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> handle(
      rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr), &rd_kafka_topic_destroy);
  const rd_kafka_metadata_t* found = nullptr;
  demand(rd_kafka_metadata(client_.get(), 0, handle.get(), &found, bound_ms), "metadata of " + topic);
  return kafka::Metadata(found);
}

}  // namespace tenure::test
