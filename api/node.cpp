#include "api/node.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <fstream>
#include <future>

#include "api/data_directory.h"
#include "api/log.h"
#include "core/events/position_text.h"
#include "core/log/embedded_log.h"
#include "core/store/keys.h"
#include "core/thread_name.h"
#include "projections/credentials.h"
#include "projections/outbox.h"

namespace tenure {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t worker_threads_max = 4;
constexpr auto housekeeping_every = std::chrono::seconds(1);
constexpr auto min_pause = std::chrono::milliseconds(1);
constexpr auto key_pause = std::chrono::milliseconds(5);

}  // namespace

std::expected<std::unique_ptr<Node>, std::string> Node::start(const Settings& settings,
                                                              const StartOptions& options) {
  std::unique_ptr<Node> node(new Node(settings));
  if (auto opened = node->open(options); !opened) return std::unexpected(opened.error());
  node->thread_ = std::thread([running = node.get()] { running->run(); });
  if (auto made = node->bootstrap(options); !made) return std::unexpected(made.error());
  return node;
}

Node::Node(const Settings& settings) : settings_(settings) {}

std::expected<void, std::string> Node::open(const StartOptions& options) {
  auto opened = DataDirectory::open(settings_, random_, options);
  if (!opened) return std::unexpected(opened.error());
  root_key_ = opened->root_key;
  keys_ = std::move(opened->keys);
  log_ = std::move(opened->log);
  sink_ = std::move(opened->sink);
  store_ = std::move(opened->store);
  workers_ = std::make_unique<Workers>(worker_threads_max);
  provisioner_ = std::make_unique<LocalProvisioner>(settings_.data_dir / "environments", random_, *workers_);
  engine_ = std::make_unique<Engine>(
      Engine::Parts{.log = *log_,
                    .store = *store_,
                    .keys = *keys_,
                    .provisioner = *provisioner_,
                    .clock = clock_,
                    .random = random_,
                    .post = [this](std::function<void()> task) { post(std::move(task)); },
                    .sink = sink_.get()},
      EngineOptions{.node = opened->node,
                    .alone = settings_.log == "embedded",
                    .policy = settings_.policy,
                    .commit_timeout = settings_.commit_timeout,
                    .refusal_window = settings_.refusal_window,
                    .provision_timeout = settings_.provision_timeout});
  if (auto caught_up = catch_up(options); !caught_up) return caught_up;
  engine_->start_sagas();
  publish_health();
  return {};
}

// Everything that was in the log when it was opened is folded before anything is served; what other nodes
// write meanwhile need not be.
std::expected<void, std::string> Node::catch_up(const StartOptions& options) {
  auto& fold = engine_->fold();
  if (auto checked = fold.check_store_is_of_log(); !checked) return checked;
  const auto began = clock_.now();
  const auto behind = fold.commits_behind();
  const auto ends = log_->ends();
  while (!fold.has_reached(ends)) {
    if (options.stop.stop_requested()) return std::unexpected("stopped before it had caught up with the log");
    (void)engine_->catch_up();
    if (fold.waits_for_key()) std::this_thread::sleep_for(key_pause);
  }
  if (behind > 0) {
    log::info("caught up with the log",
              {{"commits", std::to_string(behind)}, {"took", to_string(clock_.now() - began)}});
  }
  // A record in a topic is the same for every node: the other partitions are served, and what stands still is
  // said by /readyz and in the log.
  const auto keeps_from_starting = [&](const Stopped& stopped) {
    return stopped.log_is_damaged || settings_.log == "embedded";
  };
  const auto& stopped = fold.stopped();
  if (const auto found = std::ranges::find_if(stopped, keeps_from_starting); found != stopped.end()) {
    return std::unexpected(found->message +
                           "; nothing was changed. See: tenure log dump, with the same flags");
  }
  return {};
}

void Node::run() {
  name_this_thread("engine");
  log_->watch([this] { wake(); });
  const auto work = boost::asio::make_work_guard(context_);
  housekeeping_.expires_after(std::chrono::seconds(0));
  std::function<void(const boost::system::error_code&)> keep_house =
      [&](const boost::system::error_code& error) {
        if (error) return;
        publish_health();
        const auto now = clock_.now();
        if (now - scrubbed_at_ >= scrub_every) scrub();
        if (housekeeping_task_) housekeeping_task_(*store_, now);
        release_waiters();
        housekeeping_.expires_after(housekeeping_every);
        housekeeping_.async_wait(keep_house);
      };
  housekeeping_.async_wait(keep_house);
  wake();
  context_.run();
  log_->watch({});
}

Node::~Node() {
  draining_ = true;
  if (thread_.joinable()) {
    post([this] { engine_->hand_over(); });
    const auto until = clock_.now() + settings_.shutdown_timeout;
    const auto is_handed_over = [this] {
      std::promise<bool> handed_over;
      auto answer = handed_over.get_future();
      post([&] { handed_over.set_value(engine_->is_handed_over()); });
      return answer.get();
    };
    while (clock_.now() < until && !is_handed_over())
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    workers_.reset();  // effects that run end first; what they say is still recorded or asked again at the
                       // next start
    context_.stop();
    thread_.join();
  }
  log_.reset();   // appends that it still answers are posted, and nobody runs them
  sink_.reset();  // likewise
  if (!store_) return;
  if (housekeeping_task_) housekeeping_task_(*store_, clock_.now());
  store_->flush();
  scrub();
}

void Node::submit(CommandRequest request) {
  // std::function needs something copyable.
  auto shared = std::make_shared<CommandRequest>(std::move(request));
  post([this, shared] { engine_->submit(std::move(*shared)); });
}

void Node::refuse(RefusalRequest request) {
  auto shared = std::make_shared<RefusalRequest>(std::move(request));
  post([this, shared] { engine_->refuse(std::move(*shared)); });
}

// A task never waits for the next event: the pump that runs it comes after it, because it clears
// `pump_queued_` before it looks for tasks. What is decided in one pump is synced together.
void Node::post(std::function<void()> task) {
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks_.push_back(std::move(task));
  }
  wake();
}

void Node::wake() {
  if (pump_queued_.exchange(true)) return;
  boost::asio::post(context_, [this] { pump(); });
}

void Node::pump() {
  pump_queued_ = false;
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks_.swap(tasks_running_);
  }
  for (auto& task : tasks_running_) task();
  tasks_running_.clear();
  try {
    if (engine_->pump()) wake();
  } catch (const std::exception& fault) {
    // The store or the key store is lost to this process. What is acknowledged is in the log.
    log::error("the node cannot go on; start it again once the cause is mended", {{"error", fault.what()}});
    std::_Exit(1);
  }
  if (!waiters_.empty()) release_waiters();
  look_again_at(engine_->next_tick());
}

void Node::look_again_at(std::optional<Timestamp> at) {
  if (!at) return;
  const auto pause = std::max<Duration>(*at - clock_.now(), min_pause);
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) wake();
  });
}

void Node::when_folded(std::vector<Position> positions, Duration timeout, std::function<void(bool)> done) {
  post([this, positions = std::move(positions), until = clock_.now() + timeout,
        done = std::move(done)]() mutable {
    waiters_.push_back({std::move(positions), until, std::move(done)});
  });
}

void Node::release_waiters() {
  const auto now = clock_.now();
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const bool folded = is_folded(waiter->positions);
    if (!folded && now < waiter->until) {
      ++waiter;
      continue;
    }
    waiter->done(folded);
    waiter = waiters_.erase(waiter);
  }
}

bool Node::is_folded(const std::vector<Position>& positions) const {
  return std::ranges::all_of(positions, [&](const Position& position) {
    return engine_->fold().folded(position.partition) > position.offset;
  });
}

std::string Node::position() const { return to_string(engine_->folded()); }

Partition Node::home_of(AccountId account) const {
  const auto homes = static_cast<std::uint64_t>(partitions() - 1);
  keys::Reader bytes(std::string_view(reinterpret_cast<const char*>(account.uuid().bytes.data()) + 8, 8));
  return Partition{static_cast<std::uint16_t>(1 + bytes.u64() % homes)};
}

void Node::scrub_credential(Partition partition, const StreamName& stream) {
  post([this, key = keys::stream_state(partition, stream)] { to_scrub_.push_back(key); });
}

void Node::set_housekeeping(std::function<void(Store&, Timestamp)> task) {
  post([this, task = std::move(task)]() mutable { housekeeping_task_ = std::move(task); });
}

// Rewrites the files that held revoked credentials. On the engine's thread, or after it has ended.
void Node::scrub() {
  if (to_scrub_.empty()) return;
  scrubbed_at_ = clock_.now();
  store_->flush();
  for (const auto& key : std::exchange(to_scrub_, {})) store_->compact(key, key);
  store_->compact("K", "L");  // the look-up of credentials
}

void Node::publish_health() {
  Health health;
  for (const auto& stopped : engine_->fold().stopped()) health.stopped.push_back(stopped.message);
  for (const auto& [stream, error] : engine_->sagas().poisoned())
    health.poisoned.push_back(fmt::format("{}: {}", stream, error));
  health.log = log_->status();
  health.commits_behind = engine_->fold().commits_behind() + health.log.records_behind;
  health.waits_for_key = engine_->fold().waits_for_key();
  health.in_flight = engine_->in_flight();
  health.operations_running = engine_->sagas().running();
  for (const auto& operation : engine_->sagas().stuck()) health.stuck.push_back(operation.str());
  health.events_unpublished = outbox::count(*store_, unpublished_counted_max);
  if (sink_ && health.events_unpublished > 0) health.publishing_trouble = sink_->trouble();
  announce(health, health_);  // which only this thread writes
  const std::lock_guard lock(health_mutex_);
  health_ = std::move(health);
}

// What has gone wrong since the last look, once.
void Node::announce(const Health& now, const Health& before) {
  const auto is_new = [](const std::vector<std::string>& known, const std::string& each) {
    return std::ranges::find(known, each) == known.end();
  };
  for (const auto& stopped : now.stopped) {
    if (is_new(before.stopped, stopped)) log::error("a partition stands still", {{"why", stopped}});
  }
  for (const auto& poisoned : now.poisoned) {
    if (is_new(before.poisoned, poisoned)) log::error("a saga was set apart", {{"why", poisoned}});
  }
  for (const auto& stuck : now.stuck) {
    if (is_new(before.stuck, stuck)) log::warning("an operation makes no progress", {{"operation", stuck}});
  }
}

Node::Health Node::health() const {
  const std::lock_guard lock(health_mutex_);
  auto health = health_;
  health.draining = draining_;
  return health;
}

// The token is written beside its place before the commit that makes it valid, and moved there after the
// commit was accepted: killed at any point, either the next start finishes the move, or the token was never
// valid. Of several nodes that start together one has its commit accepted.
std::expected<void, std::string> Node::bootstrap(const StartOptions& options) {
  const auto pending = settings_.data_dir / "bootstrap-token.pending";
  const auto is_made = [&] {
    return store_->get(keys::stream_state(directory_partition, user::bootstrap_stream())).has_value();
  };
  while (!is_made()) {
    // An earlier try may still be accepted: its token stays the one.
    const auto token = read_word(pending).value_or(crypto::random_base62(session::token_chars, random_));
    if (auto written = write_secret_file(pending, token + "\n"); !written) return written;
    const auto refused = make_first_user(token);
    if (!refused) break;
    const auto category = info(refused->reason).category;
    const bool may_pass = category == Category::unavailable || category == Category::conflict;
    if (!may_pass || options.stop.stop_requested()) {
      return std::unexpected(
          fmt::format("the first user could not be made: {}", info(refused->reason).remedy));
    }
    if (is_made()) break;  // by another node
    options.waiting(fmt::format("the first user is not made yet: {}",
                                refused->detail.empty() ? info(refused->reason).title : refused->detail));
  }
  return place_bootstrap_token(pending);
}

// Only if its session is there: another node's commit may have been the first.
std::expected<void, std::string> Node::place_bootstrap_token(const fs::path& pending) {
  const auto token = read_word(pending);
  if (!token) return {};
  std::error_code error;
  if (!credentials::find(*store_, crypto::view(crypto::sha256(*token))).session) {
    fs::remove(pending, error);
    return {};
  }
  const auto file = settings_.data_dir / "bootstrap-token";
  fs::rename(pending, file, error);
  if (error) return std::unexpected(fmt::format("{}: {}", file.string(), error.message()));
  log::info("first start: a session token for the first user was written", {{"file", file.string()}});
  return {};
}

std::optional<Rejection> Node::make_first_user(const std::string& token) {
  user::Bootstrap command{.user = UserId::make(clock_.now(), random_),
                          .account = AccountId::make(clock_.now(), random_),
                          .session = SessionId::make(clock_.now(), random_),
                          .name = {},
                          .session_hash = crypto::to_hex(crypto::sha256(token))};
  const auto key = crypto::Key::generate(random_);
  if (auto stored = keys_->put({{command.user.str(), key}}); !stored) {
    return Rejection{Reason::log_unavailable, stored.error().message, {}, {}};
  }
  command.name = Sealed::seal(command.user.str(), key, "Administrator", random_);

  std::promise<CommandResult> promise;
  auto result = promise.get_future();
  CommandRequest request;
  request.command = command;
  request.partition = directory_partition;
  request.caller = {.actor = {ActorType::system, "bootstrap"},
                    .display = "Tenure",
                    .display_sealed = {},
                    .via_organization = {}};
  request.done = [&](CommandResult answer) { promise.set_value(std::move(answer)); };
  submit(std::move(request));
  const auto answer = result.get();
  return answer ? std::nullopt : std::optional(answer.error());
}

}  // namespace tenure
