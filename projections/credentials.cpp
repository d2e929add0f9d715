#include "projections/credentials.h"

#include "core/crypto/crypto.h"
#include "core/store/keys.h"

namespace tenure::credentials {
namespace {

constexpr std::uint8_t session_kind = 0;
constexpr std::uint8_t token_kind = 1;

std::string key_of(std::string_view hash) { return keys::Key('K').rest(hash).str(); }

}  // namespace

std::string key_of_hex(const std::string& hash) { return key_of(crypto::from_hex(hash).value_or("")); }

std::string encode(const SessionHolder& holder) {
  return keys::Key('\0')
      .u8(session_kind)
      .id(holder.session)
      .id(holder.user)
      .id(holder.personal_account)
      .time(holder.extended_at)
      .time(holder.expires_at)
      .str()
      .substr(1);
}

std::string encode(const TokenHolder& holder) {
  return keys::Key('\0')
      .u8(token_kind)
      .id(holder.token)
      .id(holder.workspace)
      .u8(static_cast<std::uint8_t>(holder.role))
      .u64(holder.expires_at ? static_cast<std::uint64_t>(to_unix_millis(*holder.expires_at)) : 0)
      .rest(holder.name)
      .str()
      .substr(1);
}

Holder find(const Store& store, std::string_view hash) {
  Holder holder;
  const auto bytes = store.get(key_of(hash));
  if (!bytes) return holder;
  keys::Reader reader(*bytes);
  if (reader.u8() == session_kind) {
    auto& session = holder.session.emplace();
    session.session = reader.id<SessionId>();
    session.user = reader.id<UserId>();
    session.personal_account = reader.id<AccountId>();
    session.extended_at = reader.time();
    session.expires_at = reader.time();
  } else {
    auto& token = holder.token.emplace();
    token.token = reader.id<TokenId>();
    token.workspace = reader.id<WorkspaceId>();
    token.role = static_cast<api_token::Role>(reader.u8());
    if (const auto expires = reader.u64(); expires != 0) {
      token.expires_at = from_unix_millis(static_cast<std::int64_t>(expires));
    }
    token.name = std::string(reader.rest());
  }
  return holder;
}

}  // namespace tenure::credentials
