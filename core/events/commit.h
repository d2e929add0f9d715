// A commit: what one command does, as one record of the log.
//
// The envelope stands in clear: ids, streams, versions, event types, the time, the actor's id. The payload
// (what the events say, names shown in the audit feed, where the request came from) is sealed whole under the
// data key of the tenant it belongs to, with the envelope as associated data.
//
// Bytes of a record:
//   "TNR" 0x02 | envelope length, 4 bytes big-endian | envelope, JSON | AES-256-GCM box of the payload
// The payload has a text for each event of the envelope, in its order, and one for the audit entry if there
// is one:
//   (length, 4 bytes big-endian | JSON)*
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/crypto.h"
#include "core/events/fields.h"
#include "core/events/stream.h"
#include "core/ids/typeid.h"
#include "core/time/clock.h"

namespace tenure {

// One event as stored: its wire name, the schema its data were written in, and its data, a JSON object.
struct EventData {
  std::string type;
  std::uint32_t schema = 1;
  std::string data;  // in the payload of a record; empty in an envelope that was only parsed
  bool operator==(const EventData&) const = default;
};

// `events` may be empty: then the write only demands that the stream has not moved since it was read.
struct StreamWrite {
  StreamName stream;
  Version expected;
  std::vector<EventData> events;
  bool operator==(const StreamWrite&) const = default;
};

enum class ActorType : std::uint8_t { user, token, system };
constexpr auto spellings(ActorType) { return std::to_array<std::string_view>({"user", "token", "system"}); }

struct Actor {
  ActorType type = ActorType::system;
  std::string id;
  bool operator==(const Actor&) const = default;
};

enum class Outcome : std::uint8_t { success, denied, rejected };
constexpr auto spellings(Outcome) {
  return std::to_array<std::string_view>({"success", "denied", "rejected"});
}

struct AuditTarget {
  std::string type;
  std::string id;
  bool operator==(const AuditTarget&) const = default;
};

// The audit entry that the commit makes, as far as it may stand in clear for ever. `commitment` binds the
// entry's payload: see core/events/audit_payload.h.
struct AuditEnvelope {
  std::string feed;  // the id of the workspace, organization or account whose feed it is
  std::string action;
  Outcome outcome = Outcome::success;
  std::string reason;  // empty on success
  std::vector<AuditTarget> targets;
  crypto::Digest commitment{};
  bool operator==(const AuditEnvelope&) const = default;
};

// Records an idempotency key: the stream that reserves it is among the writes.
struct IdempotencyEnvelope {
  StreamName stream;
  std::string fingerprint;  // hex, of the request
  bool operator==(const IdempotencyEnvelope&) const = default;
};

// Which resource's row, as it is right after this commit, is the answer's body.
enum class AnswerKind : std::uint8_t { empty, workspace, environment, operation, created_api_token };
constexpr auto spellings(AnswerKind) {
  return std::to_array<std::string_view>(
      {"empty", "workspace", "environment", "operation", "created_api_token"});
}
// How the command succeeded; api/ turns it into 200, 201, 202 or 204.
enum class Success : std::uint8_t { ok, created, accepted, no_content };
constexpr auto spellings(Success) {
  return std::to_array<std::string_view>({"ok", "created", "accepted", "no_content"});
}
struct AnswerRef {
  Success success = Success::no_content;
  AnswerKind kind = AnswerKind::empty;
  StreamName stream;  // of the resource; empty for AnswerKind::empty
  bool operator==(const AnswerRef&) const = default;
};

struct CommitEnvelope {
  CommitId id;
  CommitId genesis;  // what its partition begins with; nil: nothing was there yet
  Timestamp time;
  std::string command;  // name of the command; "refusal" for one that was refused
  Actor actor;
  NodeId node;
  std::string key_owner;  // whose data key seals the payload
  std::string correlation_id;
  std::string causation_id;
  std::string traceparent;  // W3C Trace Context, of the request; empty: none
  std::vector<StreamWrite> writes;
  std::optional<IdempotencyEnvelope> idempotency;
  std::optional<AuditEnvelope> audit;
  std::optional<AnswerRef> answer;
  bool operator==(const CommitEnvelope&) const = default;
};

struct Commit {
  CommitEnvelope envelope;    // with the data of the events, which are sealed
  std::string audit_payload;  // canonical JSON, see core/events/audit_payload.h; empty without an entry
  bool operator==(const Commit&) const = default;
};

// A record that cannot be understood. It stops the partition: nothing is ever skipped.
struct RecordError {
  std::string message;
};

[[nodiscard]] std::string encode_record(const Commit& commit, const crypto::Key& key, Random& random);

// The envelope without the events' data. `box` views into `record`, `clear` likewise.
struct ParsedRecord {
  CommitEnvelope envelope;
  std::string_view clear;  // the envelope's bytes
  std::string_view box;
};
[[nodiscard]] std::expected<ParsedRecord, RecordError> parse_record(std::string_view record);

// Whether the texts of the payload are what their readers expect is up to these.
[[nodiscard]] std::expected<Commit, RecordError> open_record(ParsedRecord&& parsed, const crypto::Key& key);

}  // namespace tenure
