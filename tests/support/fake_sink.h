// A topic in memory, and what a node publishes to it with: it stores when it is told to.
#pragma once

#include <deque>
#include <vector>

#include "core/log/event_sink.h"

namespace tenure::testing {

using FakeTopic = std::vector<EventRecord>;

[[nodiscard]] inline std::string header(const EventRecord& record, std::string_view name) {
  for (const auto& [each, value] : record.headers) {
    if (each == name) return value;
  }
  return {};
}

class FakeSink final : public EventSink {
 public:
  explicit FakeSink(FakeTopic& topic) : topic_(topic) {}

  [[nodiscard]] std::uint64_t session() const override { return session_; }
  void publish(std::uint64_t session, EventRecord record, Stored stored) override {
    if (session != session_) return stored(false);
    waiting_.push_back({std::move(record), std::move(stored)});
  }
  void abandon() override { fail(); }

  void store(std::size_t records_max = SIZE_MAX) {
    for (std::size_t i = 0; i < records_max && !waiting_.empty(); ++i) {
      auto [record, stored] = std::move(waiting_.front());
      waiting_.pop_front();
      topic_.push_back(std::move(record));
      stored(true);
    }
  }
  void fail() {
    ++session_;
    for (auto& [record, stored] : std::exchange(waiting_, {})) stored(false);
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  FakeTopic& topic_;
  std::deque<std::pair<EventRecord, Stored>> waiting_;
  std::uint64_t session_ = 0;
};

}  // namespace tenure::testing
