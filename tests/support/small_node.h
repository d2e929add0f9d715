// A node without threads or disks' latency, for tests: an engine on a log that several such nodes may share.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "sagas/engine.h"
#include "tests/simulation/simulated_clock.h"
#include "tests/simulation/simulated_log.h"
#include "tests/simulation/simulated_provisioner.h"

namespace tenure::testing {

// What nodes share: the log, the keys, time.
struct SharedWorld {
  explicit SharedWorld(std::uint64_t seed = 1)
      : random(seed), log(3, random), keys(make_memory_key_store()) {}

  SeededRandom random;
  simulation::SimulatedClock clock;
  simulation::SimulatedLog log;
  std::unique_ptr<KeyStore> keys;
};

class SmallNode {
 public:
  SmallNode(SharedWorld& world, const std::filesystem::path& directory, std::uint8_t number,
            bool alone = false, EventSink* sink = nullptr)
      : world_(world),
        store_(Store::open(directory, Store::Mode::read_write).value()),
        provisioner_(world.random,
                     [this](Duration, std::function<void()> task) { tasks_.push_back(std::move(task)); }) {
    provisioner_.set_faults({});
    EngineOptions options;
    options.node = NodeId(Uuid{{number}});
    options.alone = alone;
    engine_ = std::make_unique<Engine>(
        Engine::Parts{.log = world.log,
                      .store = *store_,
                      .keys = *world.keys,
                      .provisioner = provisioner_,
                      .clock = world.clock,
                      .random = world.random,
                      .post = [this](std::function<void()> task) { tasks_.push_back(std::move(task)); },
                      .sink = sink},
        options);
  }

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Store& store() { return *store_; }

  // Decides and folds what can be, without letting the log write.
  void pump() {
    for (auto& task : std::exchange(tasks_, {})) task();
    (void)engine_->pump();
  }
  // Until nothing more happens.
  void run_out() {
    for (int i = 0; i < 200; ++i) {
      pump();
      world_.log.advance();
      world_.clock.advance(Duration(5));
    }
  }

  // Submits, and gives where the result will be.
  std::shared_ptr<std::optional<CommandResult>> submit(Command command, Partition partition) {
    auto result = std::make_shared<std::optional<CommandResult>>();
    CommandRequest request;
    request.command = std::move(command);
    request.partition = partition;
    request.caller = {.actor = {ActorType::user, "usr_test"},
                      .display = "Test",
                      .display_sealed = {},
                      .via_organization = {}};
    request.done = [result](CommandResult answer) { *result = std::move(answer); };
    engine_->submit(std::move(request));
    return result;
  }

 private:
  SharedWorld& world_;
  std::unique_ptr<Store> store_;
  std::deque<std::function<void()>> tasks_;
  simulation::SimulatedProvisioner provisioner_;
  std::unique_ptr<Engine> engine_;
};

// The first user's account with its key, as commands of tests need it.
inline AccountId make_account(SharedWorld& world, SmallNode& node, UserId user) {
  const auto account = AccountId::make(world.clock.now(), world.random);
  (void)world.keys->put({{user.str(), crypto::Key::generate(world.random)}});
  (void)node.submit(user::Bootstrap{.user = user,
                                    .account = account,
                                    .session = SessionId::make(world.clock.now(), world.random),
                                    .name = Sealed("none.none"),
                                    .session_hash = std::string(64, 'a')},
                    directory_partition);
  node.run_out();
  return account;
}

}  // namespace tenure::testing
