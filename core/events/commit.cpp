#include "core/events/commit.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/events/codec.h"
#include "core/json/json.h"

namespace tenure {
namespace {

constexpr std::string_view mark = "TNR";
constexpr std::uint8_t format = 2;  // of what follows
constexpr std::size_t length_bytes = 4;
constexpr std::size_t length_at = mark.size() + 1;
constexpr std::size_t header_bytes = length_at + length_bytes;

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
  out.begin_object().member("id", commit.id.str());
  if (!commit.genesis.is_nil()) out.member("genesis", commit.genesis.str());
  out.member("time", to_unix_millis(commit.time))
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

void append_length(std::string& out, std::size_t length) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(length >> shift & 0xff);
}

std::size_t read_length(std::string_view bytes) {
  std::size_t length = 0;
  for (const char byte : bytes.substr(0, length_bytes))
    length = length << 8U | static_cast<std::uint8_t>(byte);
  return length;
}

std::string payload_bytes(const Commit& commit) {
  std::string bytes;
  bytes.reserve(1024);
  const auto append = [&](std::string_view text) {
    append_length(bytes, text.size());
    bytes += text;
  };
  for (const auto& write : commit.envelope.writes) {
    for (const auto& event : write.events) append(event.data);
  }
  if (commit.envelope.audit) append(commit.audit_payload);
  return bytes;
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
  if (in.contains("genesis")) commit.genesis = id_at<CommitId>(in, "genesis");
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

Commit read_payload(std::string_view payload, CommitEnvelope&& envelope) {
  const auto next = [&] {
    if (payload.size() < length_bytes) codec::detail::fail("payload", "a text for each event and entry");
    const auto length = read_length(payload);
    payload.remove_prefix(length_bytes);
    if (length > payload.size()) codec::detail::fail("payload", "texts as long as it says");
    std::string text(payload.substr(0, length));
    payload.remove_prefix(length);
    return text;
  };
  Commit commit{.envelope = std::move(envelope), .audit_payload = {}};
  for (auto& write : commit.envelope.writes) {
    for (auto& event : write.events) event.data = next();
  }
  if (commit.envelope.audit) commit.audit_payload = next();
  if (!payload.empty()) codec::detail::fail("payload", "nothing behind its last text");
  return commit;
}

}  // namespace

std::string encode_record(const Commit& commit, const crypto::Key& key, Random& random) {
  const auto envelope = envelope_json(commit.envelope);
  const auto box = crypto::seal(key, payload_bytes(commit), envelope, random);
  std::string record(mark);
  record.reserve(header_bytes + envelope.size() + box.size());
  record += static_cast<char>(format);
  append_length(record, envelope.size());
  record += envelope;
  record += box;
  return record;
}

std::expected<ParsedRecord, RecordError> parse_record(std::string_view record) {
  if (record.size() < header_bytes || !record.starts_with(mark)) {
    return std::unexpected(RecordError{"it does not begin like a record of Tenure"});
  }
  if (const auto found = static_cast<std::uint8_t>(record[mark.size()]); found != format) {
    return std::unexpected(RecordError{fmt::format(
        "it has format {}, and this version reads {}: start the version that wrote it", found, format)});
  }
  const auto length = read_length(record.substr(length_at));
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

std::expected<Commit, RecordError> open_record(ParsedRecord&& parsed, const crypto::Key& key) {
  const auto payload = crypto::open(key, parsed.box, parsed.clear);
  if (!payload)
    return std::unexpected(
        RecordError{"its payload does not open under the key of " + parsed.envelope.key_owner});
  try {
    return read_payload(*payload, std::move(parsed.envelope));
  } catch (const codec::DecodeError& error) {
    return std::unexpected(RecordError{fmt::format("its payload is not understood: {}", error.what())});
  }
}

}  // namespace tenure
