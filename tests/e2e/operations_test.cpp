// Operations: waiting, failing, cancelling, trying again.
#include <algorithm>

#include "tests/e2e/served.h"
#include "tests/support/eventually.h"

namespace tenure::test {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;

class Operations : public Served {};
class OperationsThatFail : public FailsSoon {};
class OperationsThatHang : public StaysProvisioning {
 protected:
  // A new workspace whose steps have failed once and wait for a time that does not come soon.
  Reply hanging_workspace() {
    auto made = create_workspace("Acme");
    EXPECT_TRUE(eventually([&] {
      const auto steps = api_.get("/v1/operations/" + text(made, "operation_id")).json.at("steps").as_array();
      return std::ranges::all_of(texts(steps, "attempts"),
                                 [](const auto& attempts) { return attempts == "1"; });
    }));
    return made;
  }
};

std::string ended(ApiClient& api, const std::string& operation) {
  const auto reply = api.post("/v1/operations/" + operation + ":wait?timeout=30");
  EXPECT_EQ(text(reply, "done"), "true") << reply.body;
  return text(reply, "state");
}

TEST_F(Operations, AreListedByWorkspaceButNotAmongThoseThatEveryClientKnows) {
  const auto id = settled_workspace();
  const auto rows = api_.get("/v1/workspaces/" + id + "/operations").rows();
  EXPECT_THAT(texts(rows, "type"), ElementsAre("workspace.provision"));
  EXPECT_EQ(api_.get("/v1/workspaces/" + id + "/operations?state=FAILED").rows().size(), 0U);
  EXPECT_EQ(
      api_.get("/v1/workspaces/" + id + "/operations?type=workspace.provision&state=SUCCEEDED").rows().size(),
      1U);
  EXPECT_EQ(api_.get("/v1/operations").rows().size(), 0U);
  EXPECT_EQ(api_.get("/v1/operations?owner_type=workspace&owner_id=" + id).rows().size(), 0U);
  EXPECT_TRUE(is_refused(api_.get("/v1/operations?owner_type=workspace"), 422, "validation_failed"));
  EXPECT_EQ(api_.get("/v1/operations?owner_id=" + id).status, 200);
}

TEST_F(Operations, AnEndedOneCannotBeCancelledAndASucceededOneNotRetried) {
  const auto id = settled_workspace();
  const auto operation = "/v1/operations/" + text(api_.get("/v1/workspaces/" + id), "operation_id");
  const auto before = api_.get(operation).body;
  EXPECT_TRUE(is_refused(api_.post(operation + ":cancel"), 422, "operation_ended"));
  EXPECT_TRUE(is_refused(api_.post(operation + ":retry"), 409, "operation_not_failed"));
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces/" + id + "/environments/dev:retry"), 409,
                         "environment_not_failed"));
  EXPECT_EQ(api_.get(operation).body, before);
}

TEST_F(OperationsThatHang, AWaitEndsWithItsTimeAndSaysWhatGoesOn) {
  const auto made = create_workspace("Acme");
  const auto operation = "/v1/operations/" + text(made, "operation_id");
  const auto start = std::chrono::steady_clock::now();
  const auto waited = api_.post(operation + ":wait?timeout=1");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(waited.status, 200);
  EXPECT_EQ(text(waited, "state"), "RUNNING");
  EXPECT_GE(took, std::chrono::milliseconds(900));
  EXPECT_LT(took, std::chrono::seconds(10));
  ASSERT_TRUE(eventually([&] { return text(api_.get(operation), "last_error") != "null"; }));
  const auto running = api_.get(operation);
  EXPECT_THAT(texts(running.json.at("steps").as_array(), "attempts"), Contains("1"));
  for (const auto* timeout : {"0", "61", "x"}) {
    EXPECT_TRUE(is_refused(api_.post(operation + ":wait?timeout=" + timeout), 422, "validation_failed"))
        << timeout;
  }
}

TEST_F(OperationsThatHang, ACancelUndoesAndEndsThem) {
  const auto made = hanging_workspace();
  const auto operation = text(made, "operation_id");
  clear_the_way();
  EXPECT_EQ(api_.post("/v1/operations/" + operation + ":cancel").status, 202);
  EXPECT_EQ(ended(api_, operation), "CANCELLED");
  const auto environments = api_.get("/v1/workspaces/" + text(made, "id") + "/environments").rows();
  EXPECT_THAT(texts(environments, "status"), Each("deprovisioned"));
  EXPECT_TRUE(is_refused(api_.post("/v1/operations/" + operation + ":cancel"), 422, "operation_ended"));
}

TEST_F(OperationsThatFail, AFailureSaysWhyAndARetryIsANewOperationOfTheFailedOne) {
  const auto made = create_workspace("Acme");
  const auto failed = text(made, "operation_id");
  ASSERT_EQ(ended(api_, failed), "FAILED");
  const auto id = text(made, "id");
  const auto environments = [&] { return api_.get("/v1/workspaces/" + id + "/environments").rows(); };
  EXPECT_THAT(texts(environments(), "status"), Each("failed"));
  EXPECT_THAT(texts(environments(), "attempts"), Each("2"));
  EXPECT_THAT(texts(environments(), "last_error"), Each(testing::Ne("null")));
  const auto operation = api_.get("/v1/operations/" + failed);
  EXPECT_NE(text(operation, "error.message"), "(absent)");
  EXPECT_THAT(texts(operation.json.at("steps").as_array(), "status"), Each("failed"));

  clear_the_way();
  const auto retried = api_.post("/v1/operations/" + failed + ":retry");
  ASSERT_EQ(retried.status, 202) << retried.body;
  EXPECT_NE(text(retried, "id"), failed);
  EXPECT_EQ(text(retried, "parent_operation_id"), failed);
  EXPECT_EQ(ended(api_, text(retried, "id")), "SUCCEEDED");
  EXPECT_THAT(texts(environments(), "status"), Each("active"));
  EXPECT_EQ(api_.get("/v1/operations/" + failed).body, operation.body) << "an ended operation never changes";
}

TEST_F(OperationsThatFail, OneEnvironmentThatFailsLeavesTheOthersAndCanBeRetriedAlone) {
  const auto made = create_workspace("Acme");
  const auto id = text(made, "id");
  const auto failed = text(made, "operation_id");
  ASSERT_EQ(ended(api_, failed), "FAILED");
  // Now only prod's place is taken.
  clear_the_way();
  const auto place = dir_ / "data" / "environments" / id;
  std::filesystem::create_directories(place);
  write_file(place / "prod", "in the way");
  EXPECT_EQ(ended(api_, text(api_.post("/v1/operations/" + failed + ":retry"), "id")), "FAILED");
  const auto status = [&] {
    return texts(api_.get("/v1/workspaces/" + id + "/environments").rows(), "status");
  };
  EXPECT_THAT(status(), ElementsAre("active", "active", "failed"));

  std::filesystem::remove(place / "prod");
  const auto alone = api_.post("/v1/workspaces/" + id + "/environments/prod:retry");
  ASSERT_EQ(alone.status, 202) << alone.body;
  EXPECT_EQ(text(alone, "type"), "environment.retry");
  EXPECT_EQ(ended(api_, text(alone, "id")), "SUCCEEDED");
  EXPECT_THAT(status(), Each("active"));
  EXPECT_EQ(text(api_.get("/v1/workspaces/" + id), "status"), "active");
  EXPECT_THAT(texts(feed(id), "action"), testing::IsSupersetOf({"environment.failed", "environment.retried",
                                                                "environment.provisioned"}));
}

TEST_F(OperationsThatHang, SurviveAKillAndGoOn) {
  const auto made = hanging_workspace();
  server_.kill9();
  clear_the_way();
  server_.start();
  connect_again();
  // The local log's process takes its operations over at once; the step's pause still has to pass, unless it
  // is retried by cancelling: that it can be reached and ended is what counts here.
  const auto operation = text(made, "operation_id");
  EXPECT_EQ(text(api_.get("/v1/operations/" + operation), "state"), "RUNNING");
  EXPECT_EQ(api_.post("/v1/operations/" + operation + ":cancel").status, 202);
  EXPECT_EQ(ended(api_, operation), "CANCELLED");
}

}  // namespace
}  // namespace tenure::test
