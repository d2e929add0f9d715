// One node of a simulation: an engine with a store, a clock, and views of the log and of the keys of its own.
// It is driven as api/node.cpp drives a real one: pumped only when something came in, or when the engine
// asked for it.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sagas/engine.h"
#include "tests/simulation/node_keys.h"
#include "tests/simulation/node_log.h"
#include "tests/simulation/node_sink.h"
#include "tests/simulation/simulated_clock.h"

namespace tenure::simulation {

struct NodeFaults {
  LogFaults log;
  KeyFaults keys;
  SinkFaults sink;
};

class SimulatedNode {
 public:
  struct Surroundings {
    Random& random;
    const SimulatedClock& truth;
    SimulatedLog& log;
    KeyTopic& keys;
    Provisioner& provisioner;
    EventTopic& events;
  };
  // A node that is alone publishes nothing, as with the embedded log.
  SimulatedNode(const Surroundings& surroundings, const EngineOptions& options,
                std::filesystem::path directory);

  void set_faults(const NodeFaults& faults);
  void set_skew(Duration skew) { clock_.set_skew(skew); }

  // The process begins: it catches up with the log, then serves. An error says what it found in its store.
  [[nodiscard]] std::optional<std::string> start();
  // The process dies. Its store is as it was at some time before, or gone.
  void crash();
  // The process stands still, and goes on as if nothing had been.
  void pause(Duration duration) { paused_until_ = truth_.now() + duration; }
  // A state of the store that a later crash may fall back to.
  void take_snapshot();

  [[nodiscard]] bool is_up() const { return engine_ != nullptr; }
  [[nodiscard]] bool serves() const { return serves_; }

  // Does what is due by now.
  void advance();
  [[nodiscard]] std::optional<Timestamp> next_wake() const { return timer_; }

  // Only while it serves.
  void submit(CommandRequest request);
  void when_folded(Position position, std::function<void()> task) {
    waiters_.push_back({position, std::move(task)});
  }
  [[nodiscard]] bool has_folded(Position position) const;
  [[nodiscard]] const Store& store() const { return *store_; }
  [[nodiscard]] KeyStore& keys() { return keys_; }

  // What a person would have to mend.
  [[nodiscard]] std::optional<std::string> trouble() const;
  // What this node still has to do; empty: nothing.
  // It has something to do at once.
  [[nodiscard]] bool is_busy() const { return serves_ && (woken_ || !posted_.empty() || !log_.idle()); }
  [[nodiscard]] std::string unfinished() const;
  [[nodiscard]] std::uint64_t pumps() const { return pumps_; }

 private:
  // Hands effects to the shared provisioner. Answers to a process that is gone reach nobody.
  class ProvisionerOfProcess final : public Provisioner {
   public:
    ProvisionerOfProcess(Provisioner& shared, const int& process) : shared_(shared), process_(process) {}
    [[nodiscard]] std::string_view name() const override { return shared_.name(); }
    void start(const ProvisionRequest& request, Done done) override;

   private:
    Provisioner& shared_;
    const int& process_;
  };
  struct Waiter {
    Position position;
    std::function<void()> task;
  };

  void pump();
  void release_waiters();

  Random& random_;
  const SimulatedClock& truth_;
  SkewedClock clock_;
  NodeLog log_;
  NodeKeys keys_;
  NodeSink sink_;
  EngineOptions options_;
  const std::filesystem::path directory_;
  int process_ = 0;  // counts them
  ProvisionerOfProcess provisioner_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  bool serves_ = false;
  bool woken_ = false;
  bool has_snapshot_ = false;
  Timestamp paused_until_;
  std::optional<Timestamp> timer_;
  std::deque<std::function<void()>> posted_;
  std::vector<Waiter> waiters_;
  std::uint64_t pumps_ = 0;
};

}  // namespace tenure::simulation
