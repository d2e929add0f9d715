#include "core/log/kafka_appender.h"

#include <fmt/format.h>

#include <utility>

#include "core/limits.h"

namespace tenure::kafka {
namespace {

constexpr int poll_ms = 50;
constexpr int flush_at_end_ms = 1'000;
constexpr auto reconnect_pause = std::chrono::milliseconds(200);

AppendStatus status_of(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return AppendStatus::durable;
  return rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED ? AppendStatus::failed
                                                                                : AppendStatus::unknown;
}

}  // namespace

Appender::Appender(KafkaOptions options, Answered answered)
    : options_(std::move(options)), answered_(std::move(answered)) {}

Appender::~Appender() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  if (client_) {
    rd_kafka_flush(client_.get(), flush_at_end_ms);
    end_client();
  }
  for (auto& [pending, why] : std::exchange(refused_, {}))
    answered_(pending.partition, std::move(pending.done), {AppendStatus::failed, {}, why});
}

std::expected<void, LogError> Appender::start(std::chrono::milliseconds timeout) {
  if (auto connected = connect(); !connected) return std::unexpected(LogError{connected.error()});
  if (!warm_up(*client_, *this, timeout)) {
    return std::unexpected(
        LogError{fmt::format("no Kafka broker at {} gives out a producer id", options_.brokers), true});
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

std::expected<void, std::string> Appender::connect() {
  const Settings ours{{"enable.idempotence", "true"},
                      {"acks", "all"},
                      // One request at a time to each broker: what comes meanwhile goes together in the next.
                      {"max.in.flight.requests.per.connection", "1"},
                      {"linger.ms", "0"},
                      {"batch.num.messages", "10000"},
                      {"compression.type", "none"},  // records are sealed: nothing to gain
                      {"message.max.bytes", std::to_string(limits::log_record_bytes_max + (64U << 10U))},
                      {"queue.buffering.max.kbytes", "65536"},
                      {"queue.buffering.max.messages", "100000"},
                      {"message.timeout.ms", std::to_string(options_.append_timeout.count())},
                      {"request.timeout.ms", std::to_string(options_.append_timeout.count())},
                      {"retry.backoff.ms", "50"},
                      {"statistics.interval.ms", "100"}};
  auto made = make_client(RD_KAFKA_PRODUCER, options_, ours, *this);
  if (!made) return std::unexpected(made.error());
  auto* topic = rd_kafka_topic_new(made->get(), options_.topic.c_str(), nullptr);
  if (topic == nullptr)
    return std::unexpected(fmt::format("topic {}: {}", options_.topic, describe(rd_kafka_last_error())));
  const std::lock_guard lock(mutex_);
  client_ = std::move(*made);
  topic_.reset(topic);
  return {};
}

void Appender::append(Partition partition, std::string record, EventLog::Appended done) {
  if (record.size() > limits::log_record_bytes_max) {
    return refuse(
        partition, std::move(done),
        fmt::format("a record of {} bytes is larger than {}", record.size(), limits::log_record_bytes_max));
  }
  auto pending = std::make_unique<Pending>(Pending{partition, std::move(done)});
  rd_kafka_resp_err_t error{};
  {
    const std::lock_guard lock(mutex_);
    error = rd_kafka_produce(topic_.get(), to_number(partition), RD_KAFKA_MSG_F_COPY, record.data(),
                             record.size(), nullptr, 0, pending.get()) == 0
                ? RD_KAFKA_RESP_ERR_NO_ERROR
                : rd_kafka_last_error();
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    (void)pending.release();  // comes back with the delivery
  } else if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    refuse(partition, std::move(pending->done), "too much waits to be written: append again later");
  } else {
    refuse(partition, std::move(pending->done),
           fmt::format("the record cannot be sent: {}", describe(error)));
  }
}

void Appender::refuse(Partition partition, EventLog::Appended done, std::string why) {
  const std::lock_guard lock(mutex_);
  refused_.emplace_back(Pending{partition, std::move(done)}, std::move(why));
  if (client_) rd_kafka_yield(client_.get());
}

void Appender::run() {
  while (true) {
    std::vector<std::pair<Pending, std::string>> refused;
    bool broken = false;
    rd_kafka_t* client = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      refused.swap(refused_);
      broken = std::exchange(broken_, false);
      client = client_.get();
    }
    for (auto& [pending, why] : refused)
      answered_(pending.partition, std::move(pending.done), {AppendStatus::failed, {}, why});
    if (broken) {
      const std::lock_guard lock(mutex_);
      end_client();
    }
    if (broken) {
      while (!connect()) std::this_thread::sleep_for(reconnect_pause);
      continue;
    }
    rd_kafka_poll(client, poll_ms);
  }
}

// Answers whatever the client still holds.
void Appender::end_client() {
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(client_.get()) > 0) rd_kafka_poll(client_.get(), poll_ms);
  topic_.reset();
  client_.reset();
}

void Appender::on_error(rd_kafka_resp_err_t, std::string_view, bool fatal) {
  if (!fatal) return;
  const std::lock_guard lock(mutex_);
  broken_ = true;
}

void Appender::on_delivery(const rd_kafka_message_t& message) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(message._private));
  AppendResult result{
      status_of(message), Offset{static_cast<std::uint64_t>(std::max<std::int64_t>(0, message.offset))}, {}};
  if (result.status != AppendStatus::durable)
    result.detail = "the brokers did not store it: " + describe(message.err);
  answered_(pending->partition, std::move(pending->done), std::move(result));
}

}  // namespace tenure::kafka
