#include "core/log/kafka_appender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/limits.h"
#include "core/thread_name.h"

namespace tenure::kafka {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int poll_ms = 50;
constexpr int flush_at_end_ms = 1'000;
constexpr auto reconnect_pause = std::chrono::milliseconds(200);
constexpr std::size_t bytes_max = 64U << 20U;
constexpr std::size_t batch_bytes_max = 512U << 10U;  // librdkafka makes one request of so much

AppendStatus status_of(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return AppendStatus::durable;
  return rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED ? AppendStatus::failed
                                                                                : AppendStatus::unknown;
}

}  // namespace

Appender::Appender(KafkaOptions options, std::uint16_t partitions, Answered answered)
    : options_(std::move(options)), answered_(std::move(answered)), lines_(partitions) {}

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
  refuse(std::exchange(refused_, {}));
  for (auto& line : lines_) {
    for (const auto& append : line.waiting) append->refusal = "the log is being closed";
    refuse(std::move(line.waiting));
  }
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
                      {"linger.ms", "0"},
                      {"compression.type", "none"},  // records are sealed: nothing to gain
                      {"message.max.bytes", std::to_string(limits::log_record_bytes_max + (64U << 10U))},
                      {"message.timeout.ms", std::to_string(options_.append_timeout.count())},
                      {"request.timeout.ms", std::to_string(options_.append_timeout.count())},
                      {"retry.backoff.ms", "50"},
                      {"statistics.interval.ms", "100"}};
  auto made = make_client(RD_KAFKA_PRODUCER, options_, ours, *this);
  if (!made) return std::unexpected(made.error());
  auto* topic = rd_kafka_topic_new(made->get(), options_.topic.c_str(), nullptr);
  if (topic == nullptr)
    return std::unexpected(fmt::format("topic {}: {}", options_.topic, describe(rd_kafka_last_error())));
  client_ = std::move(*made);
  topic_.reset(topic);
  const std::lock_guard lock(mutex_);
  events_ = polled_by(*client_);
  return {};
}

void Appender::append(Partition partition, std::string record, EventLog::Appended done) {
  const auto bytes = record.size();
  auto append = std::make_unique<Append>(Append{
      partition, std::move(record), std::move(done), SteadyClock::now() + options_.append_timeout, {}});
  const std::lock_guard lock(mutex_);
  if (to_number(partition) >= lines_.size()) {
    append->refusal = fmt::format("there is no partition {}", to_number(partition));
  } else if (bytes > limits::log_record_bytes_max) {
    append->refusal =
        fmt::format("a record of {} bytes is larger than {}", bytes, limits::log_record_bytes_max);
  } else if (bytes_ + bytes > bytes_max) {
    append->refusal = "too much waits to be written: append again later";
  }
  bool thread_can_work = true;
  if (!append->refusal.empty()) {
    refused_.push_back(std::move(append));
  } else {
    auto& line = lines_[to_number(partition)];
    thread_can_work = line.waiting.empty() && line.sent == 0;
    line.waiting.push_back(std::move(append));
    bytes_ += bytes;
  }
  if (thread_can_work && events_) rd_kafka_queue_yield(events_.get());
}

void Appender::run() {
  name_this_thread("log appender");
  while (auto work = take_work()) {
    refuse(std::move(work->refused));
    for (auto& append : work->next) send(std::move(append));
    rd_kafka_poll(client_.get(), poll_ms);
    if (!std::exchange(broken_, false)) continue;
    end_client();
    while (!connect()) std::this_thread::sleep_for(reconnect_pause);
  }
}

// Nothing: it is time to stop.
std::optional<Appender::Work> Appender::take_work() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return std::nullopt;
  Work work{.refused = std::exchange(refused_, {}), .next = {}};
  for (auto& line : lines_) line.sent == 0 ? take_next(line, work.next) : take_late(line, work.refused);
  return work;
}

void Appender::take_next(Line& line, Appends& next) {
  std::size_t bytes = 0;
  while (!line.waiting.empty()) {
    bytes += line.waiting.front()->record.size();
    if (line.sent > 0 && bytes > batch_bytes_max) return;
    next.push_back(std::move(line.waiting.front()));
    line.waiting.pop_front();
    ++line.sent;
  }
}

void Appender::take_late(Line& line, Appends& refused) {
  const auto now = SteadyClock::now();
  while (!line.waiting.empty() && line.waiting.front()->until <= now) {
    line.waiting.front()->refusal = "the brokers have not stored what was sent before it";
    bytes_ -= line.waiting.front()->record.size();
    refused.push_back(std::move(line.waiting.front()));
    line.waiting.pop_front();
  }
}

void Appender::refuse(Appends appends) {
  for (auto& append : appends)
    answered_(append->partition, std::move(append->done),
              {AppendStatus::failed, {}, std::move(append->refusal)});
}

// The record stays where it is until its delivery is known.
void Appender::send(std::unique_ptr<Append> append) {
  const auto sent = rd_kafka_produce(topic_.get(), to_number(append->partition), 0, append->record.data(),
                                     append->record.size(), nullptr, 0, append.get());
  if (sent == 0) {
    (void)append.release();  // comes back with the delivery
  } else {
    finish(std::move(append),
           {AppendStatus::failed,
            {},
            fmt::format("the record cannot be sent: {}", describe(rd_kafka_last_error()))});
  }
}

void Appender::finish(std::unique_ptr<Append> append, AppendResult result) {
  {
    const std::lock_guard lock(mutex_);
    --lines_[to_number(append->partition)].sent;
    bytes_ -= append->record.size();
  }
  answered_(append->partition, std::move(append->done), std::move(result));
}

// Answers whatever the client still holds.
void Appender::end_client() {
  {
    const std::lock_guard lock(mutex_);
    events_.reset();
  }
  give_up(*client_);
  topic_.reset();
  client_.reset();
}

void Appender::on_error(rd_kafka_resp_err_t, std::string_view, bool fatal) { broken_ = broken_ || fatal; }

void Appender::on_delivery(const rd_kafka_message_t& message) {
  std::unique_ptr<Append> append(static_cast<Append*>(message._private));
  AppendResult result{
      status_of(message), Offset{static_cast<std::uint64_t>(std::max<std::int64_t>(0, message.offset))}, {}};
  if (result.status != AppendStatus::durable)
    result.detail = "the brokers did not store it: " + describe(message.err);
  finish(std::move(append), std::move(result));
}

}  // namespace tenure::kafka
