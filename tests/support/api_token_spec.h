// Given / when / then for the decisions about API tokens.
#pragma once

#include "tests/support/decision_spec.h"

namespace tenure::testing {

class ApiTokenSpec : public WorkspaceSpec {
 public:
  void given_a_token() {
    given_an_active_workspace();
    when(create());
    happens();
  }
  [[nodiscard]] api_token::CreateApiToken create() const {
    return {.workspace = workspace,
            .token = token,
            .name = "ci",
            .role = api_token::Role::member,
            .expires_at = std::nullopt,
            .prefix = "sk_akua_abc",
            .hash = std::string(64, 'b')};
  }
  [[nodiscard]] api_token::RevokeApiToken revoke() const { return {workspace, token}; }

  const TokenId token = id<TokenId>(1);
};

}  // namespace tenure::testing
