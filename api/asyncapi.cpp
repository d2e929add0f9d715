#include "api/asyncapi.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "commands/events.h"
#include "core/events/codec.h"
#include "projections/outbox.h"

namespace tenure {
namespace {

constexpr std::string_view id_chars = "[0-7][0-9a-hjkmnp-tv-z]{25}";
constexpr std::string_view description =
    "What was accepted, as CloudEvents 1.0 in Kafka's binary mode: at least once, in order for each subject. "
    "The "
    "sequence counts a subject's events without a gap: drop what is not above the last one read. Members and "
    "events are "
    "added, never changed: pass over those you do not know. No secrets and no names of people. The topic "
    "keeps an event "
    "for as long as it is told to, 7 days by default, also those of a workspace that was deleted meanwhile.";

// ---- JSON to YAML
// -----------------------------------------------------------------------------------------------

// In double quotes YAML reads a text as JSON does.
std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

void write_yaml(std::string& out, const json::Value& value, std::size_t depth);

bool is_nested(const json::Value& value) {
  return (value.is_object() && !value.as_object().empty()) || (value.is_array() && !value.as_array().empty());
}

void write_member(std::string& out, std::string_view name, const json::Value& value, std::size_t depth) {
  const bool plain = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; });
  out.append(2 * depth, ' ')
      .append(plain ? std::string(name) : quoted(name))
      .append(is_nested(value) ? ":\n" : ": ");
  write_yaml(out, value, depth + 1);
}

void write_yaml(std::string& out, const json::Value& value, std::size_t depth) {
  if (!is_nested(value)) {
    out.append(value.is_string() ? quoted(std::string_view(value.as_string())) : json::dump(value))
        .append("\n");
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) write_member(out, name, member, depth);
  } else {
    for (const auto& element : value.as_array()) {
      std::string text;
      write_yaml(text, element, depth + 1);
      text.erase(0, text.find_first_not_of(' '));
      out.append(2 * depth, ' ').append("- ").append(text);
    }
  }
}

// ---- Schemas of what codec::Copy::published writes
// -----------------------------------------------------------------

template <class T>
json::Object schema_of();

json::Object text(std::string_view key = {}, std::string_view value = {}) {
  json::Object schema{{"type", "string"}};
  if (!key.empty()) schema[key] = value;
  return schema;
}

template <class T>
json::Object schema_of_words() {
  json::Array words;
  for (const auto word : spellings(T{})) words.emplace_back(word);
  auto schema = text();
  schema["enum"] = std::move(words);
  return schema;
}

template <HasFields T>
json::Object schema_of_fields() {
  json::Object members;
  json::Array required;
  const auto add = [&]<class Member>(const Field<T, Member>& field) {
    if (!codec::detail::is_in(codec::Copy::published, field)) return;
    if constexpr (!codec::detail::is_sealed<Member>) members[field.name] = schema_of<Member>();
    if (!codec::detail::is_optional<Member>) required.emplace_back(field.name);
  };
  std::apply([&](const auto&... each) { (add(each), ...); }, T::fields());
  return {{"type", "object"}, {"required", std::move(required)}, {"properties", std::move(members)}};
}

template <class T>
json::Object schema_of() {
  if constexpr (HasFields<T>) {
    return schema_of_fields<T>();
  } else if constexpr (codec::detail::is_optional<T>) {
    return schema_of<typename T::value_type>();
  } else if constexpr (codec::detail::is_vector<T>) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
  } else if constexpr (codec::detail::is_type_id<T>) {
    return text("pattern", fmt::format("^{}_{}$", T::prefix, id_chars));
  } else if constexpr (std::same_as<T, Slug>) {
    return text("pattern", "^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$");
  } else if constexpr (std::same_as<T, Timestamp>) {
    return text("format", "date-time");
  } else if constexpr (Spelled<T>) {
    return schema_of_words<T>();
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::integral<T>) {
    return {{"type", "integer"}};
  } else {
    static_assert(std::same_as<T, std::string>, "this type has no place in a public event");
    return text();
  }
}

template <class Event>
json::Object payload() {
  auto schema = schema_of<Event>();
  if (codec::has_field<Event>("id")) return schema;
  json::Object members{{"id", text()}};
  for (const auto& [name, member] : schema["properties"].as_object()) members[name] = member;
  json::Array required{"id"};
  for (const auto& name : schema["required"].as_array()) required.push_back(name);
  return {{"type", "object"}, {"required", std::move(required)}, {"properties", std::move(members)}};
}

// ---- The document
// -------------------------------------------------------------------------------------------------

json::Object headers() {
  const auto said = [](json::Object schema, std::string_view what) {
    schema["description"] = what;
    return schema;
  };
  const auto subject =
      said(text(), "the workspace's id; of what belongs to none, the account's or the user's");
  json::Object members{
      {"content-type", text("const", "application/json")},
      {"ce_specversion", text("const", "1.0")},
      {"ce_id",
       said(text(),
            "the commit's id, a hyphen, and the event's place in the commit; the same when sent again")},
      {"ce_source", text("const", outbox::source)},
      {"ce_type", text()},
      {"ce_subject", subject},
      {"ce_time", text("format", "date-time")},
      {"ce_sequence",
       said(text("pattern", "^[0-9]{20}$"), "counts the subject's events from 1, without a gap")},
      {"ce_partitionkey", said(text(), "as ce_subject")},
      {"ce_correlationid", said(text(), "the id of the request, or the commit's own")},
      {"ce_causationid", said(text(), "what brought the commit about, such as an operation")},
      {"ce_traceparent", said(text(), "W3C Trace Context, when the request had one")}};
  json::Array required;
  for (const auto& [name, schema] : members) {
    if (name != "ce_causationid" && name != "ce_traceparent") required.emplace_back(name);
  }
  return {{"type", "object"}, {"required", std::move(required)}, {"properties", std::move(members)}};
}

json::Object reference(std::string_view path) { return {{"$ref", path}}; }

template <class Row>
json::Object message(const Row& row) {
  const auto type = std::string(outbox::type_prefix) + std::string(row.name);
  return {{"name", type},
          {"contentType", "application/json"},
          {"headers",
           json::Object{
               {"allOf",
                json::Array{reference("#/components/schemas/headers"),
                            json::Object{{"properties", json::Object{{"ce_type", text("const", type)}}}}}}}},
          {"bindings", json::Object{{"kafka", json::Object{{"key", text()}}}}},
          {"payload", payload<typename Row::Event>()}};
}

}  // namespace

std::string asyncapi_document() {
  json::Object messages;
  json::Object of_channel;
  const auto add = [&](const auto& row) {
    if (row.audience != Audience::everyone) return;
    messages[row.name] = message(row);
    of_channel[row.name] = reference("#/components/messages/" + std::string(row.name));
  };
  std::apply([&](const auto&... rows) { (add(rows), ...); }, event_table);

  const json::Object document{
      {"asyncapi", "3.0.0"},
      {"info", json::Object{{"title", "Tenure"}, {"version", TENURE_VERSION}, {"description", description}}},
      {"defaultContentType", "application/json"},
      {"channels", json::Object{{"events", json::Object{{"address", "tenure.events"},
                                                        {"description", "The topic of --kafka-events-topic."},
                                                        {"messages", std::move(of_channel)}}}}},
      {"operations",
       json::Object{
           {"publishEvents", json::Object{{"action", "send"}, {"channel", reference("#/channels/events")}}}}},
      {"components",
       json::Object{{"messages", std::move(messages)}, {"schemas", json::Object{{"headers", headers()}}}}}};
  std::string out =
      "# Made from the table of events (commands/events.h); tests/api/asyncapi_test.cpp says how to make it "
      "anew.\n";
  write_yaml(out, document, 0);
  return out;
}

}  // namespace tenure
