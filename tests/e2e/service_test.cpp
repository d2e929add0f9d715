// What operators and other programs ask of a node: health, metrics, the API's description, positions.
#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Service : public Served {};

TEST_F(Service, TellsThatItLivesAndIsReady) {
  auto anybody = api_.as("");
  EXPECT_EQ(anybody.get("/livez").status, 200);
  EXPECT_EQ(anybody.get("/readyz").status, 200);
  const auto verbose = anybody.get("/readyz?verbose");
  EXPECT_EQ(verbose.status, 200);
  EXPECT_GT(verbose.body.size(), anybody.get("/readyz").body.size());
}

TEST_F(Service, MetricsNameNoTenant) {
  const auto id = settled_workspace("Canary Ltd");
  const auto metrics = api_.as("").get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.body, HasSubstr("# TYPE "));
  for (const auto& secret : {id, std::string("Canary"), api_.token()})
    EXPECT_THAT(metrics.body, Not(HasSubstr(secret)));
}

TEST_F(Service, CountsEveryAnswerUnderItsRouteRefusalsToo) {
  api_.get("/v1/workspaces");
  api_.as("").get("/v1/workspaces");
  api_.get("/v1/workspaces?colour=red");
  api_.get("/v1/nowhere");
  const auto metrics = api_.as("").get("/metrics").body;
  for (const auto* line : {R"({method="GET",route="/v1/workspaces",status="2xx"} 1)",
                           R"({method="GET",route="/v1/workspaces",status="4xx"} 2)",
                           R"({method="",route="none",status="4xx"} 1)"})
    EXPECT_THAT(metrics, HasSubstr(std::string("tenure_http_requests_total") + line));
  EXPECT_THAT(metrics, HasSubstr("tenure_http_faults_total 0"));
}

TEST_F(Service, ShowsEveryReasonOfARefusal) {
  const auto document = api_.as("").get("/v1/openapi.json");
  std::map<std::string, std::string> statuses;
  for (const auto& reason : document.json.at("x-reasons").as_array())
    statuses[text(reason, "name")] = text(reason, "status");
  EXPECT_EQ(statuses.at("workspace_frozen"), "423");
  EXPECT_EQ(statuses.at("internal_error"), "500");
  EXPECT_THAT(api_.as("").get("/docs").body, HasSubstr("x-reasons"));
}

TEST_F(Service, DescribesEveryCallInOneOpenApiDocument) {
  const auto document = api_.as("").get("/v1/openapi.json");
  ASSERT_EQ(document.status, 200);
  EXPECT_THAT(text(document, "openapi"), testing::StartsWith("3.1"));
  const auto& paths = document.json.at("paths").as_object();
  for (const auto* path : {"/v1/workspaces", "/v1/workspaces/{workspace}:freeze", "/v1/api_tokens",
                           "/v1/operations/{operation}:wait", "/v1/me"}) {
    bool found = false;
    for (const auto& [name, value] : paths) found |= name == path || name == std::string_view(path).substr(3);
    EXPECT_TRUE(found) << path;
  }
  const auto docs = api_.as("").get("/docs");
  EXPECT_EQ(docs.status, 200);
  EXPECT_THAT(docs.header("content-type"), HasSubstr("text/html"));
}

TEST_F(Service, CompressesLargeAnswersForThoseWhoWantIt) {
  EXPECT_EQ(api_.as("").get("/v1/openapi.json", {{"Accept-Encoding", "gzip"}}).header("content-encoding"),
            "gzip");
  EXPECT_EQ(api_.as("").get("/v1/openapi.json").header("content-encoding"), "");
  EXPECT_EQ(api_.get("/livez", {{"Accept-Encoding", "gzip"}}).header("content-encoding"), "");
}

TEST_F(Service, WaitsForAPositionAndRefusesOneThatDoesNotCome) {
  const auto made = create_workspace("Acme");
  const auto position = made.header("tenure-position");
  EXPECT_EQ(api_.get("/v1/workspaces/" + text(made, "id"), {{"Tenure-Min-Position", position}}).status, 200);
  EXPECT_EQ(api_.post("/v1/workspaces", R"({"name":"B"})", {{"Tenure-Min-Position", position}}).status, 201);
  for (const auto* malformed : {"", "x", "-1", "1-", "99999-1", "1-2-3"}) {
    EXPECT_TRUE(is_refused(api_.get("/v1/me", {{"Tenure-Min-Position", malformed}}), 400, "invalid_position"))
        << malformed;
  }
  // Before authentication: a credential is not even looked at.
  EXPECT_TRUE(is_refused(api_.as("").get("/v1/me", {{"Tenure-Min-Position", "x"}}), 400, "invalid_position"));
  // Far ahead of anything written: an offset that is not 0, made longer.
  const auto later =
      api_.patch("/v1/workspaces/" + text(made, "id"), R"({"name":"C"})").header("tenure-position");
  ASSERT_FALSE(later.ends_with("-0"));
  const auto ahead = later + "0000000";
  const auto start = std::chrono::steady_clock::now();
  const auto refused = api_.get("/v1/me", {{"Tenure-Min-Position", ahead}});
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(is_refused(refused, 503, "position_not_reached"));
  EXPECT_NE(refused.header("retry-after"), "");
  EXPECT_LT(took, std::chrono::seconds(10));
}

TEST_F(Service, AnIfMatchFromTheFutureWaitsAndAnOlderOneIsRefusedAtOnce) {
  const auto id = settled_workspace();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(api_.patch("/v1/workspaces/" + id, R"({"name":"X"})", {{"If-Match", "\"0\""}}).status, 412);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace tenure::test
