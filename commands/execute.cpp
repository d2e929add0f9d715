#include "commands/execute.h"

#include <algorithm>

#include "commands/guards.h"
#include "commands/in_flight.h"
#include "commands/kept_answer.h"
#include "core/limits.h"
#include "core/store/keys.h"

namespace tenure {
namespace {

Tenant tenant_of(const Command& command) {
  return std::visit([](const auto& typed) { return typed.tenant(); }, command);
}
StreamName target_of(const Command& command) {
  return std::visit([](const auto& typed) { return typed.target(); }, command);
}
// Where a refusal is entered: what was to be made has no feed yet, so its account's feed has it, in the
// directory.
std::pair<Partition, std::string> refusal_feed_of(const CommandRequest& request) {
  return std::visit(
      [&](const auto& typed) -> std::pair<Partition, std::string> {
        if constexpr (requires { typed.account; }) return {directory_partition, typed.account.str()};
        return {request.partition, typed.tenant().feed()};
      },
      request.command);
}

bool leaves_entry(const Rejection& rejection) {
  const auto category = info(rejection.reason).category;
  return category == Category::conflict || category == Category::stale || category == Category::locked;
}

std::string changes_json(const std::vector<Decision::Change>& changes) {
  auto sorted = changes;
  std::ranges::sort(sorted, {}, &Decision::Change::field);
  std::string text;
  json::Writer out(text);
  out.begin_object();
  for (const auto& change : sorted) {
    out.key(change.field).begin_object();
    if (change.from) out.member("from", *change.from);
    if (change.to) out.member("to", *change.to);
    out.end_object();
  }
  out.end_object();
  return text;
}

}  // namespace

Executor::Executor(Parts parts) : parts_(std::move(parts)), refusals_(parts_.refusal_window) {
  for (std::uint16_t number = 0; number < parts_.log.partitions(); ++number) {
    auto& line = *lines_.emplace_back(std::make_unique<PartitionLine>());
    const auto through = folded_through(parts_.store, Partition{number});
    line.last_time = through.latest;
    line.genesis = through.genesis;
  }
  blind_ = [this](std::string_view owner, std::string_view text) {
    const auto digest = crypto::hmac_sha256(key_of(std::string(owner)), text);
    return crypto::to_hex(crypto::view(digest).substr(0, 16));
  };
}

Executor::~Executor() = default;

void Executor::submit(CommandRequest request) {
  auto pending = std::make_shared<Pending>();
  pending->request = std::move(request);
  pending->deadline = parts_.clock.now() + parts_.commit_timeout;
  if (in_flight() >= limits::commands_in_flight_max) {
    return pending->request.done(std::unexpected(Rejection{Reason::overloaded, "", {}, {}}));
  }
  run(std::move(pending));
}

// Steps 3 and 4.
void Executor::run(std::shared_ptr<Pending> pending) {
  const auto& request = pending->request;
  auto& line = *lines_[to_number(request.partition)];
  if (line.settling) {
    ++held_;
    line.held.push_back(std::move(pending));
    return;
  }
  Seen seen(request.partition, parts_.folded, line);
  if (request.idempotency) {
    pending->key_stream = idempotency_stream(*request.idempotency);
    if (answer_from_kept(*pending, pending->key_stream)) return;
    seen.look_at(pending->key_stream);
  }
  const auto target = seen.look_at(target_of(request.command));
  const Context context{.now = now_in(request.partition),
                        .node = parts_.node,
                        .policy = parts_.policy,
                        .random = parts_.random,
                        .blind = blind_};
  auto decided =
      std::visit([&](const auto& command) { return decide(command, seen, context); }, request.command);
  // Refusals come in the order 404, 422, 423, 412, 409.
  if (decided || !comes_before_guards(decided.error())) {
    if (const auto locked = check_lock(request.command, seen))
      return answer_without_commit(std::move(pending), std::unexpected(*locked), seen);
    if (is_ahead(request.if_match, target)) return wait_for_version(std::move(pending));
    if (const auto stale = check_if_match(request.if_match, target))
      return answer_without_commit(std::move(pending), std::unexpected(*stale), seen);
  }
  if (!decided)
    return answer_without_commit(std::move(pending), std::unexpected(std::move(decided.error())), seen);
  if (decided->writes().empty() && !request.idempotency) {
    Answer answer{
        .success = decided->answer().success, .body = {}, .version = {}, .position = {}, .replayed = false};
    if (decided->answer().kind != AnswerKind::empty) {
      auto rendered = parts_.render(decided->answer(), seen.stream_state(decided->answer().stream));
      answer.body = std::move(rendered.body);
      answer.version = rendered.version;
    }
    return answer_without_commit(std::move(pending), std::move(answer), seen);
  }
  commit(std::move(pending), *decided, seen);
}

// True when the request has its answer.
bool Executor::answer_from_kept(Pending& pending, const StreamName& stream) {
  const auto& request = pending.request;
  auto& line = *lines_[to_number(request.partition)];
  const auto reused = [&](const std::string& fingerprint) {
    return fingerprint != request.idempotency->fingerprint;
  };
  const Rejection reuse{Reason::idempotency_key_reused, "", {}, {}};
  if (const auto running = line.keys_in_flight.find(stream); running != line.keys_in_flight.end()) {
    request.done(std::unexpected(
        reused(running->second) ? reuse : Rejection{Reason::idempotency_key_in_use, "", {}, {}}));
    return true;
  }
  const auto& reserved = parts_.folded.get(request.partition, stream).version;
  if (reserved.number == 0) return false;
  const auto kept =
      decode_kept_answer(parts_.store.get(keys::kept_answer(request.partition, reserved.head)).value());
  if (reused(kept.fingerprint)) {
    request.done(std::unexpected(reuse));
  } else {
    request.done(Answer{.success = kept.success,
                        .body = kept.answer.body,
                        .version = kept.answer.version,
                        .position = kept.position,
                        .replayed = true});
  }
  return true;
}

// The client has seen a version that this node has not folded yet.
void Executor::wait_for_version(std::shared_ptr<Pending> pending) {
  if (awaiting_.size() >= limits::if_match_waiting_max) {
    return pending->request.done(std::unexpected(Rejection{Reason::overloaded, "", {}, {}}));
  }
  awaiting_.emplace(parts_.clock.now() + limits::position_wait_max, std::move(pending));
}

void Executor::look_at_awaited_versions() {
  if (awaiting_.empty()) return;
  const auto now = parts_.clock.now();
  std::vector<std::shared_ptr<Pending>> there;
  for (auto each = awaiting_.begin(); each != awaiting_.end();) {
    const auto& request = each->second->request;
    const auto& version = parts_.folded.get(request.partition, target_of(request.command)).version;
    if (!is_ahead(request.if_match, version)) {
      there.push_back(std::move(each->second));
      each = awaiting_.erase(each);
    } else if (each->first <= now) {
      request.done(std::unexpected(Rejection{Reason::position_not_reached, "", {}, {}}));
      each = awaiting_.erase(each);
    } else {
      ++each;
    }
  }
  for (auto& pending : there) {
    pending->deadline = now + parts_.commit_timeout;
    run(std::move(pending));
  }
}

// Step 5.
void Executor::commit(std::shared_ptr<Pending> pending, const Decision& decision, const Seen& seen) {
  const auto& request = pending->request;
  const auto& command = info_of(request.command);
  const auto tenant = tenant_of(request.command);
  const auto time = now_in(request.partition);
  for (const auto& owner : decision.keys()) make_key(owner);

  Commit commit;
  auto& envelope = commit.envelope;
  envelope.id = CommitId::make(time, parts_.random);
  envelope.time = time;
  envelope.command = command.name;
  envelope.actor = request.caller.actor;
  envelope.node = parts_.node;
  envelope.key_owner = tenant.id();
  envelope.correlation_id =
      request.context.request_id.empty() ? envelope.id.str() : request.context.request_id;
  envelope.causation_id = request.causation_id;
  envelope.traceparent = request.context.traceparent;
  auto flight = std::make_unique<InFlight>();
  for (const auto& write : decision.writes()) {
    auto& encoded = envelope.writes.emplace_back(StreamWrite{write.stream, seen.version(write.stream), {}});
    for (const auto& event : write.events) encoded.events.push_back(encode_event(event));
    flight->changes.push_back({write.stream, write.events});
  }
  if (request.idempotency) {
    envelope.idempotency = {pending->key_stream, request.idempotency->fingerprint};
    const Event taken = reservation::Taken{};
    envelope.writes.push_back({pending->key_stream, {}, {encode_event(taken)}});
    flight->changes.push_back({pending->key_stream, {taken}});
    flight->key_stream = pending->key_stream;
    flight->fingerprint = request.idempotency->fingerprint;
  }
  for (const auto& stream : seen.only_read(envelope.writes))
    envelope.writes.push_back({stream, seen.version(stream), {}});
  envelope.answer = decision.answer();

  const bool audited = !command.action.empty() && decision.is_audited() && !decision.writes().empty();
  if (audited) {
    auto payload = audit_payload_of(request.caller, request.context);
    payload.changes = changes_json(decision.changes());
    envelope.audit = AuditEnvelope{.feed = tenant.feed(), .action = std::string(command.action)};
    for (const auto& target : decision.targets()) {
      envelope.audit->targets.push_back({target.type, target.id});
      payload.target_displays.push_back(target.display);
    }
    const auto salt = audit_salt(key_of(tenant.id()), envelope.id);
    envelope.audit->commitment = audit_commitment(salt, plain_payload(payload));
    commit.audit_payload = stored_payload(payload);
  }
  flight->pending = std::move(pending);
  flight->success = decision.answer().success;
  enqueue(request.partition, std::move(commit), std::move(flight));
}

void Executor::enqueue(Partition partition, Commit commit, std::unique_ptr<InFlight> flight) {
  const auto& envelope = commit.envelope;
  const auto id = envelope.id;
  auto& line = *lines_[to_number(partition)];
  if (line.genesis.is_nil()) line.settling = true;  // the first commit of a partition goes alone
  commit.envelope.genesis = line.genesis;
  flight->expects_empty = line.genesis.is_nil();
  auto record = encode_record(commit, key_of(envelope.key_owner), parts_.random);
  flight->partition = partition;
  for (const auto& write : envelope.writes) flight->expected.emplace_back(write.stream, write.expected);
  line.push(id, envelope.time, flight->changes, parts_.folded, partition);
  if (!flight->fingerprint.empty()) line.keys_in_flight[flight->key_stream] = flight->fingerprint;
  flight->deadline = deadlines_.emplace(
      flight->pending ? flight->pending->deadline : parts_.clock.now() + parts_.commit_timeout, id);
  in_flight_.emplace(id, std::move(flight));
  parts_.sent.add(record, std::move(commit));
  outgoing_.push_back({partition, id, std::move(record)});
}

void Executor::flush() {
  if (outgoing_.empty()) return;
  auto outgoing = std::exchange(outgoing_, {});
  if (!new_keys_.empty()) {
    const auto stored = parts_.keys.put(new_keys_);
    new_keys_.clear();
    if (!stored) {
      for (const auto& commit : outgoing)
        on_appended(commit.id, {AppendStatus::failed, {}, stored.error().message});
      return;
    }
  }
  for (auto& commit : outgoing) {
    parts_.log.append(commit.partition, std::move(commit.record),
                      [id = commit.id, appended = parts_.appended](const AppendResult& result) {
                        if (result.status != AppendStatus::durable) appended(id, result);
                      });
  }
}

// An outcome that is unknown is settled by what the log holds: the commit itself, or one that makes it void
// whether or not it turns up. The deadline passes only when there is neither.
void Executor::on_appended(const CommitId& commit, const AppendResult& result) {
  if (result.status == AppendStatus::failed)
    give_up(commit, {Reason::log_unavailable, result.detail, {}, {}});
  if (result.status == AppendStatus::unknown && in_flight_.contains(commit)) unknown_.push_back(commit);
}

void Executor::settle_unknown() {
  if (unknown_.empty()) return;
  std::erase_if(unknown_, [&](const CommitId& id) { return !in_flight_.contains(id); });
  std::vector<CommitId> overtaken;
  std::ranges::copy_if(unknown_, std::back_inserter(overtaken),
                       [&](const CommitId& id) { return is_overtaken(*in_flight_.at(id)); });
  for (const auto& id : overtaken) come_back_void(id);
}

// Versions only grow, and each is one commit's; a partition has one first commit.
bool Executor::is_overtaken(const InFlight& flight) const {
  if (flight.expects_empty && !lines_[to_number(flight.partition)]->genesis.is_nil()) return true;
  return std::ranges::any_of(flight.expected, [&](const auto& demand) {
    const auto& [stream, expected] = demand;
    const auto& now = parts_.folded.get(flight.partition, stream).version;
    return now.number > expected.number || (now.number == expected.number && now.head != expected.head);
  });
}

// Should the commit be in the log after all, the fold takes it like any other's.
void Executor::give_up(const CommitId& commit, const Rejection& why) {
  const auto flight = drop(commit);
  if (!flight) return;
  flight->fail(why);
  release_held(*lines_[to_number(flight->partition)]);
}

void Executor::come_back_void(const CommitId& commit) {
  const auto flight = drop(commit);
  if (!flight) return;
  settle(*flight, {.accepted = false});
  release_held(*lines_[to_number(flight->partition)]);
}

// Nothing may rest on the commit any more.
std::unique_ptr<Executor::InFlight> Executor::drop(const CommitId& commit) {
  auto flight = take(commit);
  if (!flight) return nullptr;
  auto& line = *lines_[to_number(flight->partition)];
  line.drop(commit, *flight);
  decide_waiting_again(line);
  return flight;
}

std::unique_ptr<Executor::InFlight> Executor::take(const CommitId& commit) {
  const auto found = in_flight_.find(commit);
  if (found == in_flight_.end()) return nullptr;
  auto flight = std::move(found->second);
  in_flight_.erase(found);
  deadlines_.erase(flight->deadline);
  return flight;
}

// Step 6.
void Executor::on_folded(const FoldedCommit& folded) {
  auto& line = *lines_[to_number(folded.position.partition)];
  if (folded.position.offset == Offset{0}) line.genesis = folded.id;
  if (folded.accepted) line.last_time = std::max(line.last_time, folded.time);
  if (!folded.accepted) return come_back_void(folded.id);
  auto flight = take(folded.id);
  if (!flight) return;
  line.pop(folded.id, *flight);
  settle(*flight, folded);
  release_held(line);
}

// Step 7.
void Executor::settle(InFlight& flight, const FoldedCommit& folded) {
  for (auto& waiting : flight.waiting) {
    if (folded.accepted) {
      answer(waiting.pending, std::move(waiting.result));
    } else {
      run_again(std::move(waiting.pending));
    }
  }
  if (flight.refusal) {
    if (folded.accepted) return flight.refusal->tell();
    return write_refusal(std::move(flight.refusal->request), flight.refusal->repeated);
  }
  if (!flight.pending) return;
  if (!folded.accepted) return run_again(std::move(flight.pending));
  flight.pending->request.done(Answer{.success = flight.success,
                                      .body = folded.answer.body,
                                      .version = folded.answer.version,
                                      .position = folded.position,
                                      .replayed = false});
}

// What waits for a later commit may rest on the one that was dropped too. The line settles, so it is held.
void Executor::decide_waiting_again(const PartitionLine& line) {
  const auto order = line.order;
  for (const auto& id : order) {
    for (auto& waiting : std::exchange(in_flight_.at(id)->waiting, {})) run_again(std::move(waiting.pending));
  }
}

void Executor::run_again(std::shared_ptr<Pending> pending) {
  if (++pending->attempts >= limits::decide_attempts_max) {
    return pending->request.done(std::unexpected(Rejection{Reason::contention, "", {}, {}}));
  }
  run(std::move(pending));
}

// An answer that rests on commits in flight holds only once these are accepted: the last of them comes back
// last, and when one before it is void, what waits is decided again.
void Executor::answer_without_commit(std::shared_ptr<Pending> pending, CommandResult result,
                                     const Seen& seen) {
  const auto last = seen.last_in_flight();
  if (!last) return answer(pending, std::move(result));
  in_flight_.at(*last)->waiting.push_back({std::move(pending), std::move(result)});
}

void Executor::answer(const std::shared_ptr<Pending>& pending, CommandResult result) {
  const auto& request = pending->request;
  const auto& command = info_of(request.command);
  if (result || command.action.empty() || !leaves_entry(result.error()))
    return request.done(std::move(result));
  const auto& rejection = result.error();
  const auto [partition, tenant] = refusal_feed_of(request);
  const auto target = target_of(request.command);
  RefusalRequest refusal{.partition = partition,
                         .tenant = tenant,
                         .command = std::string(command.name),
                         .action = std::string(command.action),
                         .outcome = Outcome::rejected,
                         .targets = {{std::string(target.category()), std::string(target.rest())}},
                         .rejection = rejection,
                         .caller = request.caller,
                         .context = request.context,
                         .done = {}};
  refusal.displays = {display_of(parts_.folded.get(request.partition, target).state)};
  refusal.done = [pending, rejection] { pending->request.done(std::unexpected(rejection)); };
  refuse(std::move(refusal));
}

void Executor::refuse(RefusalRequest request) {
  // A tenant that does not exist has no feed to write to.
  if (!parts_.keys.find(request.tenant)) return request.done();
  write_repeated_refusals();
  if (!refusals_.is_first(request, parts_.clock.now())) return request.done();
  write_refusal(std::move(request), 0);
}

void Executor::write_refusal(RefusalRequest request, std::uint64_t repeated) {
  auto flight = std::make_unique<InFlight>();
  const auto partition = request.partition;
  const auto key = parts_.keys.find(request.tenant);
  flight->refusal = {std::move(request), repeated};
  if (!key) return flight->refusal->tell();  // the tenant was erased meanwhile
  const auto time = now_in(partition);
  auto commit = refusal_commit(flight->refusal->request, repeated, CommitId::make(time, parts_.random), time,
                               parts_.node, *key);
  flight->changes.push_back({commit.envelope.writes.front().stream, {reservation::Taken{}}});
  enqueue(partition, std::move(commit), std::move(flight));
}

void Executor::write_repeated_refusals() {
  for (auto& [request, times] : refusals_.end_windows(parts_.clock.now()))
    write_refusal(std::move(request), times);
}

// Every commit that was folded has come back by now: what is overtaken was overtaken by another.
void Executor::tick() {
  settle_unknown();
  look_at_awaited_versions();
  const auto now = parts_.clock.now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    give_up(CommitId(deadlines_.begin()->second), {Reason::outcome_unknown, "", {}, {}});
  }
  write_repeated_refusals();
}

std::optional<Timestamp> Executor::next_tick() const {
  auto next = refusals_.next_end();
  const auto consider = [&](Timestamp at) { next = std::min(next.value_or(at), at); };
  if (!deadlines_.empty()) consider(deadlines_.begin()->first);
  if (!awaiting_.empty()) consider(awaiting_.begin()->first);
  return next;
}

void Executor::release_held(PartitionLine& line) {
  if (!line.settling || !line.order.empty()) return;
  line.settling = false;
  auto held = std::exchange(line.held, {});
  held_ -= held.size();
  for (auto& pending : held) run(std::move(pending));
}

void Executor::make_key(const std::string& owner) {
  const bool made = std::ranges::find(new_keys_, owner, &KeyStore::NewKey::owner) != new_keys_.end();
  if (made || parts_.keys.find(owner)) return;
  new_keys_.push_back({owner, crypto::Key::generate(parts_.random)});
}

crypto::Key Executor::key_of(const std::string& owner) {
  const auto made = std::ranges::find(new_keys_, owner, &KeyStore::NewKey::owner);
  if (made != new_keys_.end()) return made->key;
  const auto key = parts_.keys.find(owner);
  if (!key) throw std::runtime_error("the data key of " + owner + " is missing; restore the key store");
  return *key;
}

StreamName Executor::idempotency_stream(const IdempotencyKey& key) {
  return {"idempotency", key.scope + "/" + blind_(key.scope, "idempotency " + key.key)};
}

// Time never runs backwards inside a partition, as far as this node knows.
Timestamp Executor::now_in(Partition partition) {
  auto& last = lines_[to_number(partition)]->last_time;
  last = std::max(last, parts_.clock.now());
  return last;
}

}  // namespace tenure
