#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class RetryOperationTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] operation::RetryOperation again() const { return {workspace, operation, retry}; }
  void given_a_cancelled_operation() {
    given_a_cancelling_operation();
    for (const auto environment : {dev, staging, prod}) given_compensated(environment);
    given(operation_stream(), operation::Cancelled{});
  }
};

TEST_F(RetryOperationTest, TriesWhatFailedAgainInANewOperationWhoseParentIsTheFailedOne) {
  given_a_failed_operation();
  when(again());
  then({{environment::stream(prod), {environment::Retried{.operation = retry}}},
        {operation::stream(retry),
         {operation::Started{.id = retry,
                             .type = operation::Type::workspace_provision,
                             .workspace = workspace,
                             .parent = operation,
                             .steps = {{"provision_prod", prod}},
                             .claim = {node, now + policy.saga_lease}}}},
        {workspace_stream(), {workspace::ReconciliationStarted{.operation = retry}}}});
  answers(Success::accepted, AnswerKind::operation, operation::stream(retry));
  audits({"operation " + operation.str() + " workspace.provision",
          "operation " + retry.str() + " workspace.provision"});
}

TEST_F(RetryOperationTest, MakesAgainWhatACancelledOneUndid) {
  given_a_cancelled_operation();
  when(again());
  const auto started = the<operation::Started>(operation::stream(retry));
  std::vector<std::string> steps;
  for (const auto& step : started.steps) steps.push_back(step.name);
  EXPECT_EQ(steps, (std::vector<std::string>{"provision_dev", "provision_staging", "provision_prod"}));
}

TEST_F(RetryOperationTest, LeavesWhatAnotherOperationTriesAlready) {
  given_a_cancelled_operation();
  given(environment::stream(dev), environment::Retried{.operation = id<OperationId>(9)});
  when(again());
  EXPECT_EQ(the<operation::Started>(operation::stream(retry)).steps.size(), 2U);
  EXPECT_FALSE(made<environment::Retried>(environment::stream(dev)));
}

TEST_F(RetryOperationTest, IsRefusedWhileTheOperationRuns) {
  given_a_new_workspace();
  given_failed(dev);
  when(again());
  then_refused(Reason::operation_running);
}

TEST_F(RetryOperationTest, IsRefusedWhenTheOperationSucceeded) {
  given_an_active_workspace();
  when(again());
  then_refused(Reason::operation_not_failed);
}

TEST_F(RetryOperationTest, IsRefusedWhenALaterOperationMadeWhatFailed) {
  given_a_failed_operation();
  given(environment::stream(prod), environment::Retried{.operation = retry});
  when(operation::RetryOperation{workspace, operation, id<OperationId>(3)});
  then_refused(Reason::operation_not_failed);
}

}  // namespace
}  // namespace tenure::testing
