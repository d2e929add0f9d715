// What a decision sees and what it gives back. For the files that decide; commands/decider.h has the form.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/decider.h"
#include "commands/events.h"
#include "commands/policy.h"
#include "core/crypto/random.h"
#include "core/events/audit_payload.h"
#include "core/events/commit.h"

namespace tenure {

// The streams of one partition as they are now: folded, with this node's own commits in flight on top. Every
// stream that a decision looks at becomes part of its commit, with the version that was seen: the commit
// counts only if none of them has moved. References stay valid while the decision runs.
class States {
 public:
  virtual ~States() = default;

  // The state of a stream of State's category; a default one where the stream does not exist.
  template <class State>
  [[nodiscard]] const State& get(const StreamName& stream) const {
    static const State absent{};
    const auto* state = find(stream);
    if (state == nullptr) return absent;
    const auto* typed = std::get_if<State>(state);
    return typed == nullptr ? absent : *typed;
  }
  [[nodiscard]] bool exists(const StreamName& stream) const { return find(stream) != nullptr; }

 private:
  [[nodiscard]] virtual const AnyState* find(const StreamName& stream) const = 0;
};

// What comes in with a command from outside the domain. Valid while the decision runs.
struct Context {
  Timestamp now;  // never before the time of what this process has folded in the partition
  NodeId node;    // this one
  const Policy& policy;
  Random& random;
  // A keyed hash of `text`, in hexadecimal, under the data key of `owner`: for names of reservations that
  // must show nothing of what they reserve.
  const std::function<std::string(std::string_view owner, std::string_view text)>& blind;

  template <class Id>
  [[nodiscard]] Id make() const {
    return Id::make(now, random);
  }
};

// What a command does: events for streams, what the audit feed says of it, and which row answers the caller.
// One without events changes nothing and makes no commit.
class Decision {
 public:
  struct Write {
    StreamName stream;
    std::vector<Event> events;
  };
  struct Target {
    std::string type, id, display;
  };
  struct Change {
    std::string field;
    std::optional<std::string> from, to;
  };

  Decision& append(const StreamName& stream, Event event);
  // `owner` becomes a tenant of its own: its data key is made, and durable, before the commit.
  Decision& needs_key(std::string owner);
  // What the audit entry names; the first is what the command was about.
  Decision& target(std::string type, std::string id, std::string display);
  // Left out of the entry when both are the same.
  Decision& change(std::string_view field, std::optional<std::string_view> from,
                   std::optional<std::string_view> to);
  // Makes no audit entry although the command's row in the table has an action: nothing that a reader would
  // look for.
  Decision& unaudited();
  Decision& answer(Success success, AnswerKind kind = AnswerKind::empty, StreamName stream = {});

  [[nodiscard]] const std::vector<Write>& writes() const { return writes_; }
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] const AnswerRef& answer() const { return answer_; }
  [[nodiscard]] bool is_audited() const { return audited_; }

 private:
  std::vector<Write> writes_;
  std::vector<std::string> keys_;
  std::vector<Target> targets_;
  std::vector<Change> changes_;
  AnswerRef answer_;
  bool audited_ = true;
};

// Refusals that several decisions share.
[[nodiscard]] Rejection quota_exceeded(std::string_view what, std::uint64_t limit, std::uint64_t usage);
[[nodiscard]] Rejection slug_taken(const Slug& slug);

}  // namespace tenure
