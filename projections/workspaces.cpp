#include "projections/workspaces.h"

#include <algorithm>

#include "core/limits.h"

namespace tenure::workspaces {
namespace {

constexpr char by_account_name = 'N';
constexpr char by_account_created = 'C';
constexpr char by_member_name = 'P';
constexpr char by_member_created = 'Q';

std::string row_key(WorkspaceId id) { return keys::Key('W').id(id).str(); }

// How names are sorted: without regard to the case of ASCII letters. Names hold no control characters, so
// none is 0.
std::string sort_name(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

std::string name_entry(const workspace::State& workspace) {
  return keys::Key('\0').text(sort_name(workspace.name)).id(workspace.id).str().substr(1);
}
std::string created_entry(const workspace::State& workspace) {
  return keys::Key('\0').time(workspace.created_at).id(workspace.id).str().substr(1);
}

// Every entry ends with the id.
WorkspaceId id_of(std::string_view entry) {
  constexpr std::size_t id_bytes = 16;
  keys::Reader reader(entry.substr(entry.size() - id_bytes));
  return reader.id<WorkspaceId>();
}

std::string header_bytes(const workspace::State& workspace, std::uint64_t version) {
  return keys::Key('\0')
      .id(workspace.account)
      .id(workspace.owner)
      .u8(static_cast<std::uint8_t>(workspace.status))
      .u64(version)
      .u64(workspace.access_version)
      .u64(workspace.frozen_at ? static_cast<std::uint64_t>(to_unix_millis(*workspace.frozen_at)) : 0)
      .str()
      .substr(1);
}

Row read_row(std::string_view bytes) {
  keys::Reader reader(bytes);
  Row row;
  row.header.account = reader.id<AccountId>();
  row.header.owner = reader.id<UserId>();
  row.header.status = static_cast<workspace::Status>(reader.u8());
  row.header.version = reader.u64();
  row.header.access_version = reader.u64();
  if (const auto frozen = reader.u64(); frozen != 0)
    row.header.frozen_at = from_unix_millis(static_cast<std::int64_t>(frozen));
  row.json = std::string(reader.rest());
  return row;
}

// One sorted run of index entries: those of an account, or of a member. Behind the prefix stands the sort key
// and the id.
class Run {
 public:
  Run(const Store& store, std::string prefix, bool descending, const std::optional<std::string>& after)
      : prefix_(std::move(prefix)), descending_(descending), scan_(store.scan(prefix_)) {
    if (!after) {
      descending_ ? scan_.to_last() : scan_.to_first();
      return;
    }
    const auto key = prefix_ + *after;
    descending_ ? scan_.seek_for_prev(key) : scan_.seek(key);
    if (scan_.valid() && scan_.key() == key) advance();
  }
  [[nodiscard]] bool valid() const { return scan_.valid(); }
  [[nodiscard]] std::string_view entry() const { return scan_.key().substr(prefix_.size()); }
  void advance() { descending_ ? scan_.prev() : scan_.next(); }

 private:
  std::string prefix_;
  bool descending_;
  Store::Scan scan_;
};

std::vector<Run> runs_for(const Store& store, const Filter& filter, Order order, const PageRequest& page) {
  const bool by_name = order == Order::name_ascending || order == Order::name_descending;
  const bool descending = order == Order::name_descending || order == Order::created_descending;
  std::vector<Run> runs;
  for (const auto& account : filter.accounts) {
    if (filter.account && *filter.account != account) continue;
    runs.emplace_back(store, keys::Key(by_name ? by_account_name : by_account_created).id(account).str(),
                      descending, page.after);
  }
  if (filter.member) {
    runs.emplace_back(store, keys::Key(by_name ? by_member_name : by_member_created).id(*filter.member).str(),
                      descending, page.after);
  }
  return runs;
}

// The entry that comes next over all runs; nothing at the end of all.
std::optional<std::string> take_next(std::vector<Run>& runs, bool descending) {
  std::optional<std::string> next;
  for (const auto& run : runs) {
    if (!run.valid()) continue;
    const bool earlier = !next || (descending ? run.entry() > *next : run.entry() < *next);
    if (earlier) next = std::string(run.entry());
  }
  if (!next) return next;
  for (auto& run : runs) {
    if (run.valid() && run.entry() == *next) run.advance();
  }
  return next;
}

}  // namespace

std::string render(const StreamState& state) {
  const auto& workspace = std::get<workspace::State>(state.state);
  std::string text;
  text.reserve(700);
  json::Writer out(text);
  const auto optional_time = [&](std::string_view name, const std::optional<Timestamp>& time) {
    time ? out.member(name, to_unix_seconds(*time)) : out.null_member(name);
  };
  out.begin_object()
      .member("id", workspace.id.str())
      .member("uuid", workspace.id.uuid().str())
      .member("name", workspace.name)
      .member("slug", workspace.slug.str())
      .member("account_id", workspace.account.str());
  workspace.region ? out.member("region", *workspace.region) : out.null_member("region");
  out.member("tenancy_model", spelling(workspace.tenancy_model))
      .member("status", spelling(workspace.status))
      .member("reconciling", workspace.reconciling)
      .member("workspace_class", "standard")
      .key("plan")
      .begin_object()
      .member("tier", "standard")
      .member("billed_by", "platform")
      .end_object()
      .null_member("managing_organization")
      .member("operation_id", workspace.operation.str())
      .member("created_at", to_unix_seconds(workspace.created_at))
      .member("updated_at", to_unix_seconds(workspace.updated_at));
  optional_time("frozen_at", workspace.frozen_at);
  out.null_member("purge_time").member("etag", std::to_string(state.version.number)).end_object();
  return text;
}

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<workspace::State>(change);
  if (after == nullptr) return;
  rows.put(row_key(after->id), header_bytes(*after, change.after.version.number) + render(change.after));

  const bool is_new = change.before.version.number == 0;
  if (is_new) {
    rows.put(keys::Key(by_account_created).id(after->account).rest(created_entry(*after)), "");
    rows.put(keys::Key(by_member_created).id(after->owner).rest(created_entry(*after)), "");
  }
  if (!is_new && before->name == after->name) return;
  if (!is_new) {
    rows.erase(keys::Key(by_account_name).id(before->account).rest(name_entry(*before)));
    rows.erase(keys::Key(by_member_name).id(before->owner).rest(name_entry(*before)));
  }
  rows.put(keys::Key(by_account_name).id(after->account).rest(name_entry(*after)), "");
  rows.put(keys::Key(by_member_name).id(after->owner).rest(name_entry(*after)), "");
}

std::optional<Row> find(const Store& store, WorkspaceId id) {
  const auto bytes = store.get(row_key(id));
  if (!bytes) return std::nullopt;
  return read_row(*bytes);
}

std::string name_of(const Row& row) {
  return std::string(json::parse(row.json).value().at("name").as_string());
}

std::optional<Place> next(const Store& store, const Filter& filter, const std::optional<std::string>& after) {
  auto runs = runs_for(store, filter, Order::created_ascending, {.limit = 1, .after = after});
  while (auto entry = take_next(runs, false)) {
    const auto id = id_of(*entry);
    if (auto row = find(store, id); row && passes(filter, row->header))
      return Place{std::move(*entry), id, std::move(*row)};
  }
  return std::nullopt;
}

bool passes(const Filter& filter, const Header& header) {
  return (!filter.account || header.account == *filter.account) &&
         (!filter.status || header.status == *filter.status);
}

Page list(const Store& store, const Filter& filter, Order order, const PageRequest& request) {
  const bool descending = order == Order::name_descending || order == Order::created_descending;
  auto runs = runs_for(store, filter, order, request);
  Page page;
  std::string last;
  std::size_t scanned = 0;
  while (auto entry = take_next(runs, descending)) {
    if (page.rows.size() == request.limit || ++scanned > limits::scan_rows_per_page_max) {
      page.next = last;
      break;
    }
    if (auto row = find(store, id_of(*entry)); row && passes(filter, row->header)) {
      page.rows.push_back(std::move(row->json));
    }
    last = std::move(*entry);
  }
  return page;
}

}  // namespace tenure::workspaces
