// Appends records to the log's topic with an idempotent producer that waits for all in-sync replicas.
//
// What is appended while a request is under way goes together in the next one: batches grow with the load,
// and nothing waits for a batch to fill. A fatal error of the client ends it and a new one begins.
//
// Threads: `append` may be called from any thread. Answers come on the appender's thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/log/event_log.h"
#include "core/log/kafka_client.h"

namespace tenure::kafka {

class Appender final : public ClientEvents {
 public:
  // Told once of every append; `durable` says the offset.
  using Answered = std::function<void(Partition, EventLog::Appended, AppendResult)>;
  Appender(KafkaOptions options, Answered answered);
  // What was not sent has failed; what was on its way is unknown.
  ~Appender() override;

  // Returns once it may send.
  [[nodiscard]] std::expected<void, LogError> start(std::chrono::milliseconds timeout);
  void append(Partition partition, std::string record, EventLog::Appended done);

  void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) override;
  void on_delivery(const rd_kafka_message_t& message) override;

 private:
  struct Pending {
    Partition partition;
    EventLog::Appended done;
  };
  struct DestroyTopic {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };

  void run();
  [[nodiscard]] std::expected<void, std::string> connect();
  void end_client();
  void refuse(Partition partition, EventLog::Appended done, std::string why);

  const KafkaOptions options_;
  const Answered answered_;
  std::mutex mutex_;
  Handle client_;  // guarded by mutex_, like what follows
  std::unique_ptr<rd_kafka_topic_t, DestroyTopic> topic_;
  std::vector<std::pair<Pending, std::string>> refused_;
  bool broken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tenure::kafka
