// A log for the simulation: in memory, in one thread, and as unkind as a real one may be. It delays, loses and doubles
// acknowledgements, fails appends for certain, writes a record that it reported as unknown, and writes records twice.
// What it has made readable it keeps.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/crypto/random.h"
#include "core/log/event_log.h"

namespace tenure::simulation {

struct LogFaults {
  // In per mille of the appends.
  std::uint64_t failed = 0, unknown_written = 0, unknown_lost = 0, doubled = 0, late = 0;
};

class SimulatedLog final : public EventLog {
 public:
  SimulatedLog(std::uint16_t partitions, Random& random) : random_(random), records_(partitions) {}

  void set_faults(const LogFaults& faults) { faults_ = faults; }

  std::uint16_t partitions() const override { return static_cast<std::uint16_t>(records_.size()); }

  void append(Partition partition, std::string record, Appended done) override {
    queued_.push_back({partition, std::make_shared<const std::string>(std::move(record)), std::move(done)});
  }

  // Writes some of what is queued, in order; what is late waits for a later call.
  void advance() {
    while (!queued_.empty()) {
      if (happens(faults_.late)) return;
      auto append = std::move(queued_.front());
      queued_.pop_front();
      settle(append);
    }
  }
  [[nodiscard]] bool idle() const { return queued_.empty(); }

  // The process died: what was queued is gone, or written, without a word.
  void crash() {
    while (!queued_.empty()) {
      if (random_.below(2) == 0) write(queued_.front());
      queued_.pop_front();
    }
  }

  std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from, std::size_t) override {
    // Few at a time, so that steps of the fold split everywhere.
    std::vector<LogRecord> found;
    const auto& records = records_[to_number(partition)];
    const auto wanted = 1 + random_.below(7);
    for (auto at = to_number(from); at < records.size() && found.size() < wanted; ++at) found.push_back({Offset{at}, records[at]});
    return found;
  }
  Offset end(Partition partition) override { return Offset{records_[to_number(partition)].size()}; }
  bool wait(Partition partition, Offset offset, std::chrono::milliseconds) override { return end(partition) > offset; }
  void watch(std::function<void()>) override {}

 private:
  struct Append {
    Partition partition;
    std::shared_ptr<const std::string> record;
    Appended done;
  };

  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }
  Offset write(const Append& append) {
    auto& records = records_[to_number(append.partition)];
    records.push_back(append.record);
    return Offset{records.size() - 1};
  }
  void settle(const Append& append) {
    if (happens(faults_.failed)) return append.done({AppendStatus::failed, {}, "simulated"});
    if (happens(faults_.unknown_lost)) return append.done({AppendStatus::unknown, {}, "simulated"});
    const auto offset = write(append);
    if (happens(faults_.doubled)) write(append);
    if (happens(faults_.unknown_written)) return append.done({AppendStatus::unknown, {}, "simulated"});
    append.done({AppendStatus::durable, offset, {}});
  }

  Random& random_;
  LogFaults faults_;
  std::vector<std::vector<std::shared_ptr<const std::string>>> records_;
  std::deque<Append> queued_;
};

}  // namespace tenure::simulation
