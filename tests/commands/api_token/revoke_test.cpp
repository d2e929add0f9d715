#include "tests/support/api_token_spec.h"

namespace tenure::testing {
namespace {

using RevokeApiTokenTest = SpecTest<ApiTokenSpec>;

TEST_F(RevokeApiTokenTest, RevokesATokenAndCountsItNoMore) {
  given_a_token();
  when(revoke());
  then({{api_token::stream(token), {api_token::Revoked{}}},
        {api_token::usage_stream(workspace), {api_token::Uncounted{}}}});
  answers(Success::no_content);
  audits({"api_token " + token.str() + " ci"});
}

TEST_F(RevokeApiTokenTest, ForgetsTheCredential) {
  given_a_token();
  when(revoke());
  happens();
  EXPECT_TRUE(states().get<api_token::State>(api_token::stream(token)).hash.empty());
}

TEST_F(RevokeApiTokenTest, IsRefusedForATokenThatNeverWas) {
  given_an_active_workspace();
  when(revoke());
  then_refused(Reason::not_found);
}

TEST_F(RevokeApiTokenTest, IsRefusedForATokenOfAnotherWorkspace) {
  given_a_token();
  when(api_token::RevokeApiToken{id<WorkspaceId>(9), token});
  then_refused(Reason::not_found);
}

TEST_F(RevokeApiTokenTest, IsRefusedForATokenThatWasRevokedBefore) {
  given_a_token();
  given(api_token::stream(token), api_token::Revoked{});
  when(revoke());
  then_refused(Reason::not_found);
}

}  // namespace
}  // namespace tenure::testing
