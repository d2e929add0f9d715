#include "projections/sessions.h"

#include "projections/credentials.h"
#include "projections/rows.h"

namespace tenure::sessions {
namespace {

Row read_row(std::string_view bytes) {
  keys::Reader reader(bytes);
  Row row;
  row.version = reader.u64();
  row.json = std::string(reader.rest());
  return row;
}

std::string row_key(UserId user, SessionId session) { return keys::Key('S').id(user).id(session).str(); }

}  // namespace

std::string render(const StreamState& state) {
  const auto& session = std::get<session::State>(state.state);
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("id", session.id.str())
      .member("user_id", session.user.str())
      .member("created_at", to_unix_seconds(session.created_at))
      .member("expires_at", to_unix_seconds(session.expires_at))
      .member("etag", std::to_string(state.version.number))
      .end_object();
  return text;
}

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<session::State>(change);
  if (after == nullptr) return;
  if (after->ended) {
    rows.erase(row_key(after->user, after->id));
    if (!before->hash.empty()) rows.erase(credentials::key_of_hex(before->hash));
    return;
  }
  keys::Key value('\0');
  value.u64(change.after.version.number).rest(render(change.after));
  rows.put(row_key(after->user, after->id), std::string_view(value).substr(1));
  rows.put(credentials::key_of_hex(after->hash),
           credentials::encode(credentials::SessionHolder{.session = after->id,
                                                          .user = after->user,
                                                          .personal_account = after->personal_account,
                                                          .extended_at = after->extended_at,
                                                          .expires_at = after->expires_at}));
}

Page list(const Store& store, UserId user, const PageRequest& page) {
  return rows::page_of(
      store, keys::Key('S').id(user).str(), rows::Direction::ascending, page,
      [](std::string_view, std::string_view bytes) { return std::optional(read_row(bytes).json); });
}

std::optional<Row> find(const Store& store, UserId user, SessionId session) {
  const auto bytes = store.get(row_key(user, session));
  if (!bytes) return std::nullopt;
  return read_row(*bytes);
}

}  // namespace tenure::sessions
