#include "tests/support/api_token_spec.h"

namespace tenure::testing {
namespace {

using CreateApiTokenTest = SpecTest<ApiTokenSpec>;

TEST_F(CreateApiTokenTest, MakesATokenAndCountsIt) {
  given_an_active_workspace();
  auto command = create();
  command.role = api_token::Role::admin;
  command.expires_at = now + std::chrono::hours(1);
  when(command);
  then({{api_token::stream(token),
         {api_token::Created{.id = token,
                             .workspace = workspace,
                             .name = "ci",
                             .role = api_token::Role::admin,
                             .prefix = "sk_akua_abc",
                             .hash = std::string(64, 'b'),
                             .expires_at = now + std::chrono::hours(1)}}},
        {api_token::usage_stream(workspace), {api_token::Counted{}}}});
  answers(Success::created, AnswerKind::created_api_token, api_token::stream(token));
  audits({"api_token " + token.str() + " ci"}, {"name: - -> ci", "role: - -> admin"});
}

TEST_F(CreateApiTokenTest, IsRefusedWhenItWouldHaveExpiredAlready) {
  given_an_active_workspace();
  auto command = create();
  command.expires_at = now;
  when(command);
  then_refused(Reason::validation_failed);
  EXPECT_EQ(rejection().fields.at(0).path, (std::vector<std::string>{"body", "expires_at"}));
  command.expires_at = now + Duration(1);
  when(command);
  EXPECT_FALSE(was_refused());
}

TEST_F(CreateApiTokenTest, IsRefusedWhenTheWorkspaceHasAllThatItMayHave) {
  policy.tokens_per_workspace_max = 1;
  given_a_token();
  auto command = create();
  command.token = id<TokenId>(2);
  when(command);
  then_refused(Reason::quota_exceeded);
  EXPECT_EQ(rejection().metadata, (std::map<std::string, std::string>{{"limit", "1"}, {"usage", "1"}}));
}

TEST_F(CreateApiTokenTest, ARevokedTokenMakesRoomForAnother) {
  policy.tokens_per_workspace_max = 1;
  given_a_token();
  when(revoke());
  happens();
  auto command = create();
  command.token = id<TokenId>(2);
  when(command);
  EXPECT_FALSE(was_refused());
}

TEST_F(CreateApiTokenTest, ATokenThatIsThereAlreadyIsNotMadeASecondTime) {
  policy.tokens_per_workspace_max = 1;
  given_a_token();
  when(create());
  then_nothing();
  answers(Success::created, AnswerKind::created_api_token, api_token::stream(token));
}

}  // namespace
}  // namespace tenure::testing
