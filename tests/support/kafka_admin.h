// What an operator, or a stranger, does to topics behind Tenure's back.
//
// Every call blocks until the brokers have done it, and throws std::runtime_error when they have not within
// 30 s.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/kafka_client.h"

namespace tenure::test {

class KafkaAdmin {
 public:
  explicit KafkaAdmin(const std::string& bootstrap);

  void create(const std::string& topic, int partitions, const std::map<std::string, std::string>& config,
              int replication = 1);
  // Replaces all settings of the topic.
  void alter(const std::string& topic, const std::map<std::string, std::string>& config);
  void remove(const std::string& topic);
  // Deletes all records of a partition below `offset`.
  void delete_records(const std::string& topic, int partition, std::int64_t offset);
  void produce(const std::string& topic, int partition, std::string_view key, std::string_view value);

  struct Record {
    std::string key, value;
    std::map<std::string, std::string> headers;
  };
  // Everything that a topic holds now; the records of one partition are in their order.
  [[nodiscard]] std::vector<Record> read_all(const std::string& topic);
  // The broker that leads a partition.
  [[nodiscard]] int leader(const std::string& topic, int partition);

 private:
  class Deliveries final : public kafka::ClientEvents {
   public:
    void on_error(rd_kafka_resp_err_t, std::string_view, bool) override {}
    void on_delivery(const rd_kafka_message_t& message) override {
      delivered = true;
      error = message.err;
    }
    bool delivered = false;
    rd_kafka_resp_err_t error{};
  };

  [[nodiscard]] kafka::Metadata metadata(const std::string& topic);

  KafkaOptions options_;
  Deliveries deliveries_;
  kafka::Handle client_;
};

}  // namespace tenure::test
