// The log of a simulation: in memory, in one thread. What it has made readable it keeps.
//
// Used as it is, it is a kind one: appends wait for `advance` and are written in order. Nodes of a simulated
// world reach it through a NodeLog each, which is as unkind as a real one may be.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/crypto/random.h"
#include "core/log/event_log.h"
#include "core/time/clock.h"

namespace tenure::simulation {

class SimulatedLog final : public EventLog {
 public:
  using Record = std::shared_ptr<const std::string>;

  SimulatedLog(std::uint16_t partitions, Random& random) : random_(random), records_(partitions) {}

  [[nodiscard]] std::uint16_t partitions() const override {
    return static_cast<std::uint16_t>(records_.size());
  }

  void append(Partition partition, std::string record, Appended done) override {
    queued_.push_back({partition, std::make_shared<const std::string>(std::move(record)), std::move(done)});
  }
  void advance() {
    for (auto& append : std::exchange(queued_, {})) {
      append.done({AppendStatus::durable, write(append.partition, append.record), {}});
    }
  }

  Offset write(Partition partition, Record record) {
    auto& records = records_[to_number(partition)];
    records.push_back(std::move(record));
    return Offset{records.size() - 1};
  }
  // A record that nobody waits for any more and that is still on its way: it lands at `at`.
  void stray(Timestamp at, Partition partition, Record record) {
    strays_.emplace(at, Stray{partition, std::move(record)});
  }
  void land_strays(Timestamp now) {
    while (!strays_.empty() && strays_.begin()->first <= now) {
      auto landed = strays_.extract(strays_.begin());
      write(landed.mapped().partition, std::move(landed.mapped().record));
    }
  }
  [[nodiscard]] bool has_strays() const { return !strays_.empty(); }

  // Few at a time, so that steps of the fold split everywhere.
  std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                       std::size_t) override {
    return read_below(partition, from, end(partition));
  }
  [[nodiscard]] std::vector<LogRecord> read_below(Partition partition, Offset from, Offset end) {
    std::vector<LogRecord> found;
    const auto& records = records_[to_number(partition)];
    const auto wanted = 1 + random_.below(7);
    for (auto at = from; at < end && found.size() < wanted; at = next(at))
      found.push_back({at, records[to_number(at)]});
    return found;
  }

  [[nodiscard]] Offset end(Partition partition) override {
    return Offset{records_[to_number(partition)].size()};
  }
  [[nodiscard]] bool wait(Partition partition, Offset offset, std::chrono::milliseconds) override {
    return end(partition) > offset;
  }
  void watch(std::function<void()>) override {}

 private:
  struct Append {
    Partition partition;
    Record record;
    Appended done;
  };
  struct Stray {
    Partition partition;
    Record record;
  };

  Random& random_;
  std::vector<std::vector<Record>> records_;
  std::deque<Append> queued_;
  std::multimap<Timestamp, Stray> strays_;
};

}  // namespace tenure::simulation
