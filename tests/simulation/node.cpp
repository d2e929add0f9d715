#include "tests/simulation/node.h"

#include <fmt/core.h>

#include <algorithm>

#include "projections/operations.h"
#include "projections/outbox.h"

namespace tenure::simulation {
namespace {

namespace fs = std::filesystem;

constexpr Duration pause_min{1};

}  // namespace

void SimulatedNode::ProvisionerOfProcess::start(const ProvisionRequest& request, Done done) {
  shared_.start(request,
                [this, asked_by = process_, done = std::move(done)](const ProvisionOutcome& outcome) {
                  if (asked_by == process_) done(outcome);
                });
}

SimulatedNode::SimulatedNode(const Surroundings& surroundings, const EngineOptions& options,
                             fs::path directory)
    : random_(surroundings.random),
      truth_(surroundings.truth),
      clock_(truth_),
      log_(surroundings.log, truth_, random_),
      keys_(surroundings.keys, truth_, random_),
      sink_(surroundings.events, truth_, random_),
      options_(options),
      directory_(std::move(directory)),
      provisioner_(surroundings.provisioner, process_) {
  fs::create_directories(directory_);
}

void SimulatedNode::set_faults(const NodeFaults& faults) {
  log_.set_faults(faults.log);
  keys_.set_faults(faults.keys);
  sink_.set_faults(faults.sink);
}

std::optional<std::string> SimulatedNode::start() {
  auto store = Store::open(directory_ / "store", Store::Mode::read_write);
  if (!store) return store.error().message;
  store_ = std::move(*store);
  log_.connect();
  keys_.connect();
  options_.streams_in_memory = 1 + random_.below(40);
  options_.commits_per_step = 1 + random_.below(8);
  engine_ = std::make_unique<Engine>(
      Engine::Parts{.log = log_,
                    .store = *store_,
                    .keys = keys_,
                    .provisioner = provisioner_,
                    .clock = clock_,
                    .random = random_,
                    .post = [this](std::function<void()> task) { posted_.push_back(std::move(task)); },
                    .sink = options_.alone ? nullptr : &sink_},
      options_);
  log_.watch([this] { woken_ = true; });
  const auto checked = engine_->fold().check_store_is_of_log();
  return checked ? std::nullopt : std::optional(checked.error());
}

void SimulatedNode::crash() {
  ++process_;
  log_.disconnect();
  sink_.disconnect();
  engine_.reset();
  store_.reset();
  posted_.clear();
  waiters_.clear();
  serves_ = false;
  timer_.reset();
  paused_until_ = {};
  const auto fate = random_.below(10);
  if (fate >= 5) return;
  fs::remove_all(directory_ / "store");
  if (fate > 0 && has_snapshot_)
    fs::copy(directory_ / "snapshot", directory_ / "store", fs::copy_options::recursive);
}

void SimulatedNode::take_snapshot() {
  fs::remove_all(directory_ / "snapshot");
  has_snapshot_ = store_->checkpoint(directory_ / "snapshot").has_value();
}

void SimulatedNode::advance() {
  if (!is_up() || truth_.now() < paused_until_) return;
  keys_.advance();
  log_.advance();
  sink_.advance();
  if (!serves_) {
    if (engine_->catch_up() || engine_->fold().waits_for_key()) return;
    engine_->start_sagas();
    serves_ = true;
    woken_ = true;
  }
  for (auto& task : std::exchange(posted_, {})) {
    task();
    woken_ = true;
  }
  if (timer_ && *timer_ <= truth_.now()) {
    timer_.reset();
    woken_ = true;
  }
  if (woken_) pump();
}

void SimulatedNode::pump() {
  ++pumps_;
  woken_ = engine_->pump();
  release_waiters();
  if (const auto at = engine_->next_tick())
    timer_ = truth_.now() + std::max<Duration>(*at - clock_.now(), pause_min);
}

void SimulatedNode::release_waiters() {
  for (auto& waiter : std::exchange(waiters_, {})) {
    if (has_folded(waiter.position)) {
      waiter.task();
    } else {
      waiters_.push_back(std::move(waiter));
    }
  }
}

void SimulatedNode::submit(CommandRequest request) {
  posted_.push_back([this, shared = std::make_shared<CommandRequest>(std::move(request))] {
    engine_->submit(std::move(*shared));
  });
}

bool SimulatedNode::has_folded(Position position) const {
  return engine_->fold().folded(position.partition) > position.offset;
}

std::optional<std::string> SimulatedNode::trouble() const {
  if (!is_up()) return std::nullopt;
  if (const auto& stopped = engine_->fold().stopped(); !stopped.empty()) return stopped.front().message;
  if (const auto& poisoned = engine_->sagas().poisoned(); !poisoned.empty()) {
    return poisoned.begin()->first + ": " + poisoned.begin()->second;
  }
  return std::nullopt;
}

std::string SimulatedNode::unfinished() const {
  if (!serves_) return "it does not serve";
  if (!log_.idle()) return "records are on their way";
  if (woken_ || !posted_.empty() || !waiters_.empty()) return "tasks wait";
  if (engine_->in_flight() > 0) return fmt::format("{} commits in flight", engine_->in_flight());
  if (engine_->fold().behind() || engine_->fold().waits_for_key()) return "it is behind";
  if (const auto running = operations::running(*store_).size(); running > 0)
    return fmt::format("{} operations run", running);
  if (const auto events = outbox::count(*store_, 1'000); events > 0)
    return fmt::format("{} events are not published", events);
  return {};
}

}  // namespace tenure::simulation
