// Given / when / then for the decisions about sessions.
#pragma once

#include "tests/support/decision_spec.h"

namespace tenure::testing {

class SessionSpec : public DecisionSpec {
 public:
  void given_a_session() {
    given(session::stream(session), session::Started{.id = session,
                                                     .user = user,
                                                     .personal_account = account,
                                                     .hash = std::string(64, 'a'),
                                                     .expires_at = now + session::lifetime});
  }
  [[nodiscard]] session::EndSession end() const { return {user, account, session}; }

  const UserId user = id<UserId>(1);
  const AccountId account = id<AccountId>(1);
  const SessionId session = id<SessionId>(1);
};

}  // namespace tenure::testing
