// API tokens: their form, their secret, what ends them, and what they may do.
#include <zlib.h>

#include <ctime>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Tokens : public Served {
 protected:
  void SetUp() override {
    workspace_ = settled_workspace();
    in_workspace_ = {{"Akua-Context", workspace_}};
  }
  Reply create(const std::string& body) { return api_.post("/v1/api_tokens", body, in_workspace_); }

  std::string workspace_;
  Headers in_workspace_;
};

constexpr std::string_view prefix = "sk_akua_";
constexpr std::string_view base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string checksum_of(std::string_view random_part) {
  auto crc =
      ::crc32(0, reinterpret_cast<const Bytef*>(random_part.data()), static_cast<uInt>(random_part.size()));
  std::string digits(6, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, crc /= 62) *digit = base62[crc % 62];
  return digits;
}

TEST_F(Tokens, HaveAPrefixAtLeast160RandomBitsAndAChecksum) {
  const auto token = text(create(R"({"name":"ci"})"), "token");
  ASSERT_THAT(token, MatchesRegex("sk_akua_[0-9A-Za-z]+"));
  const auto rest = std::string_view(token).substr(prefix.size());
  const auto random_part = rest.substr(0, rest.size() - 6);
  EXPECT_GE(random_part.size(), 27U);  // 27 × log2(62) > 160
  EXPECT_EQ(rest.substr(rest.size() - 6), checksum_of(random_part));
}

TEST_F(Tokens, ShowTheirSecretOnceAndNeverAgain) {
  const auto made = api_.post("/v1/api_tokens", R"({"name":"ci","role":"member"})",
                              {{"Akua-Context", workspace_}, {"Idempotency-Key", "once"}});
  EXPECT_EQ(made.header("cache-control"), "no-store");
  const auto secret = text(made, "token");
  const auto again = api_.post("/v1/api_tokens", R"({"name":"ci","role":"member"})",
                               {{"Akua-Context", workspace_}, {"Idempotency-Key", "once"}});
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  EXPECT_EQ(text(again, "id"), text(made, "id"));
  EXPECT_EQ(text(again, "token"), "");
  const auto list = api_.get("/v1/api_tokens", in_workspace_);
  ASSERT_EQ(list.rows().size(), 1U);
  EXPECT_EQ(text(list.rows().at(0), "name"), "ci");
  EXPECT_EQ(text(list.rows().at(0), "role"), "member");
  EXPECT_TRUE(secret.starts_with(text(list.rows().at(0), "prefix")));
  for (const auto* where : {"/audit", "/events"})
    EXPECT_THAT(api_.get("/v1/workspaces/" + workspace_ + where).body, Not(HasSubstr(secret))) << where;
}

TEST_F(Tokens, EndAtOnceWhenRevoked) {
  const auto made = create(R"({"name":"ci"})");
  auto robot = api_.as(text(made, "token"));
  EXPECT_EQ(robot.get("/v1/workspaces/" + workspace_).status, 200);
  EXPECT_EQ(api_.del("/v1/api_tokens/" + text(made, "id"), in_workspace_).status, 204);
  const auto refused = robot.get("/v1/workspaces/" + workspace_);
  EXPECT_TRUE(is_refused(refused, 401, "unauthenticated"));
  EXPECT_THAT(refused.header("www-authenticate"), HasSubstr("Bearer"));
  EXPECT_TRUE(is_refused(api_.del("/v1/api_tokens/" + text(made, "id"), in_workspace_), 404, "not_found"));
  EXPECT_EQ(api_.get("/v1/api_tokens", in_workspace_).rows().size(), 0U);
}

TEST_F(Tokens, AreRefusedWhenAnythingAboutThemIsWrong) {
  const auto secret = text(create(R"({"name":"ci"})"), "token");
  auto wrong_checksum = secret;
  wrong_checksum.back() = wrong_checksum.back() == '0' ? '1' : '0';
  const auto unknown_random = std::string(30, 'x');
  for (const auto& token :
       {wrong_checksum, secret + "0", secret.substr(0, secret.size() - 1), std::string("sk_akua_"),
        std::string(prefix) + unknown_random + checksum_of(unknown_random), std::string(32, 'a'),
        std::string("x")}) {
    EXPECT_TRUE(is_refused(api_.as(token).get("/v1/me"), 401, "unauthenticated")) << token;
  }
  for (const auto* header : {"Basic YTpi", "Bearer", "Bearer ", "bearer"}) {
    EXPECT_TRUE(is_refused(api_.as("").get("/v1/me", {{"Authorization", header}}), 401, "unauthenticated"))
        << header;
  }
}

TEST_F(Tokens, EndByThemselvesWhenTheirTimeHasCome) {
  const auto made = create(R"({"name":"ci","expires_at":)" + std::to_string(std::time(nullptr) + 2) + "}");
  ASSERT_EQ(made.status, 201) << made.body;
  auto robot = api_.as(text(made, "token"));
  EXPECT_EQ(robot.get("/v1/me").status, 200);
  EXPECT_TRUE(eventually([&] { return robot.get("/v1/me").status == 401; }));
  EXPECT_EQ(create(R"({"name":"ci","expires_at":null})").status, 201);
  EXPECT_TRUE(is_refused(create(R"({"name":"ci","expires_at":1})"), 422, "validation_failed"));
}

TEST_F(Tokens, SayWhenTheyWereUsedLast) {
  auto robot = with_token(workspace_);
  robot.get("/v1/me");
  EXPECT_TRUE(eventually([&] {
    return text(api_.get("/v1/api_tokens", in_workspace_).rows().at(0), "last_used_at") != "null";
  }));
  EXPECT_EQ(feed(workspace_, "action=token.*").size(), 1U) << "use is no event";
}

TEST_F(Tokens, ActWithinTheirRole) {
  auto member = with_token(workspace_, "member");
  auto admin = with_token(workspace_, "admin");
  const auto path = "/v1/workspaces/" + workspace_;
  EXPECT_EQ(member.get(path).status, 200);
  EXPECT_EQ(member.get(path + "/audit").status, 200);
  EXPECT_TRUE(is_refused(member.patch(path, R"({"name":"X"})"), 403, "permission_denied"));
  EXPECT_TRUE(is_refused(member.get("/v1/api_tokens"), 403, "permission_denied"));
  EXPECT_TRUE(is_refused(member.get(path + "/events"), 403, "permission_denied"));
  EXPECT_EQ(admin.patch(path, R"({"name":"X"})").status, 200);
  EXPECT_TRUE(is_refused(admin.post(path + ":freeze"), 403, "permission_denied"));
}

TEST_F(Tokens, AreNotAllowedWhereItIsAboutPeople) {
  auto robot = with_token(workspace_);
  for (const auto& [method, target] : {std::pair{"GET", "/v1/accounts"},
                                       {"GET", "/v1/auth/sessions"},
                                       {"DELETE", "/v1/auth/session"},
                                       {"GET", "/v1/accounts/acc_01h2xcejqtf2nbrexx3vqjhp41"}}) {
    EXPECT_TRUE(is_refused(robot.send(method, target), 403, "credential_not_allowed")) << method << target;
  }
  EXPECT_TRUE(is_refused(robot.get("/v1/auth/session"), 404, "not_found"));
  const auto me = robot.get("/v1/me");
  EXPECT_EQ(text(me, "id"), "null");
  EXPECT_EQ(text(me, "credential.kind"), "workspace_token");
  EXPECT_EQ(text(me, "credential.workspace_id"), workspace_);
  EXPECT_EQ(text(me, "credential.role"), "admin");
}

TEST_F(Tokens, SeeNothingOfAnotherWorkspace) {
  const auto other = settled_workspace("Other");
  auto robot = with_token(workspace_);
  EXPECT_EQ(texts(robot.get("/v1/workspaces").rows(), "id"), std::vector{workspace_});
  for (const auto* what : {"", "/environments", "/audit", "/events", "/operations", "/access_state"}) {
    EXPECT_TRUE(is_refused(robot.get("/v1/workspaces/" + other + what), 404, "not_found")) << what;
  }
  EXPECT_TRUE(is_refused(robot.patch("/v1/workspaces/" + other, R"({"name":"X"})"), 404, "not_found"));
  const auto operation = text(api_.get("/v1/workspaces/" + other), "operation_id");
  EXPECT_TRUE(is_refused(robot.get("/v1/operations/" + operation), 404, "not_found"));
  EXPECT_TRUE(is_refused(robot.post("/v1/operations/" + operation + ":cancel"), 404, "not_found"));
  const auto foreign = api_.post("/v1/api_tokens", R"({"name":"x"})", {{"Akua-Context", other}});
  EXPECT_TRUE(is_refused(robot.del("/v1/api_tokens/" + text(foreign, "id")), 404, "not_found"));
}

}  // namespace
}  // namespace tenure::test
