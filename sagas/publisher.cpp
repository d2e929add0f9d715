#include "sagas/publisher.h"

#include <algorithm>

#include "projections/outbox.h"

namespace tenure {
namespace {

// Of each partition, on their way to the sink.
constexpr std::size_t sent_max = 1'000;
constexpr std::uint32_t doublings_max = 16;
// Reading the outbox costs as much for one commit as for a hundred, and so does a request to the brokers.
constexpr auto gather_for = std::chrono::milliseconds(20);

}  // namespace

Publisher::Publisher(Parts parts) : parts_(std::move(parts)) {
  if (parts_.sink == nullptr) return;
  lines_.resize(parts_.partitions);
  for (std::uint16_t number = 0; number < parts_.partitions; ++number)
    lines_[number].partition = Partition{number};
}

void Publisher::start() {
  for (auto& line : lines_) line.look = true;
}

void Publisher::on_folded(const FoldedCommit& folded) {
  if (folded.accepted && !lines_.empty()) look_soon(lines_[to_number(folded.position.partition)]);
}

void Publisher::tick() {
  const auto now = parts_.clock.now();
  for (auto& line : lines_) {
    if (!line.look && (!line.look_at || *line.look_at > now)) continue;
    line.look = false;
    line.look_at.reset();
    line.looked_at = now;
    look_at(line, now);
  }
}

std::optional<Timestamp> Publisher::next_tick() const {
  std::optional<Timestamp> next;
  for (const auto& line : lines_) {
    if (line.look) return parts_.clock.now();
    if (line.look_at) next = std::min(next.value_or(*line.look_at), *line.look_at);
  }
  return next;
}

void Publisher::stop() {
  stopping_ = true;
  start();
}

bool Publisher::holds_any() const {
  const auto now = parts_.clock.now();
  return std::ranges::any_of(lines_, [&](const Line& line) { return is_mine(state_of(line), now); });
}

publication::State Publisher::state_of(const Line& line) const {
  const auto stream = publication::stream(line.partition);
  const auto* found = std::get_if<publication::State>(&parts_.states.get(line.partition, stream).state);
  return found == nullptr ? publication::State() : *found;
}

bool Publisher::is_mine(const publication::State& state, Timestamp now) const {
  return state.node == parts_.node && state.is_held(now);
}

void Publisher::look_at(Line& line, Timestamp now) {
  const auto state = state_of(line);
  const bool mine = is_mine(state, now);
  if (!mine && !line.sent.empty()) {
    // From now on another node may send the same.
    begin_again(line);
    parts_.sink->abandon();
  }
  if (line.sent.empty()) line.next = std::max(line.next, Offset{state.through});
  if (stopping_) {
    if (!mine) return;
    if (line.sent.empty()) return release(line);
    look_later(line, state.until);
  } else if (mine) {
    work(line, state, now);
  } else {
    wait_for_work(line, state, now);
  }
}

// While the claim is this node's. One that brings nothing about is not renewed: a sink that takes nothing
// must not fill the log.
void Publisher::work(Line& line, const publication::State& state, Timestamp now) {
  send(line, now);
  const auto half = parts_.policy.saga_lease / 2;
  const auto claimed_at = state.until - 2 * half;
  const auto renew_at = state.until - half;
  if (has_work(line)) {
    if (now < renew_at) return look_later(line, renew_at);
    if (line.worked_at >= claimed_at) return claim(line);
    return look_later(line, state.until);
  }
  const auto idle_at = std::max(line.worked_at, claimed_at) + half;
  if (now >= idle_at) return release(line);
  look_later(line, idle_at);
}

// Work is also to write down what was published, when the lease ran out before that.
void Publisher::wait_for_work(Line& line, const publication::State& state, Timestamp now) {
  if (state.is_held(now)) return look_later(line, state.until);
  if (outbox::is_empty(parts_.store, line.partition, Offset{state.through})) return;
  if (now < line.paused_until) return look_later(line, line.paused_until);
  claim(line);
}

void Publisher::send(Line& line, Timestamp now) {
  if (now < line.paused_until) return look_later(line, line.paused_until);
  if (line.sent.size() >= sent_max) return;
  if (line.sent.empty()) line.session = parts_.sink->session();
  for (auto& commit : outbox::read(parts_.store, line.partition, line.next, sent_max - line.sent.size())) {
    for (auto& record : commit.records) {
      const auto number = line.sent_before + line.sent.size();
      line.sent.push_back({commit.offset});
      parts_.sink->publish(
          line.session, std::move(record),
          [this, partition = to_number(line.partition), attempt = line.attempt, number](bool stored) {
            parts_.post([=, this] { answered(partition, attempt, number, stored); });
          });
    }
    line.next = next(commit.offset);
    line.worked_at = now;
  }
}

void Publisher::answered(std::size_t partition, std::uint64_t attempt, std::uint64_t number, bool stored) {
  auto& line = lines_[partition];
  if (attempt != line.attempt) return;
  if (!stored) return begin_again(line);
  line.failures = 0;
  line.worked_at = parts_.clock.now();
  line.sent[number - line.sent_before].stored = true;
  const bool was_full = line.sent.size() >= sent_max;
  while (!line.sent.empty() && line.sent.front().stored) {
    line.sent.pop_front();
    ++line.sent_before;
  }
  if (was_full) line.look = true;
  if (line.sent.empty()) look_soon(line);
}

void Publisher::begin_again(Line& line) {
  line.next = through(line);
  line.sent_before += line.sent.size();
  line.sent.clear();
  ++line.attempt;
  const auto doublings = std::min(line.failures++, doublings_max);
  const auto pause = std::min(parts_.policy.retry_max, parts_.policy.retry_base * (1U << doublings));
  line.paused_until = parts_.clock.now() + pause;
  look_later(line, line.paused_until);
}

// Whole commits are sent, so all of the one before `next` were.
Offset Publisher::through(const Line& line) {
  return line.sent.empty() ? line.next : line.sent.front().commit;
}

bool Publisher::has_work(const Line& line) const {
  return !line.sent.empty() || !outbox::is_empty(parts_.store, line.partition, line.next);
}

bool Publisher::make_key() {
  const auto owner = parts_.node.str();
  if (parts_.keys.find(owner)) return true;
  if (!key_) key_ = crypto::Key::generate(parts_.random);
  return parts_.keys.put({{owner, *key_}}).has_value();
}

void Publisher::claim(Line& line) {
  if (!make_key()) return look_later(line, parts_.clock.now() + parts_.policy.retry_base);
  submit(line, publication::ClaimPublication{line.partition, parts_.node, through(line)});
}

void Publisher::release(Line& line) {
  submit(line, publication::ReleasePublication{line.partition, parts_.node, through(line)});
}

void Publisher::submit(Line& line, Command command) {
  if (line.command_on_its_way) return;
  line.command_on_its_way = true;
  CommandRequest request;
  request.command = std::move(command);
  request.partition = line.partition;
  request.caller = {.actor = {ActorType::system, "publisher"},
                    .display = "Tenure",
                    .display_sealed = {},
                    .via_organization = {}};
  // What came of it is folded by then; what failed is tried again a moment later.
  request.done = [this, &line](const CommandResult&) {
    line.command_on_its_way = false;
    look_later(line, parts_.clock.now() + parts_.policy.retry_base);
  };
  parts_.submit(std::move(request));
}

void Publisher::look_soon(Line& line) const {
  look_later(line, std::max(parts_.clock.now(), line.looked_at + gather_for));
}

void Publisher::look_later(Line& line, Timestamp at) {
  line.look_at = std::min(line.look_at.value_or(at), at);
}

}  // namespace tenure
