#include "projections/outbox.h"

#include <fmt/core.h>

#include "core/store/keys.h"

namespace tenure::outbox {
namespace {

constexpr std::size_t subjects_in_memory_max = 16'384;

keys::Key rows_of(Partition partition) {
  keys::Key key('p');
  key.partition(partition);
  return key;
}

// CloudEvents wants a text that sorts as the number does.
std::string sequence_text(std::uint64_t sequence) { return fmt::format("{:020}", sequence); }

// Structured JSON. The subject is the tenant that the commit belongs to: order holds for each.
std::string cloud_event(const history::Entry& entry, std::uint64_t sequence) {
  const auto& commit = entry.commit.commit.envelope;
  std::string text;
  text.reserve(768);
  json::Writer out(text);
  out.begin_object()
      .member("specversion", "1.0")
      .member("id", fmt::format("{}-{}", commit.id.str(), entry.index))
      .member("source", source)
      .member("type", std::string(type_prefix) + entry.encoded.type)
      .member("subject", commit.key_owner)
      .member("time", to_rfc3339(commit.time))
      .member("sequence", sequence_text(sequence))
      .member("partitionkey", commit.key_owner)
      .member("correlationid", commit.correlation_id);
  if (!commit.causation_id.empty()) out.member("causationid", commit.causation_id);
  if (!commit.traceparent.empty()) out.member("traceparent", commit.traceparent);
  out.raw_member("data", encode_public(entry.event, entry.stream.rest())).end_object();
  return text;
}

// CloudEvents, Kafka protocol binding, binary mode: attributes are headers, the data are the value.
EventRecord record_of(std::string_view row) {
  const auto event = json::parse(row).value();
  EventRecord record;
  record.headers.emplace_back("content-type", "application/json");
  for (const auto& [name, value] : event.as_object()) {
    if (name == "data") {
      record.value = json::dump(value);
      continue;
    }
    std::string text(value.as_string());
    if (name == "partitionkey") record.key = text;
    record.headers.emplace_back("ce_" + std::string(name), std::move(text));
  }
  return record;
}

}  // namespace

void Writer::append(const history::Entry& entry, Store::Batch& rows) {
  if (audience_of(entry.event) != Audience::everyone) return;
  const auto& position = entry.commit.position;
  auto key = rows_of(position.partition);
  key.u64(to_number(position.offset)).u16(static_cast<std::uint16_t>(entry.index));
  const auto sequence = next_sequence(position.partition, entry.commit.commit.envelope.key_owner, rows);
  rows.put(key, cloud_event(entry, sequence));
}

std::uint64_t Writer::next_sequence(Partition partition, std::string_view subject, Store::Batch& rows) {
  const auto key = keys::Key('q').partition(partition).rest(subject).str();
  auto [found, added] = sequences_.try_emplace(key);
  if (added) {
    const auto last = store_.get(key);
    found->second = last ? keys::read_u64(*last) : 0;
  }
  rows.put(key, keys::u64(++found->second));
  return found->second;
}

void Writer::trim(Partition partition, Offset through, Store::Batch& rows) {
  rows.erase_range(rows_of(partition), rows_of(partition).u64(to_number(through)));
}

void Writer::written() {
  if (sequences_.size() > subjects_in_memory_max) sequences_.clear();
}

std::vector<Commit> read(const Store& store, Partition partition, Offset from, std::size_t records_max) {
  std::vector<Commit> commits;
  const auto prefix = rows_of(partition).str();
  auto scan = store.scan(prefix);
  std::size_t records = 0;
  for (scan.seek(rows_of(partition).u64(to_number(from))); scan.valid(); scan.next(), ++records) {
    const Offset offset{keys::read_u64(scan.key().substr(prefix.size()))};
    if (commits.empty() || commits.back().offset != offset) {
      if (records >= records_max) break;
      commits.push_back({offset, {}});
    }
    commits.back().records.push_back(record_of(scan.value()));
  }
  return commits;
}

bool is_empty(const Store& store, Partition partition, Offset from) {
  auto scan = store.scan(rows_of(partition));
  scan.seek(rows_of(partition).u64(to_number(from)));
  return !scan.valid();
}

std::uint64_t count(const Store& store, std::uint64_t max) {
  std::uint64_t rows = 0;
  auto scan = store.scan("p");
  for (scan.to_first(); scan.valid() && rows < max; scan.next()) ++rows;
  return rows;
}

}  // namespace tenure::outbox
