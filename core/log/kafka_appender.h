// Appends records to the log's topic with an idempotent producer that waits for all in-sync replicas.
//
// A partition has one request on its way. What is appended meanwhile waits here and goes together in the next
// one: batches grow with the load, and nothing waits for a batch to fill. librdkafka could hold it back as
// well (max.in.flight.requests.per.connection), but does so by asking the clock without a pause: as long as a
// broker takes, that costs a core. A fatal error of the client ends it and a new one begins.
//
// Threads: `append` may be called from any thread. Answers come on the appender's thread.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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
  Appender(KafkaOptions options, std::uint16_t partitions, Answered answered);
  // What was not sent has failed; what was on its way is unknown.
  ~Appender() override;

  // Returns once it may send.
  [[nodiscard]] std::expected<void, LogError> start(std::chrono::milliseconds timeout);
  void append(Partition partition, std::string record, EventLog::Appended done);

  void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) override;
  void on_delivery(const rd_kafka_message_t& message) override;

 private:
  struct Append {
    Partition partition;
    std::string record;
    EventLog::Appended done;
    std::chrono::steady_clock::time_point until;  // not sent by then, it has failed
    std::string refusal;                          // why it is not sent
  };
  using Appends = std::deque<std::unique_ptr<Append>>;
  struct Line {
    Appends waiting;
    std::size_t sent = 0;  // and not answered yet
  };
  struct Work {
    Appends refused;
    Appends next;  // to be sent
  };
  struct DestroyTopic {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };

  void run();
  [[nodiscard]] std::optional<Work> take_work();
  static void take_next(Line& line, Appends& next);
  void take_late(Line& line, Appends& refused);
  void send(std::unique_ptr<Append> append);
  void finish(std::unique_ptr<Append> append, AppendResult result);
  void refuse(Appends appends);
  [[nodiscard]] std::expected<void, std::string> connect();
  void end_client();

  const KafkaOptions options_;
  const Answered answered_;

  // The thread's own, once it runs.
  Handle client_;
  std::unique_ptr<rd_kafka_topic_t, DestroyTopic> topic_;
  bool broken_ = false;

  std::mutex mutex_;
  Queue events_;             // of the client; guarded by mutex_, like what follows
  std::vector<Line> lines_;  // by partition
  Appends refused_;
  std::size_t bytes_ = 0;  // of all that has no answer yet
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tenure::kafka
