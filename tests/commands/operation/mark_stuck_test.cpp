#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class MarkOperationStuckTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] operation::MarkOperationStuck mark() const { return {workspace, operation}; }
};

TEST_F(MarkOperationStuckTest, MarksOneWithoutProgressForAsLongAsThePolicySays) {
  given_a_new_workspace();
  passes(policy.stuck_after);
  when(mark());
  then({{operation_stream(), {operation::Stuck{}}}});
}

TEST_F(MarkOperationStuckTest, AStepThatCompletesOrFailsIsProgress) {
  given_a_new_workspace();
  passes(policy.stuck_after / 2);
  given_provisioned(dev);
  passes(policy.stuck_after - Duration(1));
  when(mark());
  then_nothing();
}

TEST_F(MarkOperationStuckTest, AFailedAttemptIsNoProgress) {
  given_a_new_workspace();
  passes(policy.stuck_after - Duration(1));
  given(operation_stream(),
        operation::StepAttemptFailed{.environment = dev, .error = "no room", .next_attempt_at = now});
  passes(Duration(1));
  when(mark());
  then({{operation_stream(), {operation::Stuck{}}}});
}

TEST_F(MarkOperationStuckTest, OneThatIsStuckStaysAsItIs) {
  given_a_new_workspace();
  given(operation_stream(), operation::Stuck{});
  passes(policy.stuck_after);
  when(mark());
  then_nothing();
}

TEST_F(MarkOperationStuckTest, ProgressTakesTheMarkAway) {
  given_a_new_workspace();
  given(operation_stream(), operation::Stuck{});
  given_provisioned(dev);
  EXPECT_FALSE(states().get<operation::State>(operation_stream()).stuck);
}

TEST_F(MarkOperationStuckTest, ChangesNothingWhenTheOperationHasEnded) {
  given_an_active_workspace();
  passes(policy.stuck_after);
  when(mark());
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
