// On whose behalf a command runs.
#pragma once

#include <string>

#include "core/events/audit_payload.h"
#include "core/events/commit.h"

namespace tenure {

struct Caller {
  Actor actor;
  std::string display;    // what the audit feed calls the actor...
  Sealed display_sealed;  // ...when that is a person's name
  std::string via_organization;
};

// Of an entry that names no targets and no changes yet.
[[nodiscard]] AuditPayload audit_payload_of(const Caller& caller, const RequestContext& context);

}  // namespace tenure
