// The topic of public events of a simulation, and one node's way to it. It delays records, refuses them,
// stores them and does not say so, and hangs for longer than a lease. What was published after a record that
// was not stored is not stored either.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/crypto/random.h"
#include "core/log/event_sink.h"
#include "core/time/clock.h"

namespace tenure::simulation {

using EventTopic = std::vector<EventRecord>;

struct SinkFaults {
  // In per mille of the records.
  std::uint64_t failed = 0, stored_silently = 0, hangs = 0;
  std::uint64_t delay_max_millis = 0, hang_max_millis = 0;
};

class NodeSink final : public EventSink {
 public:
  NodeSink(EventTopic& topic, const Clock& clock, Random& random)
      : topic_(topic), clock_(clock), random_(random) {}

  void set_faults(const SinkFaults& faults) { faults_ = faults; }

  [[nodiscard]] std::uint64_t session() const override { return session_; }
  void publish(std::uint64_t session, EventRecord record, Stored stored) override {
    if (session != session_) return stored(false);
    auto at = clock_.now() + Duration(random_.below(faults_.delay_max_millis + 1));
    if (happens(faults_.hangs)) at += Duration(random_.below(faults_.hang_max_millis + 1));
    if (!waiting_.empty()) at = std::max(at, waiting_.back().at);
    waiting_.push_back({at, std::move(record), std::move(stored)});
  }
  // Some of it was on its way.
  void abandon() override {
    store_silently(random_.below(waiting_.size() + 1));
    fail();
  }

  // The process died.
  void disconnect() {
    store_silently(random_.below(waiting_.size() + 1));
    waiting_.clear();
  }
  void advance() {
    while (!waiting_.empty() && waiting_.front().at <= clock_.now()) {
      if (happens(faults_.failed)) return fail();
      if (happens(faults_.stored_silently)) return abandon();
      topic_.push_back(std::move(waiting_.front().record));
      const auto stored = std::move(waiting_.front().stored);
      waiting_.pop_front();
      stored(true);
    }
  }

 private:
  struct Waiting {
    Timestamp at;
    EventRecord record;
    Stored stored;
  };

  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }
  void store_silently(std::size_t records) {
    for (std::size_t i = 0; i < records; ++i) topic_.push_back(waiting_[i].record);
  }
  void fail() {
    ++session_;
    for (auto& each : std::exchange(waiting_, {})) each.stored(false);
  }

  EventTopic& topic_;
  const Clock& clock_;
  Random& random_;
  SinkFaults faults_;
  std::uint64_t session_ = 0;
  std::deque<Waiting> waiting_;
};

}  // namespace tenure::simulation
