#include "core/log/kafka_log.h"

#include <map>
#include <mutex>
#include <optional>

#include "core/log/kafka_appender.h"
#include "core/log/kafka_reader.h"

namespace tenure {
namespace {

class KafkaLog final : public EventLog {
 public:
  explicit KafkaLog(const KafkaLogOptions& options)
      : partitions_(static_cast<std::uint16_t>(options.from.size())),
        stored_(options.from.size()),
        reader_(std::in_place, options.kafka, options.from, [this] { advanced(); }) {
    if (options.read_only) return;
    appender_.emplace(options.kafka, partitions_,
                      [this](Partition partition, Appended done, const AppendResult& result) {
                        answered(partition, std::move(done), result);
                      });
  }
  ~KafkaLog() override {
    watch({});
    appender_.reset();
    reader_.reset();
    // Stored, and only not read back by this process any more.
    for (auto& partition : stored_) {
      for (auto& [offset, done] : partition) done({AppendStatus::durable, Offset{offset}, {}});
    }
  }

  [[nodiscard]] std::expected<void, LogError> start(std::chrono::milliseconds timeout) {
    if (auto reading = reader_->start(timeout); !reading) return reading;
    return appender_ ? appender_->start(timeout) : std::expected<void, LogError>();
  }

  [[nodiscard]] std::uint16_t partitions() const override { return partitions_; }
  void append(Partition partition, std::string record, Appended done) override {
    if (!appender_) return done({AppendStatus::failed, {}, "the log was opened to read only"});
    appender_->append(partition, std::move(record), std::move(done));
  }
  [[nodiscard]] std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                                     std::size_t bytes_max) override {
    return reader_->read(partition, from, bytes_max);
  }
  [[nodiscard]] Offset end(Partition partition) override { return reader_->end(partition); }
  [[nodiscard]] bool wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) override {
    return reader_->wait(partition, offset, timeout);
  }
  void watch(std::function<void()> advanced) override {
    const std::lock_guard lock(watcher_mutex_);
    watcher_ = std::move(advanced);
  }
  [[nodiscard]] LogStatus status() override { return reader_->status(); }

 private:
  // Stored records that this process has not read back yet, by offset.
  using Stored = std::map<std::uint64_t, Appended>;

  void answered(Partition partition, Appended done, const AppendResult& result) {
    if (!done) return;
    if (result.status != AppendStatus::durable) return done(result);
    const std::lock_guard lock(stored_mutex_);
    auto& stored = stored_[to_number(partition)];
    stored.emplace(to_number(result.offset), std::move(done));
    answer_read(partition, stored);
  }
  void advanced() {
    {
      const std::lock_guard lock(stored_mutex_);
      for (std::uint16_t number = 0; number < partitions_; ++number)
        answer_read(Partition{number}, stored_[number]);
    }
    const std::lock_guard lock(watcher_mutex_);
    if (watcher_) watcher_();
  }
  void answer_read(Partition partition, Stored& stored) {
    const auto end = to_number(reader_->end(partition));
    while (!stored.empty() && stored.begin()->first < end) {
      const auto first = stored.extract(stored.begin());
      first.mapped()({AppendStatus::durable, Offset{first.key()}, {}});
    }
  }

  const std::uint16_t partitions_;
  std::mutex stored_mutex_;
  std::vector<Stored> stored_;  // guarded by stored_mutex_, by partition
  std::mutex watcher_mutex_;
  std::function<void()> watcher_;
  std::optional<kafka::Reader> reader_;
  std::optional<kafka::Appender> appender_;  // none when only read
};

}  // namespace

std::expected<std::unique_ptr<EventLog>, LogError> open_kafka_log(const KafkaLogOptions& options,
                                                                  std::chrono::milliseconds timeout) {
  auto log = std::make_unique<KafkaLog>(options);
  if (auto started = log->start(timeout); !started) return std::unexpected(started.error());
  return log;
}

}  // namespace tenure
