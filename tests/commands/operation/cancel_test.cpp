#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using operation::CancelOperation;

using CancelOperationTest = SpecTest<WorkspaceSpec>;

TEST_F(CancelOperationTest, UndoesEveryStepAlsoThoseThatFailedOrRun) {
  given_a_new_workspace();
  given_provisioned(dev);
  given_failed(staging);
  when(CancelOperation{workspace, operation});
  then({{operation_stream(), {operation::CancelRequested{}}},
        {environment::stream(dev), {environment::DeprovisioningStarted{}}},
        {environment::stream(staging), {environment::DeprovisioningStarted{}}},
        {environment::stream(prod), {environment::DeprovisioningStarted{}}}});
  answers(Success::accepted, AnswerKind::operation, operation_stream());
  audits({"operation " + operation.str() + " workspace.provision"});
}

TEST_F(CancelOperationTest, LeavesWhatALaterOperationWorksOn) {
  given_a_new_workspace();
  given_failed(dev);
  when(environment::RetryEnvironment{workspace, dev, retry});
  happens();
  when(CancelOperation{workspace, operation});
  then({{operation_stream(), {operation::CancelRequested{}, operation::StepCompensated{.environment = dev}}},
        {environment::stream(staging), {environment::DeprovisioningStarted{}}},
        {environment::stream(prod), {environment::DeprovisioningStarted{}}}});
}

TEST_F(CancelOperationTest, EndsAtOnceWhereNothingIsLeftToUndo) {
  given_a_new_workspace();
  for (const auto environment : {dev, staging, prod}) {
    given(environment::stream(environment), environment::Retried{.operation = retry});
  }
  when(CancelOperation{workspace, operation});
  then({{operation_stream(),
         {operation::CancelRequested{}, operation::StepCompensated{.environment = dev},
          operation::StepCompensated{.environment = staging}, operation::StepCompensated{.environment = prod},
          operation::Cancelled{}}}});
}

TEST_F(CancelOperationTest, OneThatIsBeingCancelledStaysAsItIs) {
  given_a_cancelling_operation();
  when(CancelOperation{workspace, operation});
  then_nothing();
  answers(Success::accepted, AnswerKind::operation, operation_stream());
}

TEST_F(CancelOperationTest, IsRefusedWhenTheOperationHasEnded) {
  given_an_active_workspace();
  when(CancelOperation{workspace, operation});
  then_refused(Reason::operation_ended);
}

TEST_F(CancelOperationTest, IsRefusedWhenTheOperationFailedOrWasCancelled) {
  given_a_failed_operation();
  when(CancelOperation{workspace, operation});
  then_refused(Reason::operation_ended);
  given(operation_stream(), operation::Cancelled{});
  when(CancelOperation{workspace, operation});
  then_refused(Reason::operation_ended);
}

}  // namespace
}  // namespace tenure::testing
