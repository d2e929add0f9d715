// Which workspace a call is about: the header Akua-Context against what the credential implies.
#include <algorithm>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

class Context : public Served {};

TEST_F(Context, FollowsTheTableOfCredentialsAndHeaders) {
  const auto own = settled_workspace("Own");
  const auto other = settled_workspace("Other");
  auto robot = with_token(own);
  struct Case {
    const char* about;
    ApiClient& client;
    std::string target, context;  // no context: no header
    int status;
    const char* reason;
  };
  const std::string tokens = "/v1/api_tokens";
  const auto cases = std::to_array<Case>({
      {"token, absent", robot, tokens, "", 200, ""},
      {"token, its own", robot, tokens, own, 200, ""},
      {"token, another", robot, tokens, other, 403, "context_mismatch"},
      {"token, all", robot, tokens, "*", 403, "context_mismatch"},
      {"broad, readable", api_, tokens, own, 200, ""},
      {"broad, path agrees", api_, "/v1/workspaces/" + own + "/audit", own, 200, ""},
      {"broad, path names another", api_, "/v1/workspaces/" + own + "/audit", other, 403, "context_mismatch"},
      {"broad, absent", api_, tokens, "", 403, "context_required"},
      {"broad, unknown", api_, tokens, "ws_01h2xcejqtf2nbrexx3vqjhp41", 403, "context_forbidden"},
      {"broad, malformed", api_, tokens, "nonsense", 403, "context_forbidden"},
      {"broad, the id of something else", api_, tokens, "acc_01h2xcejqtf2nbrexx3vqjhp41", 403,
       "context_forbidden"},
      {"operations need none", api_, "/v1/operations", "", 200, ""},
  });
  for (const auto& test : cases) {
    const auto reply = test.client.get(
        test.target, test.context.empty() ? Headers{} : Headers{{"Akua-Context", test.context}});
    EXPECT_EQ(reply.status, test.status) << test.about << ": " << reply.body;
    if (test.status != 200) {
      EXPECT_EQ(text(reply, "reason"), test.reason) << test.about;
    }
  }
}

TEST_F(Context, AllWorkspacesAreListedOneAfterTheOtherInPagesOfEverySize) {
  std::vector<std::string> made;
  for (const auto* name : {"One", "None", "Two", "Three"}) {
    const auto workspace = settled_workspace(name);
    if (std::string_view(name) == "None") continue;
    std::vector<std::string> own;
    for (int i = 0; i < 3; ++i) {
      own.push_back(
          text(api_.post("/v1/api_tokens", R"({"name":"robot"})", {{"Akua-Context", workspace}}), "id"));
    }
    std::ranges::sort(own);  // those of the same millisecond come in any order
    made.insert(made.end(), own.begin(), own.end());
  }
  const Headers all{{"Akua-Context", "*"}};
  for (const int limit : {1, 2, 3, 4, 8, 9, 10})
    EXPECT_EQ(texts(api_.walk("/v1/api_tokens", limit, all), "id"), made) << limit;
  EXPECT_EQ(text(api_.get("/v1/api_tokens?limit=9", all), "has_more"), "false");
  EXPECT_EQ(api_.get("/v1/operations", all).status, 200);
  EXPECT_TRUE(is_refused(api_.post("/v1/api_tokens", R"({"name":"robot"})", all), 403, "context_forbidden"));
  EXPECT_TRUE(is_refused(api_.get("/v1/workspaces", all), 403, "context_forbidden"));
}

TEST_F(Context, OfATokenMayBeNamedInThePathAsWell) {
  const auto own = settled_workspace("Own");
  const auto other = settled_workspace("Other");
  auto robot = with_token(own);
  EXPECT_EQ(robot.get("/v1/workspaces/" + own, {{"Akua-Context", own}}).status, 200);
  EXPECT_TRUE(
      is_refused(robot.get("/v1/workspaces/" + own, {{"Akua-Context", other}}), 403, "context_mismatch"));
}

}  // namespace
}  // namespace tenure::test
