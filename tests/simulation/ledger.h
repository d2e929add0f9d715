// What clients asked for and what they were told: the measure of what must be there in the end.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "commands/execute.h"

namespace tenure::simulation {

// One thing that a client wants, whatever number of requests it takes.
struct Intent {
  enum class Kind { create, rename, freeze, unfreeze, cancel, retry };
  Kind kind{};
  std::string text;  // its own: no other intent has it
  std::string key;   // idempotency key; empty: it is asked for once
  Partition partition{};
  WorkspaceId workspace;                 // of all but `create`
  std::optional<Slug> slug;              // wanted
  std::optional<OperationId> operation;  // to cancel or retry
  std::set<std::string> made;            // ids that its requests would have given to what they make
  int requests = 0;

  bool unknown = false;               // a request ended without a word on what came of it
  std::optional<Position> committed;  // where, as it was told
  std::string answer;
};

struct KnownWorkspace {
  Partition partition{};
  Position last;              // of what was acknowledged
  std::uint64_t version = 0;  // of the row that answered it
  bool told_frozen = false;   // a command was refused because it was frozen
};

struct Ledger {
  UserId user;
  AccountId account;
  std::vector<Intent> intents;
  std::map<WorkspaceId, KnownWorkspace> workspaces;
};

}  // namespace tenure::simulation
