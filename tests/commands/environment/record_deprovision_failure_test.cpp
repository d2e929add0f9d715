#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using environment::RecordDeprovisionFailure;

class RecordDeprovisionFailureTest : public SpecTest<WorkspaceSpec> {
 protected:
  // Of the attempt that is awaited.
  [[nodiscard]] RecordDeprovisionFailure failure(bool permanent = false) const {
    const auto* waiting = states().get<operation::State>(operation_stream()).step_for(dev);
    return {step(dev), waiting->attempts + 1, "not now", permanent};
  }
  [[nodiscard]] Timestamp next_attempt() const {
    return the<environment::AttemptFailed>(environment::stream(dev)).next_attempt_at;
  }
};

TEST_F(RecordDeprovisionFailureTest, IsAttemptedAgain) {
  given_a_cancelling_operation();
  when(failure());
  const auto at = next_attempt();
  EXPECT_GE(at, now + policy.retry_base / 2);
  EXPECT_LE(at, now + policy.retry_base);
  then({{environment::stream(dev), {environment::AttemptFailed{.error = "not now", .next_attempt_at = at}}},
        {operation_stream(),
         {operation::StepAttemptFailed{.environment = dev, .error = "not now", .next_attempt_at = at}}}});
  EXPECT_FALSE(decision().is_audited());
}

TEST_F(RecordDeprovisionFailureTest, IsNeverGivenUp) {
  given_a_cancelling_operation();
  for (std::uint32_t i = 0; i < 3 * policy.retry_attempts_max; ++i) {
    when(failure());
    EXPECT_LE(next_attempt(), now + policy.retry_max);
    happens();
  }
}

TEST_F(RecordDeprovisionFailureTest, APermanentOneIsAttemptedAgainAtTheLongestInterval) {
  given_a_cancelling_operation();
  when(failure(true));
  EXPECT_EQ(next_attempt(), now + policy.retry_max);
}

TEST_F(RecordDeprovisionFailureTest, AnAttemptThatWasRecordedBeforeChangesNothing) {
  given_a_cancelling_operation();
  const auto first = failure();
  when(first);
  happens();
  when(first);
  then_nothing();
}

TEST_F(RecordDeprovisionFailureTest, OneThatComesTooLateChangesNothing) {
  given_a_cancelling_operation();
  given_compensated(dev);
  when(failure());
  then_nothing();
}

TEST_F(RecordDeprovisionFailureTest, OneThatWasNotAskedForChangesNothing) {
  given_a_new_workspace();
  when(failure());
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
