#include "commands/refusals.h"

#include <utility>

#include "commands/events.h"
#include "core/limits.h"

namespace tenure {
namespace {

std::string key_of(const RefusalRequest& request) {
  std::string key = request.tenant + '\n' + request.caller.actor.id + '\n' + request.action + '\n' +
                    std::string(info(request.rejection.reason).name);
  for (const auto& target : request.targets) key += '\n' + target.id;
  return key;
}

}  // namespace

bool RefusalCounter::is_first(const RefusalRequest& request, Timestamp now) {
  auto key = key_of(request);
  if (const auto open = by_key_.find(key); open != by_key_.end()) {
    ++open->second->second.repeated.times;
    return false;
  }
  if (windows_.size() >= limits::refusals_counted_max) return true;
  const auto window = windows_.emplace(now + window_, Window{key, {request, 0}});
  window->second.repeated.request.done = {};
  by_key_.emplace(std::move(key), window);
  return true;
}

std::vector<RefusalCounter::Repeated> RefusalCounter::end_windows(Timestamp now) {
  std::vector<Repeated> repeated;
  while (!windows_.empty() && windows_.begin()->first <= now) {
    auto window = std::move(windows_.extract(windows_.begin()).mapped());
    by_key_.erase(window.key);
    if (window.repeated.times > 0) repeated.push_back(std::move(window.repeated));
  }
  return repeated;
}

std::optional<Timestamp> RefusalCounter::next_end() const {
  if (windows_.empty()) return std::nullopt;
  return windows_.begin()->first;
}

Commit refusal_commit(const RefusalRequest& request, std::uint64_t repeated, const CommitId& id,
                      Timestamp time, NodeId node, const crypto::Key& tenant_key) {
  Commit commit;
  auto& envelope = commit.envelope;
  envelope.id = id;
  envelope.time = time;
  envelope.command = request.command;
  envelope.actor = request.caller.actor;
  envelope.node = node;
  envelope.key_owner = request.tenant;
  envelope.correlation_id = request.context.request_id.empty() ? id.str() : request.context.request_id;
  envelope.writes.push_back({{"refusal", id.str()}, {}, {encode_event(reservation::Taken{})}});

  auto payload = audit_payload_of(request.caller, request.context);
  payload.target_displays = request.displays;
  payload.target_displays.resize(request.targets.size());
  if (repeated > 0) payload.changes = "{\"repeated\":" + std::to_string(repeated) + "}";
  envelope.audit = AuditEnvelope{.feed = request.tenant,
                                 .action = request.action,
                                 .outcome = request.outcome,
                                 .reason = std::string(info(request.rejection.reason).name),
                                 .targets = request.targets};
  envelope.audit->commitment = audit_commitment(audit_salt(tenant_key, id), plain_payload(payload));
  commit.audit_payload = stored_payload(payload);
  return commit;
}

}  // namespace tenure
