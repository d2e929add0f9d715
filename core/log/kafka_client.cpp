#include "core/log/kafka_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tenure::kafka {
namespace {

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;

constexpr std::size_t error_text_bytes = 512;
using ErrorText = std::array<char, error_text_bytes>;

ClientEvents& events_of(void* opaque) { return *static_cast<ClientEvents*>(opaque); }

void on_error(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
  ErrorText text{};
  const auto fatal = rd_kafka_fatal_error(handle, text.data(), text.size());
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) return events_of(opaque).on_error(fatal, text.data(), true);
  events_of(opaque).on_error(static_cast<rd_kafka_resp_err_t>(code), reason, false);
}

int on_statistics(rd_kafka_t*, char* json, std::size_t size, void* opaque) {
  events_of(opaque).on_statistics({json, size});
  return 0;  // librdkafka frees it
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  events_of(opaque).on_delivery(*message);
}

std::expected<void, std::string> set(rd_kafka_conf_t& conf, const std::string& name,
                                     const std::string& value) {
  ErrorText text{};
  if (rd_kafka_conf_set(&conf, name.c_str(), value.c_str(), text.data(), text.size()) == RD_KAFKA_CONF_OK)
    return {};
  return std::unexpected(
      fmt::format("the Kafka client does not take {} ({}); correct --kafka-config", name, text.data()));
}

Offsets ask_offsets(rd_kafka_t& client, const std::string& topic, int partitions, std::int64_t which,
                    std::chrono::milliseconds timeout) {
  const Partitions places(rd_kafka_topic_partition_list_new(partitions));
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(places.get(), topic.c_str(), i)->offset = which;
  }
  const auto error = rd_kafka_offsets_for_times(&client, places.get(), static_cast<int>(timeout.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error);
  std::vector<std::uint64_t> offsets;
  for (int i = 0; i < partitions; ++i) {
    const auto& place = places->elems[i];
    if (place.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(place.err);
    if (place.offset < 0) return std::unexpected(RD_KAFKA_RESP_ERR__TIMED_OUT);
    offsets.push_back(static_cast<std::uint64_t>(place.offset));
  }
  return offsets;
}

}  // namespace

std::expected<Handle, std::string> make_client(rd_kafka_type_t type, const KafkaOptions& options,
                                               const Settings& ours, ClientEvents& events) {
  Conf conf(rd_kafka_conf_new());
  // What would make noise on stderr comes as an event instead.
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_opaque(conf.get(), &events);
  rd_kafka_conf_set_error_cb(conf.get(), &on_error);
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &on_delivery);
    rd_kafka_conf_set_stats_cb(conf.get(), &on_statistics);
  }
  Settings all{{"client.id", options.client_id},
               {"socket.nagle.disable", "true"},
               {"socket.timeout.ms", "6000"},  // a broker that answers nothing for so long is taken for gone
               {"reconnect.backoff.ms", "50"},
               {"reconnect.backoff.max.ms", "1000"},
               {"topic.metadata.refresh.interval.ms", "10000"}};
  all.insert(all.end(), options.config.begin(), options.config.end());
  all.emplace_back("bootstrap.servers", options.brokers);
  // An unknown topic must stay unknown: an automatic one would have the wrong settings.
  all.emplace_back("allow.auto.create.topics", "false");
  all.insert(all.end(), ours.begin(), ours.end());
  for (const auto& [name, value] : all) {
    if (type == RD_KAFKA_PRODUCER && name == "allow.auto.create.topics") continue;  // a consumer's setting
    if (auto taken = set(*conf, name, value); !taken) return std::unexpected(taken.error());
  }
  ErrorText text{};
  auto* made = rd_kafka_new(type, conf.get(), text.data(), text.size());
  if (made == nullptr) {
    return std::unexpected(
        fmt::format("the Kafka client cannot start ({}); correct --kafka-config", text.data()));
  }
  (void)conf.release();  // the handle's now
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(made);
  return Handle(made);
}

rd_kafka_resp_err_t Consumer::assign(const rd_kafka_topic_partition_list_t& places) {
  for (int i = 0; i < places.cnt; ++i) {
    const auto& place = places.elems[i];
    of_partitions_.emplace_back(rd_kafka_queue_get_partition(client_.get(), place.topic, place.partition));
  }
  return rd_kafka_assign(client_.get(), &places);
}

// librdkafka 2.0.2 tells a partition whose topic was deleted of that in a queue of the partition's own, which
// nobody reads once the client is closed. What is in there keeps the partition, and the client's end waits
// for that for ever (mended in 2.6.1, pull request 4724). So it goes where it is thrown away.
Consumer::~Consumer() {
  rd_kafka_consumer_close(client_.get());
  const Queue nowhere(rd_kafka_queue_new(client_.get()));
  for (const auto& queue : of_partitions_) rd_kafka_queue_forward(queue.get(), nowhere.get());
  of_partitions_.clear();
}

void ClientEvents::on_statistics(std::string_view json) {
  if (!may_send() && json.find(R"("Assigned")") != std::string_view::npos) may_send_ = true;
}

bool warm_up(rd_kafka_t& producer, const ClientEvents& events, std::chrono::milliseconds timeout) {
  constexpr int poll_ms = 10;
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!events.may_send() && std::chrono::steady_clock::now() < end) rd_kafka_poll(&producer, poll_ms);
  return events.may_send();
}

Offsets ask_begins(rd_kafka_t& client, const std::string& topic, int partitions,
                   std::chrono::milliseconds timeout) {
  return ask_offsets(client, topic, partitions, RD_KAFKA_OFFSET_BEGINNING, timeout);
}

Offsets ask_ends(rd_kafka_t& client, const std::string& topic, int partitions,
                 std::chrono::milliseconds timeout) {
  return ask_offsets(client, topic, partitions, RD_KAFKA_OFFSET_END, timeout);
}

rd_kafka_resp_err_t learn_leaders(rd_kafka_t& client, const std::string& topic,
                                  std::chrono::milliseconds timeout) {
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> handle(
      rd_kafka_topic_new(&client, topic.c_str(), nullptr), &rd_kafka_topic_destroy);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error =
      rd_kafka_metadata(&client, 0, handle.get(), &metadata, static_cast<int>(timeout.count()));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
  return error;
}

void give_up(rd_kafka_t& producer) {
  constexpr int poll_ms = 50;
  rd_kafka_purge(&producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(&producer) > 0) rd_kafka_poll(&producer, poll_ms);
}

bool refuses_us(rd_kafka_resp_err_t code) {
  static constexpr std::array final_errors{RD_KAFKA_RESP_ERR__AUTHENTICATION,
                                           RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
                                           RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                           RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                           RD_KAFKA_RESP_ERR__SSL,
                                           RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM};
  return std::ranges::find(final_errors, code) != final_errors.end();
}

std::string describe(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

}  // namespace tenure::kafka
