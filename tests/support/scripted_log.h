// A log in memory and in one thread that writes when a test says so, and reports what the test wants.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/log/event_log.h"

namespace tenure::testing {

class ScriptedLog final : public EventLog {
 public:
  explicit ScriptedLog(std::uint16_t partitions) : records_(partitions) {}

  std::uint16_t partitions() const override { return static_cast<std::uint16_t>(records_.size()); }
  void append(Partition partition, std::string record, Appended done) override {
    waiting_.push_back({partition, std::move(record), std::move(done)});
  }
  std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                       std::size_t) override {
    const auto& records = records_[to_number(partition)];
    std::vector<LogRecord> found;
    for (auto at = to_number(from); at < records.size(); ++at) found.push_back({Offset{at}, records[at]});
    return found;
  }
  Offset end(Partition partition) override { return Offset{records_[to_number(partition)].size()}; }
  bool wait(Partition partition, Offset offset, std::chrono::milliseconds) override {
    return end(partition) > offset;
  }
  void watch(std::function<void()>) override {}

  // Appends that were asked for and are not settled.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // The append that came last overtakes all others.
  void let_the_last_go_first() { std::rotate(waiting_.begin(), std::prev(waiting_.end()), waiting_.end()); }

  // Each settles the append that has waited longest...
  void write_next() {
    const auto append = take();
    append.done({AppendStatus::durable, write(append.partition, append.record), {}});
  }
  void fail_next() { take().done({AppendStatus::failed, {}, "the disk is full"}); }
  // ... whose record is in the log, although nobody says so.
  void write_next_without_a_word() {
    const auto append = take();
    write(append.partition, append.record);
    append.done({AppendStatus::unknown, {}, "no answer"});
  }
  // ... whose record may turn up later: `turn_up`.
  void lose_next() {
    lost_.push_back(take());
    lost_.back().done({AppendStatus::unknown, {}, "no answer"});
  }
  void write_all() {
    while (!waiting_.empty()) write_next();
  }
  void turn_up() {
    for (const auto& append : std::exchange(lost_, {})) write(append.partition, append.record);
  }

  // Past the executor, as another program would.
  Offset write(Partition partition, std::string record) {
    auto& records = records_[to_number(partition)];
    records.push_back(std::make_shared<const std::string>(std::move(record)));
    return Offset{records.size() - 1};
  }
  [[nodiscard]] const std::string& record(Position position) const {
    return *records_[to_number(position.partition)][to_number(position.offset)];
  }

 private:
  struct Append {
    Partition partition;
    std::string record;
    Appended done;
  };
  [[nodiscard]] Append take() {
    auto append = std::move(waiting_.front());
    waiting_.pop_front();
    return append;
  }

  std::vector<std::vector<std::shared_ptr<const std::string>>> records_;
  std::deque<Append> waiting_;
  std::vector<Append> lost_;
};

}  // namespace tenure::testing
