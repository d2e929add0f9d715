// One node's way to the shared log. It delays appends, fails them for certain, does not know what became of
// them (the record is there, lands later, or never), doubles them at once or later; and the node's view of
// the log's end lags behind.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/simulated_log.h"

namespace tenure::simulation {

struct LogFaults {
  // In per mille of the appends.
  std::uint64_t failed = 0, unknown_written = 0, unknown_late = 0, unknown_lost = 0, doubled = 0,
                doubled_late = 0;
  std::uint64_t append_delay_max_millis = 0;
  std::uint64_t stray_delay_max_millis = 0;
  // In per mille of the turns: a partition stands still in this view.
  std::uint64_t stalls = 0;
  std::uint64_t stall_max_millis = 0;
};

class NodeLog final : public EventLog {
 public:
  NodeLog(SimulatedLog& log, const Clock& clock, Random& random)
      : log_(log), clock_(clock), random_(random), views_(log.partitions()) {}

  void set_faults(const LogFaults& faults) { faults_ = faults; }

  // The process begins: it sees everything that is there.
  void connect() {
    for (std::uint16_t number = 0; number < views_.size(); ++number)
      views_[number] = {log_.end(Partition{number}), {}};
  }
  // The process died: what was queued is gone, or written, or lands later, without a word.
  void disconnect() {
    watcher_ = {};
    for (auto& append : std::exchange(queued_, {})) {
      const auto fate = random_.below(3);
      if (fate == 0) log_.write(append.partition, append.record);
      if (fate == 1) stray(append);
    }
  }

  void advance() {
    while (!queued_.empty() && queued_.front().at <= clock_.now()) {
      const auto append = std::move(queued_.front());
      queued_.pop_front();
      settle(append);
    }
    bool moved = false;
    for (std::uint16_t number = 0; number < views_.size(); ++number)
      moved |= look(Partition{number}, views_[number]);
    if (moved && watcher_) watcher_();
  }
  // Nothing is on its way to the log or from it.
  [[nodiscard]] bool idle() const {
    if (!queued_.empty()) return false;
    for (std::uint16_t number = 0; number < views_.size(); ++number) {
      if (views_[number].end != log_.end(Partition{number})) return false;
    }
    return true;
  }

  [[nodiscard]] std::uint16_t partitions() const override { return log_.partitions(); }
  void append(Partition partition, std::string record, Appended done) override {
    auto at = clock_.now() + Duration(random_.below(faults_.append_delay_max_millis + 1));
    if (!queued_.empty()) at = std::max(at, queued_.back().at);
    queued_.push_back(
        {at, partition, std::make_shared<const std::string>(std::move(record)), std::move(done)});
  }
  std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                       std::size_t) override {
    return log_.read_below(partition, from, end(partition));
  }
  [[nodiscard]] Offset end(Partition partition) override { return views_[to_number(partition)].end; }
  [[nodiscard]] bool wait(Partition partition, Offset offset, std::chrono::milliseconds) override {
    return end(partition) > offset;
  }
  void watch(std::function<void()> advanced) override { watcher_ = std::move(advanced); }

 private:
  struct Append {
    Timestamp at;
    Partition partition;
    SimulatedLog::Record record;
    Appended done;
  };
  struct View {
    Offset end{};
    Timestamp stalled_until;
  };

  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }
  void stray(const Append& append) {
    log_.stray(clock_.now() + Duration(random_.below(faults_.stray_delay_max_millis + 1)), append.partition,
               append.record);
  }
  void settle(const Append& append) {
    const AppendResult unknown{AppendStatus::unknown, {}, "simulated"};
    if (happens(faults_.failed)) return append.done({AppendStatus::failed, {}, "simulated"});
    if (happens(faults_.unknown_lost)) return append.done(unknown);
    if (happens(faults_.unknown_late)) {
      stray(append);
      return append.done(unknown);
    }
    const auto offset = log_.write(append.partition, append.record);
    if (happens(faults_.doubled)) log_.write(append.partition, append.record);
    if (happens(faults_.doubled_late)) stray(append);
    append.done(happens(faults_.unknown_written) ? unknown : AppendResult{AppendStatus::durable, offset, {}});
  }
  bool look(Partition partition, View& view) {
    if (view.stalled_until > clock_.now()) return false;
    if (happens(faults_.stalls)) {
      view.stalled_until = clock_.now() + Duration(1 + random_.below(faults_.stall_max_millis));
      return false;
    }
    const auto before = std::exchange(view.end, log_.end(partition));
    return view.end != before;
  }

  SimulatedLog& log_;
  const Clock& clock_;
  Random& random_;
  LogFaults faults_;
  std::deque<Append> queued_;
  std::vector<View> views_;
  std::function<void()> watcher_;
};

}  // namespace tenure::simulation
