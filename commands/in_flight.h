// What the executor keeps about commits that are appended and not folded yet. Part of execute.cpp.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "commands/execute.h"

namespace tenure {

struct Executor::Pending {
  CommandRequest request;
  StreamName key_stream;  // of the idempotency key, when there is one
  Timestamp deadline;
  int attempts = 0;  // commits that turned out void
};

struct Executor::InFlight {
  struct Change {
    StreamName stream;
    std::vector<Event> events;
  };
  struct Refusal {
    RefusalRequest request;
    std::uint64_t repeated;
    void tell() const {
      if (request.done) request.done();
    }
  };
  struct Waiting {
    std::shared_ptr<Pending> pending;
    CommandResult result;
  };

  Partition partition{};
  std::shared_ptr<Pending> pending;  // none for a refusal's entry
  Success success{};
  std::vector<Change> changes;
  std::vector<std::pair<StreamName, Version>> expected;  // what the commit demands
  bool expects_empty = false;                            // and that the partition is empty
  StreamName key_stream;
  std::string fingerprint;         // of the idempotency key; empty: none
  std::vector<Waiting> waiting;    // answers that rest on this commit
  std::optional<Refusal> refusal;  // this commit is its entry
  std::multimap<Timestamp, CommitId>::iterator deadline;

  // Tells everyone who waits, once.
  void fail(const Rejection& why) {
    for (auto& each : std::exchange(waiting, {})) each.pending->request.done(std::unexpected(why));
    if (auto told = std::exchange(pending, nullptr)) told->request.done(std::unexpected(why));
    if (const auto told = std::exchange(refusal, std::nullopt)) told->tell();
  }
};

// Commits of one partition in the order in which they were appended, and the states that they will bring
// about if they are accepted. When one of them is not, those behind it that built on it will be void as well:
// their versions name it. So nothing new is decided (`settling`) until all that is in flight has come back.
struct Executor::PartitionLine {
  struct Ahead {
    StreamState state;
    std::size_t commits = 0;  // in flight that write the stream
  };

  std::deque<CommitId> order;
  std::unordered_map<StreamName, Ahead> ahead;
  std::unordered_map<StreamName, std::string> keys_in_flight;  // idempotency keys -> fingerprint
  bool settling = false;
  CommitId genesis;  // nil until the partition's first commit is folded
  std::deque<std::shared_ptr<Pending>> held;
  Timestamp last_time{};

  void push(const CommitId& id, Timestamp time, const std::vector<InFlight::Change>& changes,
            StreamStates& folded, Partition partition) {
    order.push_back(id);
    for (const auto& change : changes) {
      auto [found, added] = ahead.try_emplace(change.stream);
      auto& next = found->second;
      if (added) next.state = folded.get(partition, change.stream);
      ++next.commits;
      next.state.version = {next.state.version.number + change.events.size(), id};
      for (const auto& event : change.events) evolve(next.state.state, event, time);
    }
  }

  // Accepted: the folded states now hold it.
  void pop(const CommitId& id, const InFlight& flight) {
    remove(id, flight);
    for (const auto& change : flight.changes) {
      const auto found = ahead.find(change.stream);
      if (found != ahead.end() && --found->second.commits == 0) ahead.erase(found);
    }
  }

  // Void or never appended.
  void drop(const CommitId& id, const InFlight& flight) {
    remove(id, flight);
    ahead.clear();
    settling = true;
  }

 private:
  void remove(const CommitId& id, const InFlight& flight) {
    std::erase(order, id);
    if (!flight.fingerprint.empty()) keys_in_flight.erase(flight.key_stream);
  }
};

// The states that one decision sees, remembering which streams it looked at.
class Executor::Seen final : public States {
 public:
  Seen(Partition partition, StreamStates& folded, const PartitionLine& line)
      : partition_(partition), folded_(folded), line_(line) {}

  const Version& look_at(const StreamName& stream) const { return stream_state(stream).version; }

  [[nodiscard]] const StreamState& stream_state(const StreamName& stream) const {
    if (const auto* seen = seen_before(stream)) return *seen;
    return *looked_at_.emplace_back(stream, &current(stream)).state;
  }
  // Does not count as looked at.
  [[nodiscard]] const Version& version(const StreamName& stream) const {
    const auto* seen = seen_before(stream);
    return seen != nullptr ? seen->version : current(stream).version;
  }

  [[nodiscard]] std::vector<StreamName> only_read(const std::vector<StreamWrite>& writes) const {
    std::vector<StreamName> streams;
    for (const auto& [stream, state] : looked_at_) {
      if (std::ranges::find(writes, stream, &StreamWrite::stream) == writes.end()) streams.push_back(stream);
    }
    return streams;
  }

  // The latest commit in flight that a stream looked at rests on.
  [[nodiscard]] std::optional<CommitId> last_in_flight() const {
    std::vector<CommitId> heads;
    for (const auto& [stream, state] : looked_at_) {
      const auto found = line_.ahead.find(stream);
      if (found != line_.ahead.end()) heads.push_back(found->second.state.version.head);
    }
    if (heads.empty()) return std::nullopt;
    const auto last = std::ranges::find_if(line_.order.rbegin(), line_.order.rend(), [&](const CommitId& id) {
      return std::ranges::find(heads, id) != heads.end();
    });
    return *last;
  }

 private:
  [[nodiscard]] const AnyState* find(const StreamName& stream) const override {
    const auto& found = stream_state(stream);
    return found.version.number == 0 ? nullptr : &found.state;
  }
  [[nodiscard]] const StreamState* seen_before(const StreamName& stream) const {
    const auto found = std::ranges::find(looked_at_, stream, &LookedAt::stream);
    return found == looked_at_.end() ? nullptr : found->state;
  }
  [[nodiscard]] const StreamState& current(const StreamName& stream) const {
    const auto found = line_.ahead.find(stream);
    return found != line_.ahead.end() ? found->second.state : folded_.get(partition_, stream);
  }

  Partition partition_;
  StreamStates& folded_;
  const PartitionLine& line_;
  struct LookedAt {
    StreamName stream;
    const StreamState* state;
  };
  mutable std::vector<LookedAt> looked_at_;  // their states stay where they are while one command is decided
};

}  // namespace tenure
