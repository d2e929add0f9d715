// How to reach a Kafka cluster, and which topics of it are ours. No librdkafka here: the settings of a server
// use it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenure {

struct KafkaOptions {
  std::string brokers;  // bootstrap servers: "host:port,host:port"
  std::string topic = "tenure.log";
  std::string keys_topic = "tenure.keys";
  std::string events_topic = "tenure.events";
  // Passed to librdkafka as they are: TLS and SASL.
  std::vector<std::pair<std::string, std::string>> config;
  // An append that was not sent by then has failed; one that was, and is not stored after as long again, has
  // failed or is unknown. Below the time after which a client is told.
  std::chrono::milliseconds append_timeout{4'000};
  std::string client_id = "tenured";
};

}  // namespace tenure
