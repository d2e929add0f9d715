// A running node: the engine on a thread of its own, with everything it stands on.
//
// Threads: requests are read and answered on the server's threads; all decisions and the fold run on this
// node's one engine thread, so states need no lock; the log syncs on a third. Whatever is here may be called
// from any thread.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/data_directory.h"
#include "api/settings.h"
#include "sagas/engine.h"
#include "sagas/provisioners/local.h"

namespace tenure {

class Node {
 public:
  // Opens the data directory, catches up with the log, makes the first user on the first start, and begins to
  // work. An error is a sentence for the operator; nothing was overwritten. It takes as long as the log's
  // brokers are away; `options.stop` ends that with an error.
  [[nodiscard]] static std::expected<std::unique_ptr<Node>, std::string> start(const Settings& settings,
                                                                               const StartOptions& options);
  // Finishes what is in flight within `settings.shutdown_timeout`, then makes the store survive without a
  // replay.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // `done` runs on the engine's thread.
  void submit(CommandRequest request);
  void refuse(RefusalRequest request);

  // Calls `done(true)` on the engine's thread once all positions are folded, `done(false)` after `timeout`.
  void when_folded(std::vector<Position> positions, Duration timeout, std::function<void(bool)> done);
  [[nodiscard]] bool is_folded(const std::vector<Position>& positions) const;
  // How far every partition is, as clients see it.
  [[nodiscard]] std::string position() const;

  [[nodiscard]] const Store& store() const { return *store_; }
  [[nodiscard]] KeyStore& keys() { return *keys_; }
  [[nodiscard]] std::uint16_t partitions() const { return log_->partitions(); }
  [[nodiscard]] Partition home_of(AccountId account) const;
  // A key of this system for one purpose, derived from the root key: the same on every node.
  [[nodiscard]] crypto::Key derived_key(std::string_view purpose) const {
    return crypto::hkdf_sha256(root_key_, purpose);
  }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Random& random() { return random_; }

  // The credential that this stream (of an API token or a session) was about is useless now: its hash leaves
  // this node's files within `scrub_every`, or when the node stops.
  void scrub_credential(Partition partition, const StreamName& stream);
  static constexpr std::chrono::seconds scrub_every{20};

  // Runs on the engine's thread about once a second. Set once, before serving.
  void set_housekeeping(std::function<void(Store&, Timestamp)> task);

  // A copy of what health checks and metrics show, at most a second old.
  struct Health {
    std::vector<std::string> stopped;   // partitions that stand still, with the reason
    std::vector<std::string> poisoned;  // sagas set apart
    std::uint64_t commits_behind = 0;   // in the log and not folded here
    LogStatus log;
    bool waits_for_key = false;
    std::size_t in_flight = 0;
    std::size_t operations_running = 0;
    std::vector<std::string> stuck;        // operations that make no progress
    std::uint64_t events_unpublished = 0;  // counted up to `unpublished_counted_max`
    std::string publishing_trouble;        // why, when the topic takes nothing
    bool draining = false;
  };
  static constexpr std::uint64_t unpublished_counted_max = 10'000;
  [[nodiscard]] Health health() const;
  // From now on not ready: a load balancer should look elsewhere.
  void drain() { draining_ = true; }
  [[nodiscard]] bool draining() const { return draining_; }

 private:
  explicit Node(const Settings& settings);
  [[nodiscard]] std::expected<void, std::string> open(const StartOptions& options);
  [[nodiscard]] std::expected<void, std::string> catch_up(const StartOptions& options);
  [[nodiscard]] std::expected<void, std::string> bootstrap(const StartOptions& options);
  [[nodiscard]] std::expected<void, std::string> place_bootstrap_token(const std::filesystem::path& pending);
  [[nodiscard]] std::optional<Rejection> make_first_user(const std::string& token);
  void run();
  void wake();
  void pump();
  void look_again_at(std::optional<Timestamp> at);
  void release_waiters();
  void publish_health();
  static void announce(const Health& now, const Health& before);
  void scrub();
  void post(std::function<void()> task);

  struct Waiter {
    std::vector<Position> positions;
    Timestamp until;
    std::function<void(bool)> done;
  };

  const Settings settings_;
  SystemClock clock_;
  SystemRandom random_;
  crypto::Key root_key_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventSink> sink_;
  std::unique_ptr<Store> store_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_{context_};
  boost::asio::steady_timer housekeeping_{context_};
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<LocalProvisioner> provisioner_;
  std::unique_ptr<Engine> engine_;
  std::atomic<bool> pump_queued_{false};
  std::mutex tasks_mutex_;
  std::vector<std::function<void()>> tasks_;          // guarded by tasks_mutex_
  std::vector<std::function<void()>> tasks_running_;  // the engine's thread
  std::atomic<bool> draining_{false};
  std::list<Waiter> waiters_;          // the engine's thread
  std::vector<std::string> to_scrub_;  // the engine's thread, like the next two
  Timestamp scrubbed_at_{};
  std::function<void(Store&, Timestamp)> housekeeping_task_;
  mutable std::mutex health_mutex_;
  Health health_;  // guarded by health_mutex_
  std::thread thread_;
};

}  // namespace tenure
