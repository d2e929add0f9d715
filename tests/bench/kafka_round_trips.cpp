// What Kafka alone costs: kafka_round_trips BROKERS TOPIC WRITERS SECONDS [BYTES]
//
// Each of WRITERS produces a record of BYTES to partition 0 of TOPIC, waits until it is read back, and
// produces the next: what a command must do at least. Bare librdkafka, an idempotent producer that waits for
// all in-sync replicas. Prints one line of JSON: round trips, how long it took, and percentiles of their
// latency.
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/log/kafka_topics.h"

namespace {

using namespace tenure;
using Clock = std::chrono::steady_clock;
using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr int poll_ms = 1'000;
constexpr int partition = 0;
constexpr std::size_t bytes_default = 900;
constexpr std::chrono::seconds create_bound{30};

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "kafka_round_trips: {}\n", why);
  std::_Exit(1);
}

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Client = std::unique_ptr<rd_kafka_t, Destroy>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy>;
using Message = std::unique_ptr<rd_kafka_message_t, Destroy>;

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) die(rd_kafka_err2str(message->err));
}

Client make(rd_kafka_type_t type, const Settings& settings) {
  auto* config = rd_kafka_conf_new();
  char error[512];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(config, name.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
      die(error);
  }
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(config, on_delivery);
  Client client(rd_kafka_new(type, config, error, sizeof error));
  if (!client) die(error);
  return client;
}

// The same topic as a log of one partition.
void make_topic(const std::string& brokers, const std::string& topic) {
  KafkaOptions options;
  options.brokers = brokers;
  options.topic = topic;
  const auto end = Clock::now() + create_bound;
  while (true) {
    const auto made = kafka::check_topics(options, {kafka::log_topic(options, 1)}, true, create_bound);
    if (made) return;
    if (!made.error().may_pass || Clock::now() > end) die(made.error().message);
  }
}

class RoundTrips {
 public:
  RoundTrips(const std::string& brokers, const std::string& topic, std::size_t writers, std::size_t bytes)
      : producer_(make(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers},
                                           {"enable.idempotence", "true"},
                                           {"acks", "all"},
                                           {"linger.ms", "0"}})),
        consumer_(make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                           {"group.id", "unused"},
                                           {"fetch.wait.max.ms", "500"},
                                           {"check.crcs", "true"}})),
        out_(rd_kafka_topic_new(producer_.get(), topic.c_str(), nullptr)),
        in_(rd_kafka_topic_new(consumer_.get(), topic.c_str(), nullptr)),
        sent_(writers),
        record_(std::max(bytes, sizeof(std::size_t)), 'r') {
    if (rd_kafka_consume_start(in_.get(), partition, RD_KAFKA_OFFSET_END) != 0)
      die("the topic cannot be read");
    warm_up();
  }
  ~RoundTrips() { rd_kafka_consume_stop(in_.get(), partition); }
  RoundTrips(const RoundTrips&) = delete;
  RoundTrips& operator=(const RoundTrips&) = delete;

  void run(Clock::duration time) {
    const auto begin = Clock::now();
    const auto end = begin + time;
    for (std::size_t writer = 0; writer < sent_.size(); ++writer) send(writer);
    std::size_t open = sent_.size();
    while (open > 0) {
      const auto writer = receive();
      const auto now = Clock::now();
      latencies_.push_back(now - sent_[writer]);
      now < end ? send(writer) : void(--open);
    }
    print(Clock::now() - begin);
  }

 private:
  // Leaders and the producer's id are known and the reader waits at the end.
  void warm_up() {
    for (int reached = 0; reached == 0;) {
      send(0);
      const Message message(rd_kafka_consume(in_.get(), partition, poll_ms));
      reached = message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? 1 : 0;
    }
    rd_kafka_flush(producer_.get(), poll_ms);
    while (const Message rest{rd_kafka_consume(in_.get(), partition, poll_ms)}) {
    }
  }
  void send(std::size_t writer) {
    std::memcpy(record_.data(), &writer, sizeof writer);
    sent_[writer] = Clock::now();
    const auto failed = rd_kafka_produce(out_.get(), partition, RD_KAFKA_MSG_F_COPY, record_.data(),
                                         record_.size(), nullptr, 0, nullptr);
    if (failed != 0) die(rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(producer_.get(), 0);
  }
  std::size_t receive() {
    while (true) {
      const Message message(rd_kafka_consume(in_.get(), partition, poll_ms));
      rd_kafka_poll(producer_.get(), 0);
      if (!message || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) continue;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) die(rd_kafka_message_errstr(message.get()));
      std::size_t writer{};
      std::memcpy(&writer, message->payload, sizeof writer);
      return writer;
    }
  }
  void print(Clock::duration took) {
    std::ranges::sort(latencies_);
    const auto micros = [](Clock::duration duration) {
      return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    };
    const auto at = [&](std::size_t percent) {
      return micros(latencies_[(latencies_.size() - 1) * percent / 100]);
    };
    fmt::print("{{\"round_trips\":{},\"duration_us\":{},\"p50_us\":{},\"p99_us\":{}}}\n", latencies_.size(),
               micros(took), at(50), at(99));
  }

  Client producer_, consumer_;
  Topic out_, in_;
  std::vector<Clock::time_point> sent_;
  std::vector<Clock::duration> latencies_;
  std::string record_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) die("usage: kafka_round_trips BROKERS TOPIC WRITERS SECONDS [BYTES]");
  make_topic(argv[1], argv[2]);
  RoundTrips round_trips(argv[1], argv[2], std::stoull(argv[3]),
                         argc > 5 ? std::stoull(argv[5]) : bytes_default);
  round_trips.run(std::chrono::seconds(std::stoll(argv[4])));
  return 0;
}
