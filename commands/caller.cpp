#include "commands/caller.h"

namespace tenure {

AuditPayload audit_payload_of(const Caller& caller, const RequestContext& context) {
  return {.actor_display = caller.display,
          .actor_display_sealed = caller.display_sealed,
          .via_organization = caller.via_organization,
          .target_displays = {},
          .changes = "{}",
          .context = context};
}

}  // namespace tenure
