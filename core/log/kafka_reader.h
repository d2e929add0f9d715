// Reads every partition of the log's topic in order, ahead of whoever folds it, and keeps what was read at
// hand.
//
// One thread polls message by message (librdkafka's batch calls can lose messages). What comes twice is
// dropped; a gap is damage. A place that the brokers do not know is damage when it stays so for
// `stale_leader_max`, and a record that has become another one at once. A topic that was gone for a while is
// read on with a new client, which looks at the record before. A partition that nobody reads from is paused
// when its share of memory is full; the others go on.
//
// Threads: every method may be called from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
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

class Reader final : public ClientEvents {
 public:
  // `from`: where reading begins, by partition. `advanced` runs on the reader's thread after the end of any
  // partition has moved.
  Reader(KafkaOptions options, std::vector<Offset> from, std::function<void()> advanced);
  ~Reader() override;

  // Asks the brokers how far each partition is, and begins to read; all partitions are being read when it
  // returns. Once, before anything else.
  [[nodiscard]] std::expected<void, LogError> start(std::chrono::milliseconds timeout);

  // At first what the brokers said at the start; then what was read.
  [[nodiscard]] Offset end(Partition partition) const;
  // Blocks for a record that the brokers have and this process does not yet.
  [[nodiscard]] std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                                     std::size_t bytes_max);
  [[nodiscard]] bool wait(Partition partition, Offset offset, std::chrono::milliseconds timeout);
  [[nodiscard]] LogStatus status() const;

  void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) override;

 private:
  // The records of one partition that are at hand: contiguous, from `begin` on.
  struct Window {
    std::deque<LogRecord> records;
    std::uint64_t begin = 0;
    std::uint64_t read_to = 0;  // what comes before it may be let go of
    std::size_t bytes = 0;
    std::size_t unread_bytes = 0;
    bool paused = false;
    bool is_read = false;  // the brokers have answered that they have a record, or none yet
    std::shared_ptr<const std::string> last;  // the record before `fetched`, once it was seen
    bool compares = false;                    // a new client begins with it: it has to be the same
    std::optional<std::chrono::steady_clock::time_point> unknown_since;  // the brokers do not know its place
    std::optional<std::uint64_t> seek_to;
    std::string damage;
    [[nodiscard]] std::uint64_t fetched() const { return begin + records.size(); }
    // The offset of the record that comes next from the brokers.
    [[nodiscard]] std::uint64_t wanted() const { return fetched() - (compares ? 1 : 0); }
  };

  void run();
  void watch_health();
  [[nodiscard]] bool look_at_health();
  [[nodiscard]] std::expected<void, LogError> check_topic_is_whole(std::chrono::milliseconds timeout);
  [[nodiscard]] std::expected<void, std::string> connect();
  void apply_requests();
  void take(Message message);
  // False: the topic is another one.
  [[nodiscard]] bool take_record(Window& window, const rd_kafka_message_t& message);
  void take_error(const rd_kafka_message_t& message);
  void take_unknown_place(std::int32_t partition);
  void publish();
  void let_go(Window& window) const;
  void lost(std::int32_t partition);
  [[nodiscard]] std::string place_is_gone(std::size_t partition) const;
  [[nodiscard]] std::shared_ptr<Consumer> client() const;
  [[nodiscard]] LogError no_answer(rd_kafka_resp_err_t error) const;

  const KafkaOptions options_;
  const std::function<void()> advanced_;
  const std::size_t unread_bytes_max_;  // of each partition

  Handle asking_;  // the opening thread's, then the health thread's
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Window> windows_;  // guarded by mutex_, like what follows up to ends_
  std::shared_ptr<Consumer> client_;
  std::string trouble_;
  bool available_ = true;
  std::uint64_t records_behind_ = 0;
  std::chrono::steady_clock::time_point whole_at_ = std::chrono::steady_clock::now();
  bool stopping_ = false;
  std::vector<std::atomic<std::uint64_t>> ends_;
  std::atomic<bool> broken_{false};  // the client has to be made again
  std::atomic<bool> topic_is_gone_{false};
  std::thread thread_;
  std::thread health_;
};

}  // namespace tenure::kafka
