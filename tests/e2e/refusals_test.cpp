// Bad requests: which status, which reason, and in which order.
#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

class Refusals : public Served {};

constexpr auto nowhere = "ws_01h2xcejqtf2nbrexx3vqjhp41";

TEST_F(Refusals, ComeInTheirOrder) {
  const auto id = settled_workspace("Acme");
  settled_workspace("Taken");
  auto member = with_token(id, "member");
  const auto path = "/v1/workspaces/" + id;
  const auto bad = R"({"nmae":1})";
  const auto clash = R"({"slug":"taken"})";
  const Headers stale{{"If-Match", "\"0\""}};

  EXPECT_TRUE(is_refused(api_.patch(path, clash), 409, "slug_taken"));
  EXPECT_TRUE(is_refused(api_.patch(path, clash, stale), 412, "etag_mismatch"));
  api_.post(path + ":freeze");
  EXPECT_TRUE(is_refused(api_.patch(path, clash, stale), 423, "workspace_frozen"));
  EXPECT_TRUE(is_refused(api_.patch(path, bad, stale), 422, "validation_failed"));
  EXPECT_TRUE(is_refused(api_.patch(path, "{", stale), 400, "malformed_json"));
  EXPECT_TRUE(is_refused(member.patch(path, "{", stale), 403, "permission_denied"));
  EXPECT_TRUE(is_refused(api_.patch(std::string("/v1/workspaces/") + nowhere, "{", stale), 404, "not_found"));
  EXPECT_TRUE(is_refused(api_.as("").patch(path, "{", stale), 401, "unauthenticated"));
}

TEST_F(Refusals, OfWhatIsNotThereComeBeforeThoseOfTheRequest) {
  const auto id = settled_workspace();
  auto robot = with_token(id);
  const Headers context{{"Akua-Context", id}};
  const auto bad = R"({"no":1})";
  EXPECT_TRUE(is_refused(api_.get("/v1/accounts/acc_01h2xcejqtf2nbrexx3vqjhp41?x=1"), 404, "not_found"));
  EXPECT_TRUE(is_refused(robot.get("/v1/auth/session?x=1"), 404, "not_found"));
  EXPECT_TRUE(is_refused(api_.send("DELETE", "/v1/api_tokens/tok_01h2xcejqtf2nbrexx3vqjhp41", bad, context),
                         404, "not_found"));
  EXPECT_TRUE(is_refused(api_.send("DELETE", "/v1/auth/sessions/nonsense", bad), 404, "not_found"));
  EXPECT_TRUE(
      is_refused(api_.post("/v1/workspaces/" + id + "/environments/nope:retry", bad), 404, "not_found"));
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces/" + id + "/environments/dev:retry", bad), 422,
                         "validation_failed"));
}

TEST_F(Refusals, OfHeadersAreTheSameForEveryWrite) {
  const auto operation = text(create_workspace("Acme"), "operation_id");
  for (const auto& header : {Headers{{"Idempotency-Key", "\"open"}}, Headers{{"If-Match", "\"open"}}})
    EXPECT_TRUE(
        is_refused(api_.post("/v1/operations/" + operation + ":wait", "{}", header), 400, "invalid_header"));
}

TEST_F(Refusals, NameTheBadFieldsOfQueryAndBodyTogether) {
  const auto refused = api_.post("/v1/workspaces?x=1", R"({"nmae":"A"})");
  EXPECT_TRUE(is_refused(refused, 422, "validation_failed"));
  std::vector<std::string> paths;
  for (const auto& error : refused.json.at("errors").as_array())
    paths.push_back(json::dump(error.at("path")));
  EXPECT_THAT(paths, UnorderedElementsAre(R"(["query","x"])", R"(["body","nmae"])", R"(["body","name"])"));
}

TEST_F(Refusals, OfABodyTellMalformedFromInvalid) {
  struct Case {
    const char* about;
    std::string body;
    int status;
    const char* reason;
  };
  const auto deep = R"({"name":)" + std::string(100, '[') + std::string(100, ']') + "}";
  const auto cases = std::to_array<Case>({
      {"not JSON", "{", 400, "malformed_json"},
      {"more behind it", R"({"name":"A"} x)", 400, "malformed_json"},
      {"a trailing comma", R"({"name":"A",})", 400, "malformed_json"},
      {"a repeated member", R"({"name":"A","name":"B"})", 400, "malformed_json"},
      {"no UTF-8", "{\"name\":\"\xff\"}", 400, "malformed_json"},
      {"half a surrogate pair", R"({"name":"\ud800"})", 400, "malformed_json"},
      {"too deep", deep, 400, "malformed_json"},
      {"no object", R"(["name"])", 400, "malformed_json"},
      {"no name", "{}", 422, "validation_failed"},
      {"a name of another type", R"({"name":7})", 422, "validation_failed"},
      {"null", R"({"name":null})", 422, "validation_failed"},
      {"no characters", R"({"name":""})", 422, "validation_failed"},
      {"too many", R"({"name":")" + std::string(101, 'x') + R"("})", 422, "validation_failed"},
      {"a control character", R"({"name":"a\u0007b"})", 422, "validation_failed"},
      {"one of the second block", R"({"name":"a\u0085b"})", 422, "validation_failed"},
      {"an unknown kind", R"({"name":"A","tenancy_model":"none"})", 422, "validation_failed"},
  });
  for (const auto& test : cases) {
    EXPECT_TRUE(is_refused(api_.post("/v1/workspaces", test.body), test.status, test.reason)) << test.about;
  }
  EXPECT_EQ(api_.get("/v1/workspaces").rows().size(), 0U);
}

TEST_F(Refusals, CountCharactersAndNotBytes) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "é";
  EXPECT_EQ(create_workspace(name).status, 201);
}

TEST_F(Refusals, NameEveryBadFieldAndTheNearestKnownOne) {
  const auto refused = api_.post("/v1/workspaces", R"({"nmae":"A","slug":"X","tenancy_model":3})");
  EXPECT_TRUE(is_refused(refused, 422, "validation_failed"));
  std::vector<std::string> paths;
  for (const auto& error : refused.json.at("errors").as_array())
    paths.push_back(json::dump(error.at("path")));
  EXPECT_THAT(paths, UnorderedElementsAre(R"(["body","nmae"])", R"(["body","name"])", R"(["body","slug"])",
                                          R"(["body","tenancy_model"])"));
  for (const auto& error : refused.json.at("errors").as_array()) {
    if (json::dump(error.at("path")) == R"(["body","nmae"])") {
      EXPECT_THAT(text(error, "message"), HasSubstr("name"));
    }
  }
}

TEST_F(Refusals, OfAnAbsentBodyAreThoseOfAnEmptyObject) {
  EXPECT_TRUE(is_refused(api_.send("POST", "/v1/workspaces"), 422, "validation_failed"));
  const auto id = settled_workspace();
  EXPECT_EQ(api_.send("POST", "/v1/workspaces/" + id + ":freeze").status, 200);
  EXPECT_EQ(api_.send("PATCH", "/v1/workspaces/" + id).status, 423);
}

TEST_F(Refusals, OfMediaTypesAndSizes) {
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces", R"({"name":"A"})", {{"Content-Type", "text/plain"}}),
                         415, "unsupported_media_type"));
  EXPECT_EQ(
      api_.post("/v1/workspaces", R"({"name":"A"})", {{"Content-Type", "application/json; charset=utf-8"}})
          .status,
      201);
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces", R"({"name":")" + std::string(2 << 20, 'x') + R"("})"),
                         413, "body_too_large"));
}

TEST_F(Refusals, OfMethodsSayWhichOnesThereAre) {
  const auto refused = api_.send("PUT", "/v1/workspaces");
  EXPECT_TRUE(is_refused(refused, 405, "method_not_allowed"));
  for (const auto* method : {"GET", "HEAD", "POST", "OPTIONS"})
    EXPECT_THAT(refused.header("allow"), HasSubstr(method));
  const auto options = api_.send("OPTIONS", "/v1/workspaces");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), refused.header("allow"));
  const auto id = settled_workspace();
  EXPECT_TRUE(is_refused(api_.get("/v1/workspaces/" + id + ":freeze"), 405, "method_not_allowed"));
  EXPECT_THAT(api_.send("OPTIONS", "/v1/workspaces/" + id + ":freeze").header("allow"), HasSubstr("POST"));
}

TEST_F(Refusals, HeadAnswersAsGetDoesWithoutTheBody) {
  const auto id = settled_workspace();
  const auto get = api_.get("/v1/workspaces/" + id);
  const auto head = api_.send("HEAD", "/v1/workspaces/" + id);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("etag"), get.header("etag"));
  EXPECT_EQ(head.header("content-length"), std::to_string(get.body.size()));
  EXPECT_EQ(api_.send("HEAD", std::string("/v1/workspaces/") + nowhere).status, 404);
}

TEST_F(Refusals, OfWhatIsNotThere) {
  const auto id = settled_workspace();
  for (const auto& target : {std::string("/v1/workspaces/") + nowhere, std::string("/v1/workspaces/nonsense"),
                             "/v1/workspaces/" + id + "/nothing", "/v1/workspaces/" + id + "/",
                             std::string("/v1/nothing"), std::string("/v1/operations/op_x"),
                             "/v1/workspaces/" + id.substr(0, id.size() - 1), "/v1/workspaces/" + id + "0"}) {
    EXPECT_TRUE(is_refused(api_.get(target), 404, "not_found")) << target;
  }
  for (const auto& target :
       {"/v1/workspaces/" + id + ":melt", "/v1/workspaces/" + id + "/environments/qa:retry",
        std::string("/v1/workspaces/") + nowhere + ":freeze"}) {
    EXPECT_TRUE(is_refused(api_.post(target), 404, "not_found")) << target;
  }
}

TEST_F(Refusals, PathSegmentsAreSplitFirstAndDecodedThen) {
  const auto id = settled_workspace();
  EXPECT_EQ(api_.post("/v1/workspaces/" + id + "%3Afreeze").status, 200);
  EXPECT_EQ(api_.post("/v1/workspaces/" + id + "%3aunfreeze").status, 200);
  EXPECT_EQ(api_.get("/v1/workspaces/ws%5F" + id.substr(3)).status, 200);
  EXPECT_TRUE(is_refused(api_.get("/v1/workspaces%2F" + id), 404, "not_found"));
  const auto broken = api_.get("/v1/workspaces/%zz");
  EXPECT_TRUE(broken.status == 400 || broken.status == 404) << broken.body;
}

TEST_F(Refusals, CarryTheRequestIdThatTheClientChose) {
  const auto refused = api_.get("/v1/nothing", {{"X-Request-Id", "chosen-1"}});
  EXPECT_EQ(refused.header("x-request-id"), "chosen-1");
  EXPECT_EQ(text(refused, "request_id"), "chosen-1");
}

}  // namespace
}  // namespace tenure::test
