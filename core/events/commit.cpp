#include "core/events/commit.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/events/codec.h"
#include "core/json/json.h"

namespace tenure {
namespace {

constexpr std::string_view magic{"TNR\x01", 4};
constexpr std::size_t header_bytes = 8;

void write_stream_write(json::Writer& out, const StreamWrite& write) {
  out.begin_object().member("stream", write.stream.str()).member("expected", write.expected.number);
  if (write.expected.number > 0) out.member("head", write.expected.head.str());
  out.key("events").begin_array();
  for (const auto& event : write.events) {
    out.begin_object().member("type", event.type).member("schema", event.schema).end_object();
  }
  out.end_array().end_object();
}

void write_audit(json::Writer& out, const AuditEnvelope& audit) {
  out.begin_object()
      .member("feed", audit.feed)
      .member("action", audit.action)
      .member("outcome", spelling(audit.outcome));
  if (!audit.reason.empty()) out.member("reason", audit.reason);
  out.key("targets").begin_array();
  for (const auto& target : audit.targets) {
    out.begin_object().member("type", target.type).member("id", target.id).end_object();
  }
  out.end_array().member("commitment", crypto::to_hex(audit.commitment)).end_object();
}

std::string envelope_json(const CommitEnvelope& commit) {
  std::string text;
  text.reserve(1024);
  json::Writer out(text);
  out.begin_object()
      .member("id", commit.id.str())
      .member("time", to_unix_millis(commit.time))
      .member("command", commit.command)
      .key("actor")
      .begin_object()
      .member("type", spelling(commit.actor.type))
      .member("id", commit.actor.id)
      .end_object()
      .member("node", commit.node.str())
      .member("key", commit.key_owner)
      .member("correlation", commit.correlation_id);
  if (!commit.causation_id.empty()) out.member("causation", commit.causation_id);
  if (!commit.traceparent.empty()) out.member("traceparent", commit.traceparent);
  out.key("writes").begin_array();
  for (const auto& write : commit.writes) write_stream_write(out, write);
  out.end_array();
  if (commit.idempotency) {
    out.key("idempotency")
        .begin_object()
        .member("stream", commit.idempotency->stream.str())
        .member("fingerprint", commit.idempotency->fingerprint)
        .end_object();
  }
  if (commit.audit) {
    out.key("audit");
    write_audit(out, *commit.audit);
  }
  if (commit.answer) {
    out.key("answer")
        .begin_object()
        .member("success", spelling(commit.answer->success))
        .member("kind", spelling(commit.answer->kind))
        .member("stream", commit.answer->stream.str())
        .end_object();
  }
  out.end_object();
  return text;
}

std::string payload_json(const Commit& commit) {
  std::string text;
  text.reserve(1024);
  json::Writer out(text);
  out.begin_object().key("events").begin_array();
  for (const auto& write : commit.envelope.writes) {
    out.begin_array();
    for (const auto& event : write.events) out.raw(event.data);
    out.end_array();
  }
  out.end_array();
  if (!commit.audit_payload.empty()) out.raw_member("audit", commit.audit_payload);
  out.end_object();
  return text;
}

// Reading: each function throws codec::DecodeError, which parse_record turns into a RecordError.

const json::Value& at(const json::Object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  if (found == nullptr) codec::detail::fail(name, "a value");
  return *found;
}

std::string text_at(const json::Object& object, std::string_view name) {
  return std::string(codec::detail::read_string(at(object, name), name));
}

template <class Id>
Id id_at(const json::Object& object, std::string_view name) {
  Id id;
  codec::read(at(object, name), id, name);
  return id;
}

StreamWrite read_stream_write(const json::Object& in) {
  StreamWrite write;
  write.stream = StreamName(text_at(in, "stream"));
  write.expected.number = codec::detail::read_uint(at(in, "expected"), "expected");
  if (write.expected.number > 0) write.expected.head = id_at<CommitId>(in, "head");
  for (const auto& element : codec::detail::read_array(at(in, "events"), "events")) {
    const auto& event = codec::detail::read_object(element, "events");
    write.events.push_back(
        {.type = text_at(event, "type"),
         .schema = static_cast<std::uint32_t>(codec::detail::read_uint(at(event, "schema"), "schema")),
         .data = {}});
  }
  return write;
}

template <Spelled E>
E spelled_at(const json::Object& in, std::string_view name) {
  E value{};
  codec::read(at(in, name), value, name);
  return value;
}

AuditEnvelope read_audit(const json::Object& in) {
  AuditEnvelope audit;
  audit.feed = text_at(in, "feed");
  audit.action = text_at(in, "action");
  audit.outcome = spelled_at<Outcome>(in, "outcome");
  if (in.contains("reason")) audit.reason = text_at(in, "reason");
  for (const auto& element : codec::detail::read_array(at(in, "targets"), "targets")) {
    const auto& target = codec::detail::read_object(element, "targets");
    audit.targets.push_back({text_at(target, "type"), text_at(target, "id")});
  }
  const auto commitment = crypto::from_hex(text_at(in, "commitment"));
  if (!commitment || commitment->size() != audit.commitment.size()) {
    codec::detail::fail("commitment", "64 hexadecimal digits");
  }
  std::copy(commitment->begin(), commitment->end(), audit.commitment.begin());
  return audit;
}

CommitEnvelope read_envelope(const json::Object& in) {
  CommitEnvelope commit;
  commit.id = id_at<CommitId>(in, "id");
  codec::read(at(in, "time"), commit.time, "time");
  commit.command = text_at(in, "command");
  const auto& actor = codec::detail::read_object(at(in, "actor"), "actor");
  commit.actor = {spelled_at<ActorType>(actor, "type"), text_at(actor, "id")};
  commit.node = id_at<NodeId>(in, "node");
  commit.key_owner = text_at(in, "key");
  commit.correlation_id = text_at(in, "correlation");
  if (in.contains("causation")) commit.causation_id = text_at(in, "causation");
  if (in.contains("traceparent")) commit.traceparent = text_at(in, "traceparent");
  for (const auto& write : codec::detail::read_array(at(in, "writes"), "writes")) {
    commit.writes.push_back(read_stream_write(codec::detail::read_object(write, "writes")));
  }
  if (const auto* idempotency = in.if_contains("idempotency")) {
    const auto& object = codec::detail::read_object(*idempotency, "idempotency");
    commit.idempotency = {StreamName(text_at(object, "stream")), text_at(object, "fingerprint")};
  }
  if (const auto* audit = in.if_contains("audit")) {
    commit.audit = read_audit(codec::detail::read_object(*audit, "audit"));
  }
  if (const auto* answer = in.if_contains("answer")) {
    const auto& object = codec::detail::read_object(*answer, "answer");
    commit.answer = {spelled_at<Success>(object, "success"), spelled_at<AnswerKind>(object, "kind"),
                     StreamName(text_at(object, "stream"))};
  }
  return commit;
}

OpenedCommit read_payload(json::Value&& payload, CommitEnvelope&& envelope) {
  const auto& in = codec::detail::read_object(payload, "payload");
  const auto& streams = codec::detail::read_array(at(in, "events"), "events");
  if (streams.size() != envelope.writes.size()) codec::detail::fail("events", "one list for each write");
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (codec::detail::read_array(streams[i], "events").size() != envelope.writes[i].events.size())
      codec::detail::fail("events", "the events that the envelope names");
  }
  auto& members = payload.get_object();
  std::vector<json::Value> event_data;
  for (auto& events : members.at("events").get_array())
    std::ranges::move(events.get_array(), std::back_inserter(event_data));
  auto* const audit = members.if_contains("audit");
  // Assigning would copy it out of the payload's memory; constructing takes it over.
  return {.envelope = std::move(envelope),
          .event_data = std::move(event_data),
          .audit_payload = audit == nullptr ? json::Value() : json::Value(std::move(*audit))};
}

}  // namespace

std::string encode_record(const Commit& commit, const crypto::Key& key, Random& random) {
  const auto envelope = envelope_json(commit.envelope);
  const auto box = crypto::seal(key, payload_json(commit), envelope, random);
  std::string record(magic);
  record.reserve(header_bytes + envelope.size() + box.size());
  for (int shift = 24; shift >= 0; shift -= 8) record += static_cast<char>(envelope.size() >> shift & 0xff);
  record += envelope;
  record += box;
  return record;
}

std::expected<ParsedRecord, RecordError> parse_record(std::string_view record) {
  if (record.size() < header_bytes || !record.starts_with(magic)) {
    return std::unexpected(RecordError{"it does not begin like a record of Tenure"});
  }
  std::size_t length = 0;
  for (std::size_t i = magic.size(); i < header_bytes; ++i) {
    length = length << 8U | static_cast<std::uint8_t>(record[i]);
  }
  if (length > record.size() - header_bytes) return std::unexpected(RecordError{"its envelope is cut off"});
  ParsedRecord parsed;
  parsed.clear = record.substr(header_bytes, length);
  parsed.box = record.substr(header_bytes + length);
  json::Arena memory;
  const auto value = json::parse(parsed.clear, json::depth_max_default, memory);
  if (!value) return std::unexpected(RecordError{"its envelope is not JSON: " + value.error().message});
  try {
    parsed.envelope = read_envelope(codec::detail::read_object(*value, "envelope"));
  } catch (const codec::DecodeError& error) {
    return std::unexpected(RecordError{fmt::format("its envelope is not understood: {}", error.what())});
  }
  return parsed;
}

std::expected<OpenedCommit, RecordError> open_record(ParsedRecord&& parsed, const crypto::Key& key) {
  const auto payload = crypto::open(key, parsed.box, parsed.clear);
  if (!payload)
    return std::unexpected(
        RecordError{"its payload does not open under the key of " + parsed.envelope.key_owner});
  auto value = json::parse(*payload, json::depth_max_default, json::shared_arena());
  if (!value) return std::unexpected(RecordError{"its payload is not JSON: " + value.error().message});
  try {
    return read_payload(std::move(*value), std::move(parsed.envelope));
  } catch (const codec::DecodeError& error) {
    return std::unexpected(RecordError{fmt::format("its payload is not understood: {}", error.what())});
  }
}

}  // namespace tenure
