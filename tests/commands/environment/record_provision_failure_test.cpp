#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using environment::RecordProvisionFailure;

class RecordProvisionFailureTest : public SpecTest<WorkspaceSpec> {
 protected:
  // Of the attempt that is awaited.
  [[nodiscard]] RecordProvisionFailure failure(EnvironmentId environment, bool permanent = false) const {
    const auto* waiting = states().get<operation::State>(operation_stream()).step_for(environment);
    return {step(environment), waiting->attempts + 1, "no room", permanent};
  }
  void given_failed_attempts(EnvironmentId environment, std::uint32_t attempts) {
    for (std::uint32_t i = 0; i < attempts; ++i) {
      given(operation_stream(), operation::StepAttemptFailed{
                                    .environment = environment, .error = "no room", .next_attempt_at = now});
    }
  }
  // How long the next attempt waits after this many failed ones.
  [[nodiscard]] Duration wait_after(std::uint32_t attempts) {
    given_a_new_workspace();
    given_failed_attempts(dev, attempts - 1);
    when(failure(dev));
    return the<environment::AttemptFailed>(environment::stream(dev)).next_attempt_at - now;
  }
};

TEST_F(RecordProvisionFailureTest, ATemporaryOneIsAttemptedAgain) {
  given_a_new_workspace();
  when(failure(dev));
  const auto at = the<environment::AttemptFailed>(environment::stream(dev)).next_attempt_at;
  then({{environment::stream(dev), {environment::AttemptFailed{.error = "no room", .next_attempt_at = at}}},
        {operation_stream(),
         {operation::StepAttemptFailed{.environment = dev, .error = "no room", .next_attempt_at = at}}}});
  EXPECT_FALSE(decision().is_audited());
}

TEST_F(RecordProvisionFailureTest, PausesGrowFromRetryBaseToRetryMaxWithJitterOverTheirUpperHalf) {
  policy.retry_attempts_max = 1'000;
  const std::map<std::uint32_t, int> pauses{{1, 500},    {2, 1'000},  {3, 2'000},
                                            {7, 32'000}, {8, 60'000}, {40, 60'000}};
  for (const auto& [attempts, millis] : pauses) {
    const auto wait = wait_after(attempts);
    EXPECT_GE(wait, Duration(millis / 2)) << attempts;
    EXPECT_LE(wait, Duration(millis)) << attempts;
  }
}

TEST_F(RecordProvisionFailureTest, ThePausesOfTwoFailuresDiffer) {
  std::set<Duration> pauses;
  for (int i = 0; i < 10; ++i) pauses.insert(wait_after(7));
  EXPECT_GT(pauses.size(), 5U);
}

TEST_F(RecordProvisionFailureTest, TheLastAttemptFailsTheStepAndLeavesTheOthers) {
  given_a_new_workspace();
  given_failed_attempts(dev, policy.retry_attempts_max - 2);
  when(failure(dev));
  EXPECT_TRUE(made<operation::StepAttemptFailed>(operation_stream()));
  happens();
  when(failure(dev));
  then({{environment::stream(dev), {environment::Failed{.error = "no room"}}},
        {operation_stream(), {operation::StepFailed{.environment = dev, .error = "no room"}}}});
  audits({"environment " + dev.str() + " dev"},
         {"status: provisioning -> failed", "last_error: - -> no room"});
}

TEST_F(RecordProvisionFailureTest, APermanentOneFailsTheStepAtOnce) {
  given_a_new_workspace();
  when(failure(dev, true));
  then({{environment::stream(dev), {environment::Failed{.error = "no room"}}},
        {operation_stream(), {operation::StepFailed{.environment = dev, .error = "no room"}}}});
}

TEST_F(RecordProvisionFailureTest, TheLastStepEndsTheOperationWhichSaysWhy) {
  given_a_new_workspace();
  given_provisioned(dev);
  given_provisioned(staging);
  when(failure(prod, true));
  then({{environment::stream(prod), {environment::Failed{.error = "no room"}}},
        {operation_stream(),
         {operation::StepFailed{.environment = prod, .error = "no room"},
          operation::Failed{.error = "provision_prod: no room"}}},
        {workspace_stream(), {workspace::ReconciliationEnded{}}}});
}

TEST_F(RecordProvisionFailureTest, TheEndOfAnOlderOperationDoesNotEndTheReconciliationOfALaterOne) {
  given_a_new_workspace();
  given_failed(dev);
  given_provisioned(staging);
  when(environment::RetryEnvironment{workspace, dev, retry});
  happens();
  when(failure(prod, true));
  EXPECT_TRUE(made<operation::Failed>(operation_stream()));
  EXPECT_FALSE(made<workspace::ReconciliationEnded>(workspace_stream()));
}

TEST_F(RecordProvisionFailureTest, AnAttemptThatWasRecordedBeforeChangesNothing) {
  given_a_new_workspace();
  const auto first = failure(dev);
  when(first);
  happens();
  when(first);
  then_nothing();
}

TEST_F(RecordProvisionFailureTest, OneThatComesTooLateChangesNothing) {
  given_a_new_workspace();
  given_provisioned(dev);
  when(failure(dev, true));
  then_nothing();
}

TEST_F(RecordProvisionFailureTest, OneThatComesWhileTheStepsAreUndoneChangesNothing) {
  given_a_cancelling_operation();
  when(failure(dev, true));
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
