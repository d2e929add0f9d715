// Time in a simulation: the true time, what the clocks of nodes make of it, and what is to happen later.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "core/time/clock.h"

namespace tenure::simulation {

class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Timestamp time) { now_ = time; }

 private:
  Timestamp now_ = from_unix_millis(1'700'000'000'000);
};

// A node's own clock: wrong by its skew, and it may be set.
class SkewedClock final : public Clock {
 public:
  explicit SkewedClock(const Clock& truth) : truth_(truth) {}
  [[nodiscard]] Timestamp now() const override { return truth_.now() + skew_; }
  void set_skew(Duration skew) { skew_ = skew; }

 private:
  const Clock& truth_;
  Duration skew_{};
};

// What is to happen at its time, whoever asked for it.
class Agenda {
 public:
  explicit Agenda(const Clock& clock) : clock_(clock) {}

  void after(Duration wait, std::function<void()> task) {
    tasks_.emplace(clock_.now() + wait, std::move(task));
  }
  void run_due() {
    while (!tasks_.empty() && tasks_.begin()->first <= clock_.now()) {
      const auto task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      task();
    }
  }
  [[nodiscard]] bool empty() const { return tasks_.empty(); }

 private:
  const Clock& clock_;
  std::multimap<Timestamp, std::function<void()>> tasks_;
};

}  // namespace tenure::simulation
