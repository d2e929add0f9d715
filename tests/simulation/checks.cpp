#include "tests/simulation/checks.h"

#include <fmt/core.h>

#include "core/store/keys.h"
#include "projections/audit.h"
#include "projections/operations.h"
#include "projections/workspaces.h"

namespace tenure::simulation {
namespace {

using Kind = Intent::Kind;

std::string_view text_at(const json::Value& value, std::string_view name) {
  return value.at(name).as_string();
}

// All entries of a feed; nothing when there is a gap.
std::optional<std::vector<json::Value>> entries_of(const Store& store, const std::string& feed) {
  std::vector<json::Value> entries;
  PageRequest page{.limit = 100, .after = {}};
  while (true) {
    const auto found = audit::list(store, feed, {}, audit::Order::oldest_first, page);
    for (const auto& row : found.rows) {
      auto entry = json::parse(row).value();
      if (static_cast<std::size_t>(entry.at("sequence").as_int64()) != entries.size()) return std::nullopt;
      entries.push_back(std::move(entry));
    }
    if (!found.next) break;
    page.after = found.next;
  }
  if (entries.size() != audit::head(store, feed).size) return std::nullopt;
  return entries;
}

// What a workspace's feed says of the clients' commands.
struct Told {
  std::map<std::string, int> texts;  // names and reasons that were given, how often
  int successes = 0;
  bool ever_frozen = false;
};

Told read_feed(const Store& store, WorkspaceId id) {
  Told told;
  const auto entries = entries_of(store, id.str()).value();
  for (const auto& entry : entries) {
    if (text_at(entry, "outcome") != "success" || text_at(entry.at("actor"), "type") != "user") continue;
    ++told.successes;
    told.ever_frozen |= text_at(entry, "action") == "workspace.frozen";
    for (const char* field : {"name", "reason"}) {
      const auto* change = entry.at("changes").as_object().if_contains(field);
      const auto* to = change == nullptr ? nullptr : change->as_object().if_contains("to");
      if (to != nullptr) ++told.texts[std::string(to->as_string())];
    }
  }
  return told;
}

std::optional<std::string> check_count(const Intent& intent, int count) {
  const bool must = intent.committed.has_value();
  if (must && count == 0) return fmt::format("\"{}\" was acknowledged and is lost", intent.text);
  if (count > 1) return fmt::format("\"{}\" was done {} times", intent.text, count);
  if (!must && !intent.unknown && count > 0)
    return fmt::format("\"{}\" was refused and is done", intent.text);
  return std::nullopt;
}

// How often what an intent asked for was done; nothing where it leaves no trace of its own.
std::optional<int> count_of(const Intent& intent, const Store& store,
                            const std::map<WorkspaceId, Told>& told) {
  switch (intent.kind) {
    case Kind::create:
      return static_cast<int>(std::ranges::count_if(intent.made, [&](const std::string& id) {
        return workspaces::find(store, WorkspaceId::parse(id).value()).has_value();
      }));
    case Kind::retry:
      return static_cast<int>(std::ranges::count_if(intent.made, [&](const std::string& id) {
        return operations::find(store, OperationId::parse(id).value()).has_value();
      }));
    case Kind::rename: {
      const auto& texts = told.at(intent.workspace).texts;
      const auto found = texts.find(intent.text);
      return found == texts.end() ? 0 : found->second;
    }
    default:
      return std::nullopt;
  }
}

// The last of some intents that was acknowledged; nothing when one of unknown outcome may have followed.
template <class Pick>
const Intent* last_of(const Ledger& ledger, WorkspaceId id, Pick pick) {
  const Intent* last = nullptr;
  for (const auto& intent : ledger.intents) {
    if (intent.workspace != id || !pick(intent)) continue;
    if (!intent.committed && intent.unknown) return nullptr;
    if (intent.committed && (last == nullptr || *last->committed < *intent.committed)) last = &intent;
  }
  return last;
}

std::optional<std::string> check_workspace(const Ledger& ledger, const Store& store, WorkspaceId id,
                                           const Told& told) {
  const auto row = workspaces::find(store, id);
  if (!row) return id.str() + " was acknowledged and is not there";
  const auto value = json::parse(row->json).value();
  const auto* named = last_of(ledger, id, [](const Intent& intent) {
    return intent.kind == Kind::create || intent.kind == Kind::rename;
  });
  if (named != nullptr && named->text != text_at(value, "name"))
    return id.str() + " has not the name that it was given last";
  const auto* toggled = last_of(ledger, id, [](const Intent& intent) {
    return intent.kind == Kind::freeze || intent.kind == Kind::unfreeze;
  });
  const bool frozen = row->header.status == workspace::Status::frozen;
  if (toggled != nullptr && frozen != (toggled->kind == Kind::freeze))
    return id.str() + " is not as frozen as it was told";
  if (ledger.workspaces.at(id).told_frozen && !told.ever_frozen)
    return id.str() + " was called frozen and never was";

  int committed = 0;
  int unknown = 0;
  for (const auto& intent : ledger.intents) {
    if (intent.workspace != id) continue;
    committed += intent.committed ? 1 : 0;
    unknown += !intent.committed && intent.unknown ? 1 : 0;
  }
  if (told.successes > committed + unknown) {
    return fmt::format("{} has {} entries for {} commands", id.str(), told.successes, committed + unknown);
  }
  return std::nullopt;
}

std::optional<std::string> check_slugs(const Ledger& ledger, const Store& store) {
  std::set<std::pair<Partition, std::string>> slugs;
  for (const auto& [id, known] : ledger.workspaces) {
    const auto value = json::parse(workspaces::find(store, id)->json).value();
    const std::string slug(text_at(value, "slug"));
    if (!slugs.emplace(known.partition, slug).second) return "two workspaces have the slug " + slug;
  }
  return std::nullopt;
}

// How many operations worked on each environment.
std::map<std::string, std::uint64_t> operations_by_environment(const Store& store) {
  std::map<std::string, std::uint64_t> counts;
  auto scan = store.scan("s");
  for (scan.to_first(); scan.valid(); scan.next()) {
    const StreamName stream(std::string(scan.key().substr(3)));
    if (stream.category() != operation::State::category) continue;
    const auto state = decode_state(scan.value().substr(24));
    for (const auto& step : std::get<operation::State>(state).steps) ++counts[step.environment.str()];
  }
  return counts;
}

}  // namespace

std::optional<std::string> check_ledger(const Ledger& ledger, const Store& store) {
  std::map<WorkspaceId, Told> told;
  for (const auto& [id, known] : ledger.workspaces) told.emplace(id, read_feed(store, id));
  for (const auto& [id, known] : ledger.workspaces) {
    if (auto broken = check_workspace(ledger, store, id, told.at(id))) return broken;
  }
  for (const auto& intent : ledger.intents) {
    const auto count = count_of(intent, store, told);
    if (!count) continue;
    if (auto broken = check_count(intent, *count)) return broken;
  }
  return check_slugs(ledger, store);
}

std::optional<std::string> check_environments(const Store& store, const SimulatedProvisioner& provisioner) {
  const auto operations = operations_by_environment(store);
  auto scan = store.scan("E");
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto value = json::parse(scan.value()).value();
    const std::string id(text_at(value, "id"));
    const auto status = text_at(value, "status");
    const bool exists = provisioner.existing().contains(id);
    if (status == "active" && !exists) return id + " is active and does not exist";
    if (status == "deprovisioned" && exists) return id + " was undone and exists";
    if (status == "deprovisioning" || status == "provisioning")
      return id + " is " + std::string(status) + " for ever";
    const auto made = provisioner.made().find(id);
    if (made != provisioner.made().end() && made->second > operations.at(id)) {
      return fmt::format("{} was made {} times for {} operations", id, made->second, operations.at(id));
    }
  }
  return std::nullopt;
}

std::optional<std::string> check_feeds(const Ledger& ledger, const Store& store) {
  std::vector<std::string> feeds{ledger.account.str(), ledger.user.str()};
  for (const auto& [id, known] : ledger.workspaces) feeds.push_back(id.str());
  for (const auto& feed : feeds) {
    if (!entries_of(store, feed)) return feed + " has a gap in its feed";
  }
  return std::nullopt;
}

std::optional<std::string> check_events(const EventTopic& topic, const Store& store) {
  std::map<std::string, std::uint64_t> read;
  std::map<std::string, std::string> values;  // by id
  for (const auto& record : topic) {
    const std::map<std::string, std::string> headers(record.headers.begin(), record.headers.end());
    const auto& id = headers.at("ce_id");
    const auto sequence = std::stoull(headers.at("ce_sequence"));
    auto& last = read[record.key];
    if (sequence > last + 1) return fmt::format("{} of {} came before the one before it", id, record.key);
    last = std::max<std::uint64_t>(last, sequence);
    if (values.emplace(id, record.value).first->second != record.value)
      return id + " came as two different ones";
  }
  auto scan = store.scan("q");
  for (scan.to_first(); scan.valid(); scan.next()) {
    const std::string subject(scan.key().substr(3));
    const auto made = keys::read_u64(scan.value());
    if (read[subject] != made)
      return fmt::format("{} events of {} and not {} were published", read[subject], subject, made);
  }
  return std::nullopt;
}

std::optional<std::string> check_same(const Store& one, const Store& other) {
  auto left = one.scan("");
  auto right = other.scan("");
  left.to_first();
  right.to_first();
  while (left.valid() && right.valid() && left.key() == right.key() && left.value() == right.value()) {
    left.next();
    right.next();
  }
  if (!left.valid() && !right.valid()) return std::nullopt;
  return "differs at key " + crypto::to_hex(left.valid() ? left.key() : right.key());
}

}  // namespace tenure::simulation
