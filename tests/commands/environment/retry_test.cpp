#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using environment::RetryEnvironment;

using RetryEnvironmentTest = SpecTest<WorkspaceSpec>;

TEST_F(RetryEnvironmentTest, TriesAFailedOneAgainInANewOperationWhoseParentIsTheFailedOne) {
  given_a_failed_operation();
  when(RetryEnvironment{workspace, prod, retry});
  then({{environment::stream(prod), {environment::Retried{.operation = retry}}},
        {operation::stream(retry),
         {operation::Started{.id = retry,
                             .type = operation::Type::environment_retry,
                             .workspace = workspace,
                             .parent = operation,
                             .steps = {{"provision_prod", prod}},
                             .claim = {node, now + policy.saga_lease}}}},
        {workspace_stream(), {workspace::ReconciliationStarted{.operation = retry}}}});
  answers(Success::accepted, AnswerKind::operation, operation::stream(retry));
  audits({"environment " + prod.str() + " prod", "operation " + retry.str() + " environment.retry"});
}

TEST_F(RetryEnvironmentTest, MakesAgainWhatWasDeprovisioned) {
  given_a_cancelling_operation();
  given_compensated(dev);
  when(RetryEnvironment{workspace, dev, retry});
  EXPECT_TRUE(made<environment::Retried>(environment::stream(dev)));
}

TEST_F(RetryEnvironmentTest, BeginsToCountAttemptsAnew) {
  given_a_failed_operation();
  when(RetryEnvironment{workspace, prod, retry});
  happens();
  const auto& environment = states().get<environment::State>(environment::stream(prod));
  EXPECT_EQ(environment.status, environment::Status::provisioning);
  EXPECT_EQ(environment.attempts, 0U);
}

TEST_F(RetryEnvironmentTest, IsRefusedUnlessTheEnvironmentFailedOrWasDeprovisioned) {
  given_a_new_workspace();
  when(RetryEnvironment{workspace, dev, retry});
  then_refused(Reason::environment_not_failed);
  given_provisioned(dev);
  when(RetryEnvironment{workspace, dev, retry});
  then_refused(Reason::environment_not_failed);
  given(environment::stream(dev), environment::DeprovisioningStarted{});
  when(RetryEnvironment{workspace, dev, retry});
  then_refused(Reason::environment_not_failed);
}

}  // namespace
}  // namespace tenure::testing
