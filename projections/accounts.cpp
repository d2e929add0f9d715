#include "projections/accounts.h"

#include "projections/rows.h"

namespace tenure::accounts {
namespace {

std::string row_key(AccountId id) { return keys::Key('A').id(id).str(); }

}  // namespace

std::string render(const StreamState& state) {
  const auto& account = std::get<account::State>(state.state);
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("id", account.id.str())
      .member("name", account.name)
      .member("personal", account.personal)
      .member("created_at", to_unix_seconds(account.created_at))
      .member("updated_at", to_unix_seconds(account.updated_at))
      .member("etag", std::to_string(state.version.number))
      .end_object();
  return text;
}

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<account::State>(change);
  if (after == nullptr) return;
  keys::Key value('\0');
  value.u64(change.after.version.number)
      .u8(after->personal ? 1 : 0)
      .text(after->name)
      .rest(render(change.after));
  rows.put(row_key(after->id), std::string_view(value).substr(1));
  keys::Key role('\0');
  role.u8(static_cast<std::uint8_t>(AccountRole::owner));
  rows.put(keys::Key('R').id(after->owner).id(after->id), std::string_view(role).substr(1));
}

std::optional<Row> find(const Store& store, AccountId id) {
  const auto bytes = store.get(row_key(id));
  if (!bytes) return std::nullopt;
  keys::Reader reader(*bytes);
  Row row;
  row.version = reader.u64();
  row.personal = reader.u8() == 1;
  row.name = std::string(reader.text());
  row.json = std::string(reader.rest());
  return row;
}

std::optional<AccountRole> role_of(const Store& store, UserId user, AccountId account) {
  const auto bytes = store.get(keys::Key('R').id(user).id(account));
  if (!bytes) return std::nullopt;
  return static_cast<AccountRole>(keys::Reader(*bytes).u8());
}

std::vector<Membership> of_user(const Store& store, UserId user) {
  std::vector<Membership> found;
  const auto prefix = keys::Key('R').id(user).str();
  auto scan = store.scan(prefix);
  for (scan.to_first(); scan.valid(); scan.next()) {
    found.push_back({keys::Reader(scan.key().substr(prefix.size())).id<AccountId>(),
                     static_cast<AccountRole>(keys::Reader(scan.value()).u8())});
  }
  return found;
}

Page list(const Store& store, UserId user, const PageRequest& page) {
  return rows::page_of(store, keys::Key('R').id(user).str(), rows::Direction::ascending, page,
                       [&](std::string_view rest, std::string_view) -> std::optional<std::string> {
                         auto row = find(store, keys::Reader(rest).id<AccountId>());
                         return row ? std::optional(std::move(row->json)) : std::nullopt;
                       });
}

}  // namespace tenure::accounts
