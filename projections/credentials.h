// Who holds a credential: the one look-up that authenticates a request. Kept by the views of sessions and API
// tokens.
#pragma once

#include <optional>
#include <string>

#include "commands/api_token/api_token.h"
#include "commands/session/session.h"
#include "core/store/store.h"

namespace tenure::credentials {

struct SessionHolder {
  SessionId session;
  UserId user;
  AccountId personal_account;
  Timestamp extended_at, expires_at;
};
struct TokenHolder {
  TokenId token;
  WorkspaceId workspace;
  api_token::Role role{};
  std::optional<Timestamp> expires_at;
  std::string name;
};
// At most one of both; none: no such credential (any more).
struct Holder {
  std::optional<SessionHolder> session;
  std::optional<TokenHolder> token;
};

// `hash` is SHA-256 of the credential, in hexadecimal in `key_of_hex`, in bytes in `find`.
[[nodiscard]] std::string key_of_hex(const std::string& hash);
[[nodiscard]] std::string encode(const SessionHolder& holder);
[[nodiscard]] std::string encode(const TokenHolder& holder);
[[nodiscard]] Holder find(const Store& store, std::string_view hash);

}  // namespace tenure::credentials
