#include "core/events/audit_payload.h"

#include "core/json/placeholder.h"

namespace tenure {
namespace {

std::string write_payload(const AuditPayload& payload, bool seal_names) {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("actor").begin_object().key("display");
  if (seal_names && !payload.actor_display_sealed.empty()) {
    out.raw(json::sealed_placeholder(payload.actor_display_sealed));
  } else {
    out.string(payload.actor_display);
  }
  if (!payload.via_organization.empty()) out.member("via_organization", payload.via_organization);
  out.end_object().raw_member("changes", payload.changes).key("context").begin_object();
  const auto optional_member = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.member(name, value);
  };
  optional_member("idempotency_key", payload.context.idempotency_key);
  optional_member("ip", payload.context.ip);
  optional_member("request_id", payload.context.request_id);
  optional_member("trace_id", payload.context.trace_id);
  optional_member("user_agent", payload.context.user_agent);
  out.end_object().key("targets").begin_array();
  for (const auto& display : payload.target_displays)
    out.begin_object().member("display", display).end_object();
  out.end_array().end_object();
  return text;
}

}  // namespace

AuditSalt audit_salt(const crypto::Key& tenant_key, const CommitId& commit) {
  const auto digest = crypto::hmac_sha256(tenant_key, "audit salt " + commit.str());
  AuditSalt salt;
  std::copy_n(digest.begin(), salt.size(), salt.begin());
  return salt;
}

crypto::Digest audit_commitment(const AuditSalt& salt, std::string_view canonical_payload) {
  const std::array<std::string_view, 2> parts{
      std::string_view(reinterpret_cast<const char*>(salt.data()), salt.size()), canonical_payload};
  return crypto::sha256(parts);
}

std::string plain_payload(const AuditPayload& payload) { return write_payload(payload, false); }
std::string stored_payload(const AuditPayload& payload) { return write_payload(payload, true); }

}  // namespace tenure
