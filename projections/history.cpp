#include "projections/history.h"

#include "core/events/position_text.h"
#include "core/store/keys.h"
#include "projections/rows.h"

namespace tenure::history {
namespace {

std::string row_json(const Entry& entry) {
  const auto& commit = entry.commit.commit.envelope;
  std::string text;
  text.reserve(512);
  json::Writer out(text);
  out.begin_object()
      .member("stream", entry.stream.str())
      .member("version", entry.number)
      .member("type", entry.encoded.type)
      .member("schema", entry.encoded.schema)
      .member("occurred_at", to_rfc3339(commit.time))
      .member("position", to_string(entry.commit.position))
      .member("commit_id", commit.id.str())
      .member("command", commit.command)
      .key("actor")
      .begin_object()
      .member("type", spelling(commit.actor.type))
      .member("id", commit.actor.id)
      .end_object()
      .member("correlation_id", commit.correlation_id);
  if (commit.causation_id.empty()) {
    out.null_member("causation_id");
  } else {
    out.member("causation_id", commit.causation_id);
  }
  out.raw_member("data", encode_local_copy(entry.event)).end_object();
  return text;
}

bool type_passes(std::string_view pattern, std::string_view type) {
  if (pattern.ends_with('*')) return type.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == type;
}

}  // namespace

// The value begins with the time and the type, for filters.
void append(const Entry& entry, Store::Batch& rows) {
  const auto& commit = entry.commit.commit.envelope;
  const auto key = keys::stream_event(entry.commit.position.partition, entry.stream, entry.number);
  keys::Key value('\0');
  value.time(commit.time).text(entry.encoded.type).rest(row_json(entry));
  rows.put(key, std::string_view(value).substr(1));
  if (!commit.key_owner.starts_with(WorkspaceId::prefix)) return;
  keys::Key place('h');
  place.text(commit.key_owner)
      .u64(to_number(entry.commit.position.offset))
      .u16(static_cast<std::uint16_t>(entry.index));
  rows.put(place, key);
}

Page of_workspace(const Store& store, WorkspaceId workspace, const Filter& filter, const PageRequest& page) {
  return rows::page_of(store, keys::Key('h').text(workspace.str()).str(), rows::Direction::ascending, page,
                       [&](std::string_view, std::string_view key) -> std::optional<std::string> {
                         const auto value = store.get(key);
                         if (!value) return std::nullopt;
                         keys::Reader reader(*value);
                         const auto time = reader.time();
                         const auto type = reader.text();
                         if ((filter.from && time < *filter.from) || (filter.to && time >= *filter.to))
                           return std::nullopt;
                         if (filter.type && !type_passes(*filter.type, type)) return std::nullopt;
                         return std::string(reader.rest());
                       });
}

std::vector<std::string> of_stream(const Store& store, Partition partition, const StreamName& stream) {
  std::vector<std::string> events;
  auto scan = store.scan(keys::stream_events(partition, stream));
  for (scan.to_first(); scan.valid(); scan.next()) {
    keys::Reader reader(scan.value());
    (void)reader.time();
    (void)reader.text();
    events.emplace_back(reader.rest());
  }
  return events;
}

}  // namespace tenure::history
