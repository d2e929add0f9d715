#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class ClaimOperationTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] operation::ClaimOperation claim(NodeId by) const { return {workspace, operation, by}; }
  [[nodiscard]] Decision::Write claimed(NodeId by) const {
    return {operation_stream(), {operation::Claimed{.claim = {by, now + policy.saga_lease}}}};
  }
  const NodeId another_ = id<NodeId>(2);
};

TEST_F(ClaimOperationTest, TheNodeThatHoldsItRenewsItsLease) {
  given_a_new_workspace();
  passes(policy.saga_lease / 2);
  when(claim(node));
  then({claimed(node)});
}

TEST_F(ClaimOperationTest, AnotherNodeTakesItOverOnceTheLeaseHasRunOut) {
  given_a_new_workspace();
  passes(policy.saga_lease);
  when(claim(another_));
  then({claimed(another_)});
}

TEST_F(ClaimOperationTest, ChangesNothingWhileTheLeaseOfAnotherNodeRuns) {
  given_a_new_workspace();
  passes(policy.saga_lease - Duration(1));
  when(claim(another_));
  then_nothing();
}

TEST_F(ClaimOperationTest, TakesTheClaimOfAProcessThatIsGoneOverAtOnce) {
  given_a_new_workspace();
  auto command = claim(another_);
  command.take_over = true;
  when(command);
  then({claimed(another_)});
}

TEST_F(ClaimOperationTest, ChangesNothingWhenTheLeaseWouldEndNoLater) {
  given_a_new_workspace();
  when(claim(node));
  then_nothing();
}

TEST_F(ClaimOperationTest, ChangesNothingWhenTheOperationHasEnded) {
  given_an_active_workspace();
  passes(policy.saga_lease);
  when(claim(node));
  then_nothing();
}

TEST_F(ClaimOperationTest, ChangesNothingForAnOperationThatNeverWas) {
  when(claim(node));
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
