#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using environment::RecordProvisioned;

class RecordProvisionedTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] RecordProvisioned provisioned(EnvironmentId environment) const {
    return {step(environment), "local://there"};
  }
  [[nodiscard]] static Decision::Write active(EnvironmentId environment) {
    return {environment::stream(environment), {environment::Provisioned{.provider_ref = "local://there"}}};
  }
};

TEST_F(RecordProvisionedTest, MovesTheEnvironmentAndTheStepInOneCommit) {
  given_a_new_workspace();
  when(provisioned(dev));
  then({active(dev), {operation_stream(), {operation::StepCompleted{.environment = dev}}}});
  audits({"environment " + dev.str() + " dev"}, {"status: provisioning -> active"});
}

TEST_F(RecordProvisionedTest, TheLastOneEndsTheOperationAndMakesTheWorkspaceActive) {
  given_a_new_workspace();
  given_provisioned(dev);
  given_provisioned(prod);
  when(provisioned(staging));
  then({active(staging),
        {operation_stream(), {operation::StepCompleted{.environment = staging}, operation::Succeeded{}}},
        {workspace_stream(), {workspace::Activated{}}}});
}

TEST_F(RecordProvisionedTest, TheLastOneLeavesTheWorkspaceProvisioningWhenAnotherFailed) {
  given_a_new_workspace();
  given_failed(dev);
  given_provisioned(prod);
  when(provisioned(staging));
  then({active(staging),
        {operation_stream(),
         {operation::StepCompleted{.environment = staging},
          operation::Failed{.error = "provision_dev: no room"}}},
        {workspace_stream(), {workspace::ReconciliationEnded{}}}});
}

TEST_F(RecordProvisionedTest, ARetryThatCompletesWhatWasMissingMakesTheWorkspaceActive) {
  given_a_failed_operation();
  when(environment::RetryEnvironment{workspace, prod, retry});
  happens();
  when(RecordProvisioned{{workspace, retry, prod}, "local://there"});
  then({active(prod),
        {operation::stream(retry), {operation::StepCompleted{.environment = prod}, operation::Succeeded{}}},
        {workspace_stream(), {workspace::Activated{}}}});
}

TEST_F(RecordProvisionedTest, AnActiveWorkspaceStaysActiveAndIsReconciledNoMore) {
  given_an_active_workspace();
  given(environment::stream(dev), environment::Deprovisioned{});
  when(environment::RetryEnvironment{workspace, dev, retry});
  happens();
  when(RecordProvisioned{{workspace, retry, dev}, "local://there"});
  then({active(dev),
        {operation::stream(retry), {operation::StepCompleted{.environment = dev}, operation::Succeeded{}}},
        {workspace_stream(), {workspace::ReconciliationEnded{}}}});
}

TEST_F(RecordProvisionedTest, AnAnswerThatComesTwiceChangesNothing) {
  given_a_new_workspace();
  given_provisioned(dev);
  when(provisioned(dev));
  then_nothing();
}

TEST_F(RecordProvisionedTest, AnAnswerThatComesAfterTheLastAttemptFailedChangesNothing) {
  given_a_new_workspace();
  given_failed(dev);
  when(provisioned(dev));
  then_nothing();
}

TEST_F(RecordProvisionedTest, AnAnswerThatComesWhileTheStepsAreUndoneChangesNothing) {
  given_a_cancelling_operation();
  when(provisioned(dev));
  then_nothing();
}

TEST_F(RecordProvisionedTest, AnAnswerForAnotherOperationChangesNothing) {
  given_a_new_workspace();
  when(RecordProvisioned{{workspace, retry, dev}, "local://there"});
  then_nothing();
  when(RecordProvisioned{{workspace, operation, id<EnvironmentId>(9)}, "local://there"});
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
