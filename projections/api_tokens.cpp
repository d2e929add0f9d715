#include "projections/api_tokens.h"

#include "projections/credentials.h"
#include "projections/rows.h"

namespace tenure::api_tokens {
namespace {

std::string row_key(WorkspaceId workspace, TokenId token) {
  return keys::Key('T').id(workspace).id(token).str();
}

}  // namespace

std::string render(const StreamState& state) {
  const auto& token = std::get<api_token::State>(state.state);
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("id", token.id.str())
      .member("workspace_id", token.workspace.str())
      .member("name", token.name)
      .member("role", spelling(token.role))
      .member("prefix", token.prefix)
      .member("created_at", to_unix_seconds(token.created_at));
  rows::write_optional(out, "expires_at", token.expires_at);
  return text;
}

std::string render_created(const StreamState& state) {
  const auto& token = std::get<api_token::State>(state.state);
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("id", token.id.str())
      .member("workspace_id", token.workspace.str())
      .member("name", token.name)
      .member("token", "")
      .end_object();
  return text;
}

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<api_token::State>(change);
  if (after == nullptr) return;
  if (after->revoked) {
    rows.erase(row_key(after->workspace, after->id));
    if (!before->hash.empty()) rows.erase(credentials::key_of_hex(before->hash));
    return;
  }
  rows.put(row_key(after->workspace, after->id), render(change.after));
  rows.put(credentials::key_of_hex(after->hash),
           credentials::encode(credentials::TokenHolder{.token = after->id,
                                                        .workspace = after->workspace,
                                                        .role = after->role,
                                                        .expires_at = after->expires_at,
                                                        .name = after->name}));
}

Page list(const Store& store, WorkspaceId workspace, const PageRequest& page) {
  return rows::page_of(
      store, keys::Key('T').id(workspace).str(), rows::Direction::ascending, page,
      [](std::string_view, std::string_view json) { return std::optional<std::string>(json); });
}

bool exists(const Store& store, WorkspaceId workspace, TokenId token) {
  return store.get(row_key(workspace, token)).has_value();
}

TokenId id_of_row(std::string_view row) {
  constexpr std::string_view before_id = "{\"id\":\"";
  return TokenId::parse(row.substr(before_id.size(), TokenId::length)).value_or(TokenId());
}

std::string finish(std::string row, const std::optional<Timestamp>& last_used_at) {
  row += ",\"last_used_at\":";
  row += last_used_at ? std::to_string(to_unix_seconds(*last_used_at)) : "null";
  row += '}';
  return row;
}

}  // namespace tenure::api_tokens
