#include "core/log/embedded_log.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/limits.h"
#include "core/log/log_database.h"
#include "core/log/log_tail.h"
#include "core/thread_name.h"

namespace tenure {

namespace {

constexpr std::size_t tail_bytes_max = 2U << 20U;
constexpr std::size_t batch_bytes_max = 8U << 20U;
constexpr std::size_t queue_bytes_max = 128U << 20U;

class EmbeddedLog final : public EventLog {
 public:
  EmbeddedLog(std::unique_ptr<LogDatabase> database, EmbeddedLogOptions::Mode mode);
  ~EmbeddedLog() override;

  [[nodiscard]] std::uint16_t partitions() const override { return static_cast<std::uint16_t>(ends_.size()); }
  void append(Partition partition, std::string record, Appended done) override;
  [[nodiscard]] std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                                     std::size_t bytes_max) override;
  [[nodiscard]] Offset end(Partition partition) override {
    return Offset{ends_.at(to_number(partition)).load(std::memory_order_acquire)};
  }
  [[nodiscard]] bool wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) override;
  void watch(std::function<void()> advanced) override;

 private:
  struct Queued {
    Partition partition;
    std::shared_ptr<const std::string> record;  // null when refused
    Appended done;
    std::string refusal;
    Offset offset{};
    Queued* next = nullptr;
  };

  void run();
  [[nodiscard]] std::vector<Queued*> take_queue();
  void commit(const std::vector<Queued*>& appends);
  void write_batch(std::vector<Queued*>& batch);
  void publish(const std::vector<Queued*>& batch);
  static void answer(std::unique_ptr<Queued> queued, AppendStatus status, std::string detail);
  void tell_watcher();

  const std::unique_ptr<LogDatabase> database_;
  LogTail tail_;

  // Written by the writer only. Every record below is durable and readable.
  std::vector<std::atomic<std::uint64_t>> ends_;

  // Newest first; callers push, the writer takes all of it at once.
  std::atomic<Queued*> queue_{nullptr};
  std::atomic<std::size_t> queue_bytes_{0};
  std::atomic<std::uint32_t> work_{0};  // bumped when the queue stops being empty, or at the end
  std::atomic<bool> stopping_{false};

  // Owned by the writer.
  std::thread writer_;
  std::vector<std::uint64_t> next_offsets_;
  std::string broken_;  // why no append is taken any more

  std::atomic<int> waiting_{0};
  std::mutex wait_mutex_;
  std::condition_variable advanced_;

  std::mutex watcher_mutex_;
  std::function<void()> watcher_;
};

EmbeddedLog::EmbeddedLog(std::unique_ptr<LogDatabase> database, EmbeddedLogOptions::Mode mode)
    : database_(std::move(database)),
      tail_(static_cast<std::uint16_t>(database_->ends_at_open().size()), tail_bytes_max),
      ends_(database_->ends_at_open().begin(), database_->ends_at_open().end()),
      next_offsets_(database_->ends_at_open()) {
  if (mode == EmbeddedLogOptions::Mode::read_only) broken_ = "the log was opened to read only";
  writer_ = std::thread([this] { run(); });
}

EmbeddedLog::~EmbeddedLog() {
  stopping_.store(true);
  work_.fetch_add(1);
  work_.notify_one();
  writer_.join();
}

std::expected<std::vector<LogRecord>, LogError> EmbeddedLog::read(Partition partition, Offset from,
                                                                  std::size_t bytes_max) {
  const Offset end_now = end(partition);
  if (from >= end_now) return std::vector<LogRecord>{};
  if (auto recent = tail_.read(partition, from, end_now, bytes_max)) return std::move(*recent);
  return database_->read(partition, from, end_now, bytes_max);
}

bool EmbeddedLog::wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) {
  if (end(partition) > offset) return true;
  // Counted before the end is looked at again, so that `publish` either sees the count or we see the new end.
  waiting_.fetch_add(1);
  std::unique_lock lock(wait_mutex_);
  const bool there = advanced_.wait_for(
      lock, timeout, [&] { return ends_[to_number(partition)].load() > to_number(offset); });
  waiting_.fetch_sub(1);
  return there;
}

void EmbeddedLog::watch(std::function<void()> advanced) {
  const std::lock_guard lock(watcher_mutex_);
  watcher_ = std::move(advanced);
}

void EmbeddedLog::tell_watcher() {
  const std::lock_guard lock(watcher_mutex_);
  if (watcher_) watcher_();
}

void EmbeddedLog::append(Partition partition, std::string record, Appended done) {
  auto queued = std::make_unique<Queued>(Queued{partition, nullptr, std::move(done), {}});
  const std::size_t bytes = record.size();
  if (to_number(partition) >= partitions()) {
    queued->refusal = fmt::format("there is no partition {}", to_number(partition));
  } else if (bytes > limits::log_record_bytes_max) {
    queued->refusal =
        fmt::format("a record of {} bytes is larger than {}", bytes, limits::log_record_bytes_max);
  } else if (queue_bytes_.fetch_add(bytes, std::memory_order_relaxed) > queue_bytes_max) {
    queue_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    queued->refusal = "too much waits to be written: append again later";
  } else {
    queued->record = std::make_shared<const std::string>(std::move(record));
  }
  Queued* const added = queued.release();
  Queued* newest = queue_.load(std::memory_order_relaxed);
  do {
    added->next = newest;
  } while (
      !queue_.compare_exchange_weak(newest, added, std::memory_order_release, std::memory_order_relaxed));
  const bool was_empty = newest == nullptr;
  // The writer sleeps on an empty queue only, so whoever fills it wakes it. (`added` may be gone by now.)
  if (was_empty) {
    work_.fetch_add(1);
    work_.notify_one();
  }
}

void EmbeddedLog::run() {
  name_this_thread("log writer");
  for (;;) {
    const std::uint32_t seen = work_.load();
    const std::vector<Queued*> appends = take_queue();
    if (!appends.empty()) {
      commit(appends);
    } else if (stopping_.load()) {
      return;
    } else {
      work_.wait(seen);
    }
  }
}

std::vector<EmbeddedLog::Queued*> EmbeddedLog::take_queue() {
  std::vector<Queued*> appends;
  for (Queued* queued = queue_.exchange(nullptr, std::memory_order_acquire); queued != nullptr;
       queued = queued->next) {
    appends.push_back(queued);
  }
  return {appends.rbegin(), appends.rend()};
}

void EmbeddedLog::commit(const std::vector<Queued*>& appends) {
  std::vector<Queued*> batch;
  std::size_t bytes = 0;
  for (Queued* queued : appends) {
    // Refusals keep their place among the answers of their caller.
    if (queued->record) bytes += queued->record->size();
    batch.push_back(queued);
    if (bytes >= batch_bytes_max) {
      write_batch(batch);
      bytes = 0;
    }
  }
  write_batch(batch);
}

void EmbeddedLog::write_batch(std::vector<Queued*>& batch) {
  LogDatabase::Batch changes;
  std::size_t bytes = 0;
  if (stopping_.load() && broken_.empty()) broken_ = "the log is being closed";
  for (Queued* queued : batch) {
    if (!queued->record || !broken_.empty()) continue;
    queued->offset = Offset{next_offsets_[to_number(queued->partition)]++};
    changes.add(queued->partition, queued->offset, *queued->record);
  }
  for (const Queued* queued : batch) bytes += queued->record ? queued->record->size() : 0;
  queue_bytes_.fetch_sub(bytes, std::memory_order_relaxed);

  const bool refused = !broken_.empty();
  std::string failure;
  if (!refused && !changes.empty()) {
    if (const auto written = database_->write(changes)) {
      publish(batch);
    } else {
      broken_ = failure = written.error().message;
    }
  }
  for (Queued* raw : batch) {
    std::unique_ptr<Queued> queued(raw);
    if (!queued->record) {
      std::string why = std::move(queued->refusal);
      answer(std::move(queued), AppendStatus::failed, std::move(why));
    } else if (refused) {
      answer(std::move(queued), AppendStatus::failed, broken_);
    } else {
      answer(std::move(queued), failure.empty() ? AppendStatus::durable : AppendStatus::unknown, failure);
    }
  }
  if (!refused && failure.empty() && !changes.empty()) tell_watcher();
  batch.clear();
}

void EmbeddedLog::publish(const std::vector<Queued*>& batch) {
  std::vector<LogTail::Appended> records;
  records.reserve(batch.size());
  for (const Queued* queued : batch) {
    if (queued->record) records.push_back({queued->partition, {queued->offset, queued->record}});
  }
  tail_.add(records);
  for (const LogTail::Appended& added : records) {
    ends_[to_number(added.partition)].store(to_number(added.record.offset) + 1);
  }
  if (waiting_.load() > 0) {
    { const std::lock_guard lock(wait_mutex_); }
    advanced_.notify_all();
  }
}

void EmbeddedLog::answer(std::unique_ptr<Queued> queued, AppendStatus status, std::string detail) {
  if (queued->done) queued->done(AppendResult{status, queued->offset, std::move(detail)});
}

}  // namespace

std::expected<std::unique_ptr<EventLog>, LogError> open_embedded_log(const EmbeddedLogOptions& options) {
  auto database = LogDatabase::open(options);
  if (!database) return std::unexpected(std::move(database).error());
  return std::make_unique<EmbeddedLog>(std::move(*database), options.mode);
}

}  // namespace tenure
