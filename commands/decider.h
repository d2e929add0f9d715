// The form of every decision, without its details, for the aggregates' headers.
//
//   evolve(State&, Event, time)                      what an event does to a state; the only mutator
//   decide(Command, States, Context) -> Decided      what a command does; pure: no I/O, clock or randomness
//   of its own
//
// commands/decision.h has the details, for the files that decide.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/events/stream.h"
#include "core/ids/typeid.h"

namespace tenure {

class Decision;
class States;
struct Context;
using Decided = std::expected<Decision, Rejection>;

// Whom a command's commit belongs to: the commit is sealed under the tenant's data key, and stands in the
// audit feed of a workspace or an account.
class Tenant {
 public:
  Tenant(WorkspaceId id) : id_(id.str()), feed_(id_) {}  // NOLINT(google-explicit-constructor)
  Tenant(AccountId id) : id_(id.str()), feed_(id_) {}    // NOLINT(google-explicit-constructor)
  // A user has no feed: what concerns one alone stands in the feed of the user's personal account.
  Tenant(UserId id, AccountId personal) : id_(id.str()), feed_(personal.str()) {}
  // What a node writes for the system's own sake concerns nobody: it stands in no feed.
  Tenant(NodeId id) : id_(id.str()) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& feed() const { return feed_; }

 private:
  std::string id_;
  std::string feed_;
};

}  // namespace tenure
