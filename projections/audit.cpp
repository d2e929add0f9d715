#include "projections/audit.h"

#include <algorithm>

#include "core/events/audit_payload.h"
#include "core/events/position_text.h"
#include "core/limits.h"
#include "core/store/keys.h"

namespace tenure::audit {
namespace {

constexpr std::size_t feeds_in_memory_max = 4'096;

std::string feed_key(std::string_view feed) { return keys::Key('F').rest(feed).str(); }
std::string entries_of(std::string_view feed) { return keys::Key('f').text(feed).str(); }
std::string entry_key(std::string_view feed, std::uint64_t sequence) {
  return keys::Key('f').text(feed).u64(sequence).str();
}

std::string_view bytes(const merkle::Hash& hash) { return crypto::view(hash); }

// A row of the table of entries.
struct Row {
  std::string_view nodes;  // the leaf, then the roots of the subtrees that it completes
  std::string_view entry;
};

Row read_row(std::string_view value) {
  keys::Reader reader(value);
  (void)reader.time();
  const std::size_t count = reader.u8();
  const auto nodes = reader.take(count * sizeof(merkle::Hash));
  return {.nodes = nodes, .entry = reader.rest()};
}

merkle::Hash read_hash(std::string_view bytes) {
  merkle::Hash hash{};
  std::ranges::copy(bytes, reinterpret_cast<char*>(hash.data()));
  return hash;
}

merkle::Edge read_edge(keys::Reader& reader, std::uint64_t size) {
  std::vector<merkle::Hash> subtrees;
  while (!reader.rest().empty()) {
    subtrees.push_back(read_hash(reader.take(sizeof(merkle::Hash))));
  }
  return {size, std::move(subtrees)};
}

void write_targets(json::Writer& out, const AuditEnvelope& audit, const json::Array* payload) {
  out.begin_array();
  for (std::size_t i = 0; i < audit.targets.size(); ++i) {
    out.begin_object();
    if (payload != nullptr) out.raw_member("display", json::dump(payload->at(i).at("display")));
    out.member("id", audit.targets[i].id).member("type", audit.targets[i].type).end_object();
  }
  out.end_array();
}

// The whole entry, ready to send but for its placeholders.
std::string entry_json(const AcceptedCommit& accepted, const json::Object& payload, std::uint64_t sequence,
                       Timestamp occurred_at, const merkle::Hash& leaf) {
  const auto& commit = accepted.commit.envelope;
  const auto& audit = *commit.audit;
  const auto& actor = payload.at("actor").as_object();
  const auto salt = audit_salt(accepted.key, commit.id);
  std::string text;
  text.reserve(1024);
  json::Writer out(text);
  out.begin_object()
      .member("id", AuditEntryId(commit.id.uuid()).str())
      .member("sequence", sequence)
      .member("occurred_at", to_rfc3339(occurred_at))
      .key("actor")
      .begin_object()
      .member("type", spelling(commit.actor.type))
      .member("id", commit.actor.id)
      .raw_member("display", json::dump(actor.at("display")));
  if (const auto* via = actor.if_contains("via_organization"))
    out.raw_member("via_organization", json::dump(*via));
  out.end_object().member("action", audit.action).member("outcome", spelling(audit.outcome));
  if (!audit.reason.empty()) out.member("reason", audit.reason);
  out.key("targets");
  write_targets(out, audit, &payload.at("targets").as_array());
  out.raw_member("changes", json::dump(payload.at("changes")))
      .raw_member("context", json::dump(payload.at("context")))
      .member("position", to_string(accepted.position))
      .member("salt",
              crypto::to_hex(std::string_view(reinterpret_cast<const char*>(salt.data()), salt.size())))
      .member("leaf_hash", crypto::to_hex(leaf))
      .end_object();
  return text;
}

bool is_whole(const json::Value& payload, std::size_t target_count) {
  const auto has_display = [](const json::Value* value) {
    return value != nullptr && value->is_object() && value->get_object().contains("display");
  };
  const auto* members = payload.if_object();
  if (members == nullptr || !has_display(members->if_contains("actor"))) return false;
  if (!members->contains("changes") || !members->contains("context")) return false;
  const auto* targets = members->if_contains("targets");
  if (targets == nullptr || !targets->is_array()) return false;
  return targets->get_array().size() == target_count &&
         std::ranges::all_of(targets->get_array(),
                             [&](const json::Value& target) { return has_display(&target); });
}

bool action_passes(std::string_view pattern, std::string_view action) {
  if (pattern.ends_with('*')) return action.starts_with(pattern.substr(0, pattern.size() - 1));
  return action == pattern;
}

bool passes(const Filter& filter, std::string_view row) {
  if (!filter.actor && !filter.action && !filter.target && !filter.outcome) return true;
  const auto parsed = json::parse(row);
  if (!parsed) return false;
  const auto& entry = parsed->as_object();
  const auto text = [](const json::Value& value) { return std::string_view(value.as_string()); };
  if (filter.actor && text(entry.at("actor").at("id")) != *filter.actor) return false;
  if (filter.action && !action_passes(*filter.action, text(entry.at("action")))) return false;
  if (filter.outcome && text(entry.at("outcome")) != *filter.outcome) return false;
  if (!filter.target) return true;
  return std::ranges::any_of(entry.at("targets").as_array(), [&](const json::Value& target) {
    return text(target.at("id")) == *filter.target;
  });
}

Timestamp time_of(std::string_view value) { return keys::Reader(value).time(); }

// Entries stand in the order of their times, so a time is found by halving.
std::uint64_t first_not_before(const Store& store, std::string_view feed, std::uint64_t size,
                               Timestamp time) {
  std::uint64_t low = 0;
  auto high = size;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto value = store.get(entry_key(feed, middle));
    if (!value || time_of(*value) >= time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

std::string leaf_bytes(const CommitEnvelope& commit, std::uint64_t sequence, Timestamp occurred_at,
                       Position position) {
  const auto& audit = *commit.audit;
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("action", audit.action)
      .key("actor")
      .begin_object()
      .member("id", commit.actor.id)
      .member("type", spelling(commit.actor.type))
      .end_object()
      .member("commitment", crypto::to_hex(audit.commitment))
      .member("occurred_at", to_rfc3339(occurred_at))
      .member("outcome", spelling(audit.outcome))
      .member("position", to_string(position));
  if (!audit.reason.empty()) out.member("reason", audit.reason);
  out.member("sequence", sequence).key("targets");
  write_targets(out, audit, nullptr);
  out.end_object();
  return text;
}

std::expected<json::Value, RecordError> payload_of(const Commit& commit, json::Memory memory) {
  if (!commit.envelope.audit) return json::Value();
  auto payload = json::parse(commit.audit_payload, json::depth_max_default, std::move(memory));
  if (!payload || !is_whole(*payload, commit.envelope.audit->targets.size()))
    return std::unexpected(RecordError{"its audit entry is not understood"});
  return std::move(*payload);
}

void Writer::append(const AcceptedCommit& accepted, const json::Value& payload, Store::Batch& rows) {
  const auto& commit = accepted.commit.envelope;
  if (!commit.audit) return;
  const auto& id = commit.audit->feed;
  auto& feed = this->feed(id);
  const auto sequence = feed.edge.size();
  feed.last = std::max(feed.last, commit.time);
  const auto leaf = merkle::leaf_hash(leaf_bytes(commit, sequence, feed.last, accepted.position));
  std::vector<merkle::Hash> nodes;
  feed.edge.append(leaf,
                   [&](std::uint8_t, std::uint64_t, const merkle::Hash& hash) { nodes.push_back(hash); });
  keys::Key entry('\0');
  entry.time(feed.last).u8(static_cast<std::uint8_t>(nodes.size()));
  for (const auto& node : nodes) entry.rest(bytes(node));
  entry.rest(entry_json(accepted, payload.as_object(), sequence, feed.last, leaf));
  rows.put(entry_key(id, sequence), std::string_view(entry).substr(1));

  keys::Key head('\0');
  head.u64(feed.edge.size()).time(feed.last);
  for (const auto& subtree : feed.edge.subtrees()) head.rest(bytes(subtree));
  rows.put(feed_key(id), std::string_view(head).substr(1));
}

void Writer::written() {
  if (feeds_.size() > feeds_in_memory_max) feeds_.clear();
}

Writer::Feed& Writer::feed(const std::string& id) {
  const auto found = feeds_.find(id);
  if (found != feeds_.end()) return found->second;
  Feed loaded;
  if (const auto value = store_.get(feed_key(id))) {
    keys::Reader reader(*value);
    const auto size = reader.u64();
    loaded.last = reader.time();
    loaded.edge = read_edge(reader, size);
  }
  return feeds_.emplace(id, std::move(loaded)).first->second;
}

Page list(const Store& store, std::string_view feed, const Filter& filter, Order order,
          const PageRequest& request) {
  const bool descending = order == Order::newest_first;
  const auto size = head(store, feed).size;
  auto begin = filter.from ? first_not_before(store, feed, size, *filter.from) : 0;
  auto end = filter.to ? first_not_before(store, feed, size, *filter.to) : size;
  if (request.after) {
    const auto last = keys::read_u64(*request.after);
    descending ? end = std::min(end, last) : begin = std::max(begin, last + 1);
  }
  Page page;
  const auto prefix = entries_of(feed);
  auto scan = store.scan(prefix);
  std::size_t scanned = 0;
  std::uint64_t sequence = 0;
  for (auto left = end > begin ? end - begin : 0; left > 0; --left, ++scanned) {
    if (page.rows.size() == request.limit || scanned == limits::scan_rows_per_page_max) {
      page.next = keys::u64(sequence);
      break;
    }
    sequence = descending ? begin + left - 1 : end - left;
    if (scanned == 0) {
      scan.seek(prefix + keys::u64(sequence));
    } else {
      descending ? scan.prev() : scan.next();
    }
    if (!scan.valid()) break;
    const auto row = read_row(scan.value()).entry;
    if (passes(filter, row)) page.rows.emplace_back(row);
  }
  return page;
}

std::optional<merkle::Hash> node(const Store& store, std::string_view feed, std::uint8_t level,
                                 std::uint64_t index) {
  const auto completed_by = ((index + 1) << level) - 1;
  const auto value = store.get(entry_key(feed, completed_by));
  if (!value) return std::nullopt;
  return read_hash(read_row(*value).nodes.substr(level * sizeof(merkle::Hash), sizeof(merkle::Hash)));
}

Head head(const Store& store, std::string_view feed) {
  const auto value = store.get(feed_key(feed));
  if (!value) return {0, merkle::Edge().root()};
  keys::Reader reader(*value);
  const auto size = reader.u64();
  (void)reader.time();
  return {size, read_edge(reader, size).root()};
}

}  // namespace tenure::audit
