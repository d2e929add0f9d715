#include "projections/operations.h"

#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

class OperationsViewTest : public ViewTest {
 protected:
  void start(std::uint8_t number, operation::Type type = operation::Type::workspace_provision,
             std::optional<OperationId> parent = {}) {
    happened_to(number, operation::Started{.id = numbered<OperationId>(number),
                                           .type = type,
                                           .workspace = workspace_,
                                           .parent = parent,
                                           .steps = {{"provision_dev", dev_}},
                                           .claim = {}});
  }
  void happened_to(std::uint8_t number, const Event& event) {
    happened(workspace_.str(), {{operation::stream(numbered<OperationId>(number)), {event}}});
  }
  [[nodiscard]] json::Object row(std::uint8_t number) const {
    return object(operations::find(store(), numbered<OperationId>(number)).value().json);
  }
  [[nodiscard]] std::vector<std::string> list(const operations::Filter& filter = {},
                                              std::size_t limit = 100) const {
    const auto rows = walk(
        limit, [&](const PageRequest& page) { return operations::list(store(), workspace_, filter, page); });
    return column(rows, "id");
  }
  [[nodiscard]] static std::vector<std::string> ids(const std::vector<std::uint8_t>& numbers) {
    std::vector<std::string> found;
    for (const auto number : numbers) found.push_back(numbered<OperationId>(number).str());
    return found;
  }

  const WorkspaceId workspace_ = numbered<WorkspaceId>(4);
  const EnvironmentId dev_ = numbered<EnvironmentId>(6);
};

TEST_F(OperationsViewTest, ARowIsTheOperationReadyToSendButForTheServersAddress) {
  start(5);
  const auto id = numbered<OperationId>(5).str();
  const auto found = operations::find(store(), numbered<OperationId>(5)).value();
  EXPECT_EQ(
      found.json,
      "{\"id\":\"" + id + R"(","type":"workspace.provision","workspace_id":")" + workspace_.str() +
          R"(","organization_id":null,"parent_operation_id":null,"owner_type":"workspace","owner_id":")" +
          workspace_.str() + R"(","html_url":"$public_url/operations/)" + id +
          R"(","state":"RUNNING","done":false,"stuck":false,)" +
          R"("metadata":{"type":"workspace.provision","workspace_id":")" + workspace_.str() +
          R"("},"response":null,"error":null,"last_error":null,"started_at":1700000000,"completed_at":null,)" +
          R"("created_at":1700000000,"updated_at":1700000000,"etag":"1","steps":[{"name":"provision_dev",)" +
          R"("status":"running","execution_type":"system","started_at":1700000000,"completed_at":null,)" +
          R"("error_message":null,"retryable":false,"skippable":false,"attempts":0,"next_attempt_at":null,)" +
          R"("last_error":null,"compensated":false}]})");
  EXPECT_EQ(found.workspace, workspace_);
  EXPECT_EQ(found.status, operation::Status::running);
  EXPECT_EQ(found.version, 1U);
}

TEST_F(OperationsViewTest, AFailedAttemptShowsInTheStepAndAsTheLastErrorUntilTheStepSucceeds) {
  start(5);
  happened_to(5,
              operation::StepAttemptFailed{
                  .environment = dev_, .error = "no room", .next_attempt_at = now + std::chrono::seconds(1)});
  auto step = row(5).at("steps").at(0);
  EXPECT_EQ(step.at("attempts"), 1);
  EXPECT_EQ(step.at("last_error"), "no room");
  EXPECT_EQ(step.at("next_attempt_at"), 1'700'000'001);
  EXPECT_TRUE(step.at("error_message").is_null());
  EXPECT_EQ(json::dump(row(5).at("last_error")), R"({"message":"no room","step_name":"provision_dev"})");
  now += std::chrono::seconds(3);
  happened_to(5, operation::StepCompleted{.environment = dev_});
  step = row(5).at("steps").at(0);
  EXPECT_EQ(step.at("status"), "completed");
  EXPECT_EQ(step.at("completed_at"), 1'700'000'003);
  EXPECT_EQ(step.at("attempts"), 2);
  EXPECT_TRUE(row(5).at("last_error").is_null());
}

TEST_F(OperationsViewTest, OneThatSucceededHasAResponse) {
  start(5);
  happened_to(5, operation::Succeeded{});
  EXPECT_EQ(row(5).at("state"), "SUCCEEDED");
  EXPECT_EQ(row(5).at("done"), true);
  EXPECT_EQ(row(5).at("response"), row(5).at("metadata"));
  EXPECT_EQ(row(5).at("completed_at"), 1'700'000'000);
  EXPECT_TRUE(row(5).at("error").is_null());
}

TEST_F(OperationsViewTest, OneThatFailedSaysWhyAndThatItsStepCanBeRetried) {
  start(5);
  happened_to(5, operation::StepFailed{.environment = dev_, .error = "no room"});
  happened_to(5, operation::Failed{.error = "provision_dev: no room"});
  EXPECT_EQ(row(5).at("state"), "FAILED");
  EXPECT_EQ(json::dump(row(5).at("error")), R"({"message":"provision_dev: no room"})");
  EXPECT_EQ(row(5).at("steps").at(0).at("status"), "failed");
  EXPECT_EQ(row(5).at("steps").at(0).at("error_message"), "no room");
  EXPECT_EQ(row(5).at("steps").at(0).at("retryable"), true);
}

TEST_F(OperationsViewTest, OneThatWasCancelledSaysSoAndWhatWasUndone) {
  start(5);
  happened_to(5, operation::CancelRequested{});
  EXPECT_EQ(row(5).at("state"), "RUNNING");
  happened_to(5, operation::StepCompensated{.environment = dev_});
  happened_to(5, operation::Cancelled{});
  EXPECT_EQ(row(5).at("state"), "CANCELLED");
  EXPECT_EQ(json::dump(row(5).at("error")), R"({"message":"cancelled"})");
  EXPECT_EQ(row(5).at("steps").at(0).at("compensated"), true);
}

TEST_F(OperationsViewTest, OneThatIsStuckSaysSoUntilSomethingMoves) {
  start(5);
  happened_to(5, operation::Stuck{});
  EXPECT_EQ(row(5).at("stuck"), true);
  happened_to(5, operation::StepCompleted{.environment = dev_});
  EXPECT_EQ(row(5).at("stuck"), false);
}

TEST_F(OperationsViewTest, ARetryNamesItsParent) {
  start(5);
  start(6, operation::Type::environment_retry, numbered<OperationId>(5));
  EXPECT_EQ(row(6).at("parent_operation_id"), numbered<OperationId>(5).str().c_str());
  EXPECT_EQ(row(6).at("type"), "environment.retry");
}

TEST_F(OperationsViewTest, ListsNewestFirstWithoutSteps) {
  for (const std::uint8_t number : {5, 6, 7}) start(number);
  for (const std::size_t limit : {1U, 2U, 3U, 4U}) EXPECT_EQ(list({}, limit), ids({7, 6, 5})) << limit;
  const auto page = operations::list(store(), workspace_, {}, {.limit = 1, .after = {}});
  EXPECT_FALSE(object(page.rows.front()).contains("steps"));
  EXPECT_TRUE(object(page.rows.front()).contains("updated_at"));
}

TEST_F(OperationsViewTest, FiltersByTypeAndByState) {
  start(5);
  start(6, operation::Type::environment_retry);
  start(7);
  happened_to(7, operation::Succeeded{});
  EXPECT_EQ(list({.type = operation::Type::environment_retry}), ids({6}));
  EXPECT_EQ(list({.status = operation::Status::running}), ids({6, 5}));
  EXPECT_EQ(list({.type = operation::Type::workspace_provision, .status = operation::Status::succeeded}),
            ids({7}));
  EXPECT_TRUE(list({.status = operation::Status::failed}).empty());
}

TEST_F(OperationsViewTest, TheRunnerFindsThoseThatRunAndNoneThatEnded) {
  start(5);
  start(6);
  happened_to(5, operation::Succeeded{});
  const auto running = operations::running(store());
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running.front().stream, operation::stream(numbered<OperationId>(6)));
  EXPECT_EQ(running.front().partition, home);
}

TEST_F(OperationsViewTest, WhatIsNotThereIsNotFound) {
  EXPECT_FALSE(operations::find(store(), numbered<OperationId>(5)));
}

}  // namespace
}  // namespace tenure::testing
