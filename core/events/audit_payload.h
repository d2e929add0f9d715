// The part of an audit entry that may be erased: what things were called, what changed, where the request
// came from.
//
//   payload    =
//   {"actor":{"display","via_organization"?},"changes":{...},"context":{...},"targets":[{"display"},...]}
//   salt       = first 16 bytes of HMAC-SHA-256(the tenant's data key, "audit salt " + commit id)
//   commitment = SHA-256(salt || JCS(payload))
//
// The entry's envelope and the commitment stay for ever; the payload opens only while the tenant's key
// exists.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/crypto/crypto.h"
#include "core/crypto/sealed.h"
#include "core/ids/typeid.h"
#include "core/json/json.h"

namespace tenure {

struct RequestContext {
  std::string ip, user_agent, request_id, trace_id, idempotency_key;  // each left out where empty
  std::string traceparent;                                            // of the commit, not of the entry
};

struct AuditPayload {
  // What the actor is called: in plain, or sealed under the person's key.
  std::string actor_display;
  Sealed actor_display_sealed;
  std::string via_organization;              // empty: not through one
  std::vector<std::string> target_displays;  // one for each target
  std::string changes = "{}";                // canonical JSON: field -> {"from","to"}
  RequestContext context;
};

using AuditSalt = std::array<std::uint8_t, 16>;
[[nodiscard]] AuditSalt audit_salt(const crypto::Key& tenant_key, const CommitId& commit);
[[nodiscard]] crypto::Digest audit_commitment(const AuditSalt& salt, std::string_view canonical_payload);

// Canonical JSON with every name in plain: what the commitment is made from. `actor_display` is used even
// where `actor_display_sealed` stands.
[[nodiscard]] std::string plain_payload(const AuditPayload& payload);
// The same, with a sealed name in its place: what is stored (see core/json/placeholder.h).
[[nodiscard]] std::string stored_payload(const AuditPayload& payload);

}  // namespace tenure
