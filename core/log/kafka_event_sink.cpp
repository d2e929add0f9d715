#include "core/log/kafka_event_sink.h"

#include <fmt/format.h>

#include <mutex>
#include <thread>
#include <utility>

#include "core/limits.h"
#include "core/log/kafka_client.h"
#include "core/thread_name.h"

namespace tenure {
namespace {

using kafka::Handle;
using Stored = EventSink::Stored;

constexpr int poll_ms = 50;
constexpr int flush_at_end_ms = 1'000;
constexpr auto reconnect_pause = std::chrono::milliseconds(200);
constexpr std::size_t record_overhead_bytes = 64U << 10U;

struct DestroyHeaders {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, DestroyHeaders>;

Headers headers_of(const EventRecord& record) {
  Headers headers(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return headers;
}

class KafkaEventSink final : public EventSink, public kafka::ClientEvents {
 public:
  explicit KafkaEventSink(KafkaOptions options) : options_(std::move(options)) {}
  ~KafkaEventSink() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    if (thread_.joinable()) thread_.join();
    if (!client_) return;
    rd_kafka_flush(client_.get(), flush_at_end_ms);
    abandon();
    end_client();
  }

  std::expected<void, std::string> start() {
    if (auto connected = connect(); !connected) return connected;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  [[nodiscard]] std::uint64_t session() const override {
    const std::lock_guard lock(mutex_);
    return session_;
  }

  // Waits until what was sent before is stored: kafka_appender.h says why.
  void publish(std::uint64_t session, EventRecord record, Stored stored) override {
    const std::lock_guard lock(mutex_);
    if (session != session_) {
      refused_.push_back(std::move(stored));
    } else {
      waiting_.push_back({std::move(record), std::move(stored)});
    }
    if (events_ && sent_ == 0 && waiting_.size() <= 1) rd_kafka_queue_yield(events_.get());
  }

  void abandon() override {
    const std::lock_guard lock(mutex_);
    break_off(trouble_);
  }

  [[nodiscard]] std::string trouble() const override {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

  void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) override {
    const std::lock_guard lock(mutex_);
    const auto what = fmt::format("{} ({})", kafka::describe(code), reason);
    fatal ? break_off(what) : void(trouble_ = what);
  }

  void on_delivery(const rd_kafka_message_t& message) override {
    const std::unique_ptr<Stored> stored(static_cast<Stored*>(message._private));
    const bool is_stored = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    {
      const std::lock_guard lock(mutex_);
      --sent_;
      if (is_stored) trouble_.clear();
      const bool given_up =
          message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
      if (!is_stored && !given_up) break_off(kafka::describe(message.err));
    }
    (*stored)(is_stored);
  }

 private:
  struct Waiting {
    EventRecord record;
    Stored stored;
  };

  // With mutex_ held. The thread ends the client, and with it everything that it holds.
  void break_off(std::string why) {
    broken_ = true;
    ++session_;
    trouble_ = std::move(why);
    for (auto& waiting : std::exchange(waiting_, {})) refused_.push_back(std::move(waiting.stored));
    if (events_) rd_kafka_queue_yield(events_.get());
  }

  std::expected<void, std::string> connect() {
    const kafka::Settings ours{
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"partitioner", "murmur2_random"},
        {"linger.ms", "5"},
        {"compression.type", "lz4"},
        {"message.max.bytes", std::to_string(limits::log_record_bytes_max + record_overhead_bytes)},
        {"queue.buffering.max.kbytes", "65536"},
        {"message.timeout.ms", "0"},  // for ever: the one behind it must not overtake it
        {"retry.backoff.ms", "50"}};
    auto made = kafka::make_client(RD_KAFKA_PRODUCER, options_, ours, *this);
    if (!made) return std::unexpected(made.error());
    client_ = std::move(*made);
    const std::lock_guard lock(mutex_);
    events_ = kafka::polled_by(*client_);
    broken_ = false;
    return {};
  }

  void run() {
    name_this_thread("event sink");
    while (true) {
      std::vector<Stored> refused;
      std::vector<Waiting> next;
      bool broken = false;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        refused.swap(refused_);
        broken = broken_;
        if (!broken && sent_ == 0) next.swap(waiting_);
        sent_ += next.size();
      }
      for (auto& stored : refused) stored(false);
      if (broken) {
        end_client();
        while (!connect()) std::this_thread::sleep_for(reconnect_pause);
        continue;
      }
      for (auto& waiting : next) send(std::move(waiting));
      rd_kafka_poll(client_.get(), poll_ms);
    }
  }

  void send(Waiting waiting) {
    auto& record = waiting.record;
    auto stored = std::make_unique<Stored>(std::move(waiting.stored));
    auto headers = headers_of(record);
    auto error = RD_KAFKA_RESP_ERR__FAIL;
    if (!is_broken()) {
      error = rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(options_.events_topic.c_str()),
                                RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
                                RD_KAFKA_V_VALUE(record.value.data(), record.value.size()),
                                RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_OPAQUE(stored.get()), RD_KAFKA_V_END);
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)stored.release();  // both come back with the delivery
      (void)headers.release();
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      --sent_;
      if (!broken_) break_off(kafka::describe(error));
    }
    (*stored)(false);
  }

  [[nodiscard]] bool is_broken() const {
    const std::lock_guard lock(mutex_);
    return broken_;
  }

  // Answers whatever is not stored. On the thread, or after it has ended.
  void end_client() {
    std::vector<Stored> refused;
    {
      const std::lock_guard lock(mutex_);
      events_.reset();
      refused.swap(refused_);
    }
    for (auto& stored : refused) stored(false);
    kafka::give_up(*client_);
    client_.reset();
  }

  const KafkaOptions options_;
  Handle client_;  // the thread's own, once it runs
  mutable std::mutex mutex_;
  kafka::Queue events_;  // of the client; guarded by mutex_, like what follows
  std::vector<Waiting> waiting_;
  std::vector<Stored> refused_;
  std::size_t sent_ = 0;  // and not answered yet
  std::string trouble_;
  bool broken_ = false;
  std::uint64_t session_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::expected<std::unique_ptr<EventSink>, std::string> open_kafka_event_sink(const KafkaOptions& options) {
  auto sink = std::make_unique<KafkaEventSink>(options);
  if (auto started = sink->start(); !started) return std::unexpected(started.error());
  return sink;
}

}  // namespace tenure
