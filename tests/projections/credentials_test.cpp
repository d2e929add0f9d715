// The views of sessions and API tokens, and the look-up of credentials that they keep.
#include "projections/credentials.h"

#include "projections/api_tokens.h"
#include "projections/sessions.h"
#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

std::string digest_of(std::string_view token) { return std::string(crypto::view(crypto::sha256(token))); }
std::string hex_of(std::string_view token) { return crypto::to_hex(crypto::sha256(token)); }

class SessionsViewTest : public ViewTest {
 protected:
  void start(std::uint8_t number, std::string_view token) {
    happened_to(number, session::Started{.id = numbered<SessionId>(number),
                                         .user = user,
                                         .personal_account = account,
                                         .hash = hex_of(token),
                                         .expires_at = now + session::lifetime});
  }
  void happened_to(std::uint8_t number, const Event& event) {
    happened(user.str(), {{session::stream(numbered<SessionId>(number)), {event}}});
  }
  [[nodiscard]] std::vector<std::string> list(std::size_t limit = 100) const {
    const auto rows =
        walk(limit, [&](const PageRequest& page) { return sessions::list(store(), user, page); });
    return column(rows, "id");
  }
};

TEST_F(SessionsViewTest, ARowIsTheSessionReadyToSend) {
  start(1, "token");
  const auto row = sessions::find(store(), user, numbered<SessionId>(1)).value();
  EXPECT_EQ(row.version, 1U);
  EXPECT_EQ(row.json, "{\"id\":\"" + numbered<SessionId>(1).str() + "\",\"user_id\":\"" + user.str() +
                          R"(","created_at":1700000000,"expires_at":1731536000,"etag":"1"})");
}

TEST_F(SessionsViewTest, ListsOldestFirstInPagesOfEverySize) {
  for (const std::uint8_t number : {1, 2, 3}) start(number, "token " + std::to_string(number));
  const std::vector<std::string> all{numbered<SessionId>(1).str(), numbered<SessionId>(2).str(),
                                     numbered<SessionId>(3).str()};
  for (const std::size_t limit : {1U, 2U, 3U, 4U}) EXPECT_EQ(list(limit), all) << limit;
  EXPECT_TRUE(sessions::list(store(), numbered<UserId>(9), {.limit = 10, .after = {}}).rows.empty());
}

TEST_F(SessionsViewTest, FindsTheHolderByTheHashOfTheToken) {
  start(1, "token");
  const auto holder = credentials::find(store(), digest_of("token"));
  ASSERT_TRUE(holder.session);
  EXPECT_FALSE(holder.token);
  EXPECT_EQ(holder.session->session, numbered<SessionId>(1));
  EXPECT_EQ(holder.session->user, user);
  EXPECT_EQ(holder.session->personal_account, account);
  EXPECT_EQ(holder.session->extended_at, now);
  EXPECT_EQ(holder.session->expires_at, now + session::lifetime);
  EXPECT_FALSE(credentials::find(store(), digest_of("another token")).session);
}

TEST_F(SessionsViewTest, AnExtensionMovesTheRowAndTheHolder) {
  start(1, "token");
  now += std::chrono::days(2);
  happened_to(1, session::Extended{.expires_at = now + session::lifetime});
  EXPECT_EQ(credentials::find(store(), digest_of("token")).session->expires_at, now + session::lifetime);
  EXPECT_EQ(credentials::find(store(), digest_of("token")).session->extended_at, now);
  EXPECT_EQ(object(sessions::find(store(), user, numbered<SessionId>(1))->json).at("expires_at"),
            to_unix_seconds(now + session::lifetime));
}

TEST_F(SessionsViewTest, AnEndedSessionIsGoneFromTheListAndAsACredential) {
  start(1, "token");
  start(2, "other");
  happened_to(1, session::Ended{});
  EXPECT_EQ(list(), std::vector<std::string>{numbered<SessionId>(2).str()});
  EXPECT_FALSE(sessions::find(store(), user, numbered<SessionId>(1)));
  EXPECT_FALSE(credentials::find(store(), digest_of("token")).session);
  EXPECT_TRUE(credentials::find(store(), digest_of("other")).session);
}

class ApiTokensViewTest : public ViewTest {
 protected:
  void create(std::uint8_t number, std::string_view token, std::optional<Timestamp> expires_at = {}) {
    happened_to(number, api_token::Created{.id = numbered<TokenId>(number),
                                           .workspace = workspace_,
                                           .name = "ci",
                                           .role = api_token::Role::admin,
                                           .prefix = "sk_akua_abc",
                                           .hash = hex_of(token),
                                           .expires_at = expires_at});
  }
  void happened_to(std::uint8_t number, const Event& event) {
    happened(workspace_.str(), {{api_token::stream(numbered<TokenId>(number)), {event}}});
  }
  [[nodiscard]] std::vector<std::string> rows(std::size_t limit = 100) const {
    return walk(limit, [&](const PageRequest& page) { return api_tokens::list(store(), workspace_, page); });
  }

  const WorkspaceId workspace_ = numbered<WorkspaceId>(4);
};

TEST_F(ApiTokensViewTest, ARowIsTheTokenOnceItsLastUseIsAdded) {
  create(1, "token", now + std::chrono::hours(1));
  const auto begin = "{\"id\":\"" + numbered<TokenId>(1).str() + "\",\"workspace_id\":\"" + workspace_.str() +
                     R"(","name":"ci","role":"admin","prefix":"sk_akua_abc","created_at":1700000000,)"
                     R"("expires_at":1700003600,"last_used_at":)";
  const auto row = rows().front();
  EXPECT_EQ(api_tokens::finish(row, std::nullopt), begin + "null}");
  EXPECT_EQ(api_tokens::finish(row, now), begin + "1700000000}");
  EXPECT_EQ(api_tokens::id_of_row(row), numbered<TokenId>(1));
}

TEST_F(ApiTokensViewTest, ATokenThatDoesNotExpireSaysSo) {
  create(1, "token");
  EXPECT_TRUE(object(api_tokens::finish(rows().front(), std::nullopt)).at("expires_at").is_null());
  EXPECT_FALSE(credentials::find(store(), digest_of("token")).token->expires_at);
}

TEST_F(ApiTokensViewTest, TheKeptAnswerOfTheCreationHasNoToken) {
  next_commit.answer = {Success::created, AnswerKind::created_api_token,
                        api_token::stream(numbered<TokenId>(1))};
  const auto answer = happened(workspace_.str(), {{api_token::stream(numbered<TokenId>(1)),
                                                   {api_token::Created{.id = numbered<TokenId>(1),
                                                                       .workspace = workspace_,
                                                                       .name = "ci",
                                                                       .role = api_token::Role::member,
                                                                       .prefix = "sk_akua_abc",
                                                                       .hash = hex_of("token"),
                                                                       .expires_at = std::nullopt}}}});
  EXPECT_EQ(answer.body, "{\"id\":\"" + numbered<TokenId>(1).str() + "\",\"workspace_id\":\"" +
                             workspace_.str() + R"(","name":"ci","token":""})");
}

TEST_F(ApiTokensViewTest, FindsTheHolderByTheHashOfTheToken) {
  create(1, "token", now + std::chrono::hours(1));
  const auto holder = credentials::find(store(), digest_of("token"));
  ASSERT_TRUE(holder.token);
  EXPECT_FALSE(holder.session);
  EXPECT_EQ(holder.token->token, numbered<TokenId>(1));
  EXPECT_EQ(holder.token->workspace, workspace_);
  EXPECT_EQ(holder.token->role, api_token::Role::admin);
  EXPECT_EQ(holder.token->expires_at, now + std::chrono::hours(1));
  EXPECT_EQ(holder.token->name, "ci");
}

TEST_F(ApiTokensViewTest, ListsOldestFirstInPagesOfEverySize) {
  for (const std::uint8_t number : {1, 2, 3}) create(number, "token " + std::to_string(number));
  for (const std::size_t limit : {1U, 2U, 3U, 4U}) {
    const auto found = rows(limit);
    ASSERT_EQ(found.size(), 3U);
    for (std::uint8_t i = 0; i < 3; ++i) {
      EXPECT_EQ(api_tokens::id_of_row(found[i]), numbered<TokenId>(static_cast<std::uint8_t>(i + 1)));
    }
  }
}

TEST_F(ApiTokensViewTest, ARevokedTokenIsGoneFromTheListAndAsACredential) {
  create(1, "token");
  EXPECT_TRUE(api_tokens::exists(store(), workspace_, numbered<TokenId>(1)));
  happened_to(1, api_token::Revoked{});
  EXPECT_TRUE(rows().empty());
  EXPECT_FALSE(api_tokens::exists(store(), workspace_, numbered<TokenId>(1)));
  EXPECT_FALSE(credentials::find(store(), digest_of("token")).token);
}

TEST_F(ApiTokensViewTest, NoCopyOfAnEventHasTheHash) {
  create(1, "token");
  happened_to(1, api_token::Revoked{});
  auto scan = store().scan("");
  for (scan.to_first(); scan.valid(); scan.next()) {
    for (const auto& secret : {hex_of("token"), digest_of("token")}) {
      EXPECT_EQ(scan.value().find(secret), std::string_view::npos);
      EXPECT_EQ(scan.key().find(secret), std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace tenure::testing
