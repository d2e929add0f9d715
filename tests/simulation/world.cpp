#include "tests/simulation/world.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/store/keys.h"
#include "projections/audit.h"
#include "projections/operations.h"
#include "projections/workspaces.h"

namespace tenure::simulation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t partitions = 3;
constexpr int steps = 120;
constexpr int settle_steps_max = 4'000;

// What a client knows for certain of one workspace: what it was told, in order.
struct Known {
  WorkspaceId id;
  Partition partition{};
  std::set<std::string> names_possible;  // that the last acknowledged rename, or one of unknown outcome, gave it
  std::optional<bool> frozen;            // nothing while an outcome is unknown
  std::uint64_t acknowledged = 0;        // commands with a commit
};

class World {
 public:
  World(std::uint64_t seed, fs::path directory)
      : random_(seed), directory_(std::move(directory)), log_(partitions, random_),
        provisioner_(random_, [this](std::uint64_t millis, std::function<void()> task) { later(millis, std::move(task)); },
                     [this](Provisioner::Done done) -> Provisioner::Done {
                       return [this, generation = generation_, done = std::move(done)](const ProvisionOutcome& outcome) {
                         if (generation == generation_) done(outcome);
                       };
                     }),
        keys_(make_memory_key_store()) {
    log_.set_faults({.failed = random_.below(30), .unknown_written = random_.below(30), .unknown_lost = random_.below(30),
                     .doubled = random_.below(100), .late = random_.below(300)});
    provisioner_.set_faults({.failed = random_.below(300), .failed_for_good = random_.below(60), .hangs = random_.below(60),
                             .twice = random_.below(200), .delay_max_millis = 1 + random_.below(200)});
  }

  std::optional<std::string> run() {
    start();
    bootstrap();
    for (int i = 0; i < steps && !broken_; ++i) {
      act();
      turn();
    }
    settle();
    if (!broken_) check_ledger();
    if (!broken_) check_fold_from_zero();
    return broken_;
  }

 private:
  void start() {
    auto store = Store::open(directory_ / "store", Store::Mode::read_write);
    if (!store) throw std::runtime_error(store.error().message);
    store_ = std::move(*store);
    EngineOptions options;
    options.node = node_;
    options.alone = true;
    options.policy.retry_attempts_max = 4;
    options.provision_timeout = std::chrono::seconds(2);
    options.streams_in_memory = 1 + random_.below(40);
    options.commits_per_step = 1 + random_.below(8);
    const auto generation = ++generation_;
    engine_ = std::make_unique<Engine>(
        Engine::Parts{.log = log_, .store = *store_, .keys = *keys_, .provisioner = provisioner_, .clock = clock_,
                      .random = random_,
                      .post = [this, generation](std::function<void()> task) { posted_.push_back({generation, std::move(task)}); }},
        options);
    while (engine_->catch_up()) {
    }
    engine_->start_sagas();
  }

  // The process dies: what was not flushed to the store's files may be lost, as after kill -9.
  void crash() {
    ++generation_;
    log_.crash();
    if (random_.below(2) == 0) store_->flush();
    engine_.reset();
    store_.reset();
    for (auto& [id, known] : known_) {
      if (waiting_.contains(id)) known.frozen.reset();
    }
    waiting_.clear();
    start();
  }

  void later(std::uint64_t millis, std::function<void()> task) {
    timers_.emplace(clock_.now() + Duration(millis), std::move(task));
  }

  // Lets the system do what it can, and time pass.
  void turn() {
    log_.advance();
    for (auto& [generation, task] : std::exchange(posted_, {})) {
      if (generation == generation_) task();
    }
    (void)engine_->pump();
    clock_.advance(Duration(1 + random_.below(40)));
    while (!timers_.empty() && timers_.begin()->first <= clock_.now()) {
      const auto task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
  }

  void act() {
    const auto choice = random_.below(100);
    if (choice < 12 || known_.empty()) return create();
    if (choice < 14) return crash();
    auto& known = std::next(known_.begin(), static_cast<std::ptrdiff_t>(random_.below(known_.size())))->second;
    if (choice < 50) return rename(known);
    if (choice < 65) return freeze(known, true);
    if (choice < 80) return freeze(known, false);
    if (choice < 85) return cancel(known);
    if (choice < 92) return retry(known);
  }

  CommandRequest request_for(const Known& known, Command command) {
    CommandRequest request;
    request.command = std::move(command);
    request.partition = known.partition;
    request.caller = {.actor = {ActorType::user, user_.str()}, .display = "Simulated", .display_sealed = {}, .via_organization = {}};
    return request;
  }

  void bootstrap() {
    user_ = UserId::make(clock_.now(), random_);
    account_ = AccountId::make(clock_.now(), random_);
    (void)keys_->put({{user_.str(), crypto::Key::generate(random_)}});
    bool done = false;
    log_.set_faults({});
    Known directory{.id = {}, .partition = directory_partition, .names_possible = {}, .frozen = {}, .acknowledged = 0};
    auto request = request_for(directory, user::Bootstrap{.user = user_, .account = account_,
                                                          .session = SessionId::make(clock_.now(), random_), .name = Sealed("x.y"),
                                                          .session_hash = std::string(64, 'a')});
    request.done = [&](const CommandResult& result) { done = result.has_value(); };
    engine_->submit(std::move(request));
    for (int i = 0; i < 100 && !done; ++i) turn();
    if (!done) broken_ = "the first user could not be made";
    log_.set_faults({.failed = random_.below(30), .unknown_written = random_.below(30), .unknown_lost = random_.below(30),
                     .doubled = random_.below(100), .late = random_.below(300)});
  }

  void create() {
    Known known{.id = WorkspaceId::make(clock_.now(), random_),
                .partition = Partition{static_cast<std::uint16_t>(1 + random_.below(partitions - 1))},
                .names_possible = {}, .frozen = {}, .acknowledged = 0};
    auto request = request_for(known, workspace::CreateWorkspace{.workspace = known.id, .account = account_, .owner = user_,
                                                                 .name = "Workspace", .slug = {}, .region = {}});
    known.names_possible.insert("Workspace");
    request.done = [this, known](const CommandResult& result) mutable {
      if (!result) return;
      known.acknowledged = 1;
      known.frozen = false;
      known_.emplace(known.id, known);
    };
    engine_->submit(std::move(request));
  }

  void rename(Known& known) {
    const auto name = fmt::format("Name {}", ++names_);
    auto request = request_for(known, workspace::UpdateWorkspace{known.id, name, {}});
    if (random_.below(2) == 0) {
      request.idempotency = {user_.str(), fmt::format("key {}", random_.below(20)), name};
    }
    // Until an answer comes, the name may already be there.
    known.names_possible.insert(name);
    request.done = [this, id = known.id, name](const CommandResult& result) {
      auto& told = known_.at(id);
      if (result && result->replayed) return;
      if (result && result->position) ++told.acknowledged;
      if (!result && info(result.error().reason).category != Category::unavailable) told.names_possible.erase(name);
    };
    engine_->submit(std::move(request));
  }

  void freeze(Known& known, bool on) {
    if (waiting_.contains(known.id)) return;
    auto request = on ? request_for(known, workspace::FreezeWorkspace{known.id, {}})
                      : request_for(known, workspace::UnfreezeWorkspace{known.id});
    waiting_.insert(known.id);
    request.done = [this, id = known.id, on](const CommandResult& result) {
      waiting_.erase(id);
      auto& told = known_.at(id);
      if (result) {
        told.frozen = on;
        if (result->position) ++told.acknowledged;
      } else if (info(result.error().reason).category == Category::unavailable) {
        told.frozen.reset();
      }
    };
    engine_->submit(std::move(request));
  }

  std::optional<OperationId> operation_of(const Known& known) {
    const auto row = workspaces::find(*store_, known.id);
    if (!row) return std::nullopt;
    const auto value = json::parse(row->json);
    return OperationId::parse(std::string_view(value->at("operation_id").as_string())).value();
  }
  void cancel(Known& known) {
    if (const auto operation = operation_of(known)) {
      auto request = request_for(known, operation::CancelOperation{known.id, *operation});
      request.done = [this, id = known.id](const CommandResult& result) {
        if (result && result->position) ++known_.at(id).acknowledged;
      };
      engine_->submit(std::move(request));
    }
  }
  void retry(Known& known) {
    if (const auto operation = operation_of(known)) {
      auto request = request_for(known, operation::RetryOperation{known.id, *operation, OperationId::make(clock_.now(), random_)});
      request.done = [this, id = known.id](const CommandResult& result) {
        if (result && result->position) ++known_.at(id).acknowledged;
      };
      engine_->submit(std::move(request));
    }
  }

  // Faults end; everything must come to rest: no request without an answer, no operation that runs for ever.
  void settle() {
    log_.set_faults({});
    provisioner_.set_faults({});
    for (int i = 0; i < settle_steps_max; ++i) {
      turn();
      clock_.advance(Duration(500));
      const bool at_rest = log_.idle() && posted_.empty() && engine_->in_flight() == 0 && operations::running(*store_).empty() &&
                           !engine_->fold().behind() && timers_.empty();
      if (at_rest) return;
      if (!engine_->fold().stopped().empty()) {
        broken_ = engine_->fold().stopped().front().message;
        return;
      }
    }
    broken_ = fmt::format("nothing came to rest: {} in flight, {} operations running", engine_->in_flight(),
                          operations::running(*store_).size());
  }

  // Nothing acknowledged is lost or doubled; what was told is so.
  void check_ledger() {
    for (const auto& [id, known] : known_) {
      const auto row = workspaces::find(*store_, id);
      if (!row) return fail(id, "was acknowledged and is not there");
      const auto value = json::parse(row->json).value();
      const std::string name(value.at("name").as_string());
      if (!known.names_possible.contains(name)) return fail(id, "is called " + name + ", which it was never told");
      const auto status = row->header.status;
      if (known.frozen && *known.frozen != (status == workspace::Status::frozen)) return fail(id, "is not as frozen as it was told");
      check_audit(id, known);
    }
    check_environments();
  }

  void check_audit(WorkspaceId id, const Known& known) {
    std::uint64_t of_the_user = 0;
    PageRequest page{.limit = 100, .after = {}};
    std::uint64_t expected = 0;
    while (true) {
      const auto entries = audit::list(*store_, id.str(), {}, audit::Order::oldest_first, page);
      for (const auto& entry : entries.rows) {
        const auto value = json::parse(entry).value();
        if (static_cast<std::uint64_t>(value.at("sequence").as_int64()) != expected++) return fail(id, "has a gap in its feed");
        const bool success = std::string_view(value.at("outcome").as_string()) == "success";
        if (success && std::string_view(value.at("actor").at("type").as_string()) == "user") ++of_the_user;
      }
      if (!entries.next) break;
      page.after = entries.next;
    }
    if (of_the_user < known.acknowledged) {
      fail(id, fmt::format("has {} entries for {} acknowledged commands", of_the_user, known.acknowledged));
    }
  }

  // What is active exists outside, once each.
  void check_environments() {
    auto scan = store_->scan("E");
    for (scan.to_first(); scan.valid(); scan.next()) {
      const auto value = json::parse(scan.value()).value();
      const std::string id(value.at("id").as_string());
      const std::string_view status(value.at("status").as_string());
      if (status == "active" && !provisioner_.existing().contains(id)) broken_ = id + " is active and does not exist";
      if (status == "deprovisioning" || status == "provisioning") broken_ = id + " is " + std::string(status) + " for ever";
    }
  }

  // The live store, made in many steps with crashes between, and a fold from zero are the same bytes.
  void check_fold_from_zero() {
    auto fresh = Store::open(directory_ / "fresh", Store::Mode::read_write).value();
    StreamStates states(*fresh, 10'000);
    Projector projector(*fresh, states, [](Partition, const StreamName&) {});
    Fold fold(log_, *fresh, *keys_, projector);
    while (fold.behind()) (void)fold.step(100'000);
    auto live = store_->scan("");
    auto again = fresh->scan("");
    live.to_first();
    again.to_first();
    while (live.valid() && again.valid() && live.key() == again.key() && live.value() == again.value()) {
      live.next();
      again.next();
    }
    if (live.valid() || again.valid()) {
      broken_ = fmt::format("a fold from zero differs at key {}", crypto::to_hex(live.valid() ? live.key() : again.key()));
    }
  }

  void fail(WorkspaceId id, const std::string& what) {
    if (!broken_) broken_ = id.str() + " " + what;
  }

  SeededRandom random_;
  fs::path directory_;
  SimulatedClock clock_;
  SimulatedLog log_;
  SimulatedProvisioner provisioner_;
  std::unique_ptr<KeyStore> keys_;
  NodeId node_{Uuid{{1}}};
  UserId user_;
  AccountId account_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  int generation_ = 0;
  std::vector<std::pair<int, std::function<void()>>> posted_;
  std::multimap<Timestamp, std::function<void()>> timers_;
  std::map<WorkspaceId, Known> known_;
  std::set<WorkspaceId> waiting_;
  std::uint64_t names_ = 0;
  std::optional<std::string> broken_;
};

}  // namespace

std::optional<std::string> run(std::uint64_t seed, const fs::path& directory) {
  fs::remove_all(directory);
  fs::create_directories(directory);
  World world(seed, directory);
  return world.run();
}

}  // namespace tenure::simulation
