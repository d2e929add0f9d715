#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using environment::RecordDeprovisioned;

using RecordDeprovisionedTest = SpecTest<WorkspaceSpec>;

TEST_F(RecordDeprovisionedTest, MovesTheEnvironmentAndTheStepInOneCommit) {
  given_a_cancelling_operation();
  when(RecordDeprovisioned{step(dev)});
  then({{environment::stream(dev), {environment::Deprovisioned{}}},
        {operation_stream(), {operation::StepCompensated{.environment = dev}}}});
  audits({"environment " + dev.str() + " dev"}, {"status: deprovisioning -> deprovisioned"});
}

TEST_F(RecordDeprovisionedTest, TheLastOneEndsTheOperationAsCancelled) {
  given_a_cancelling_operation();
  given_compensated(dev);
  given_compensated(prod);
  when(RecordDeprovisioned{step(staging)});
  then({{environment::stream(staging), {environment::Deprovisioned{}}},
        {operation_stream(), {operation::StepCompensated{.environment = staging}, operation::Cancelled{}}},
        {workspace_stream(), {workspace::ReconciliationEnded{}}}});
}

TEST_F(RecordDeprovisionedTest, OneThatComesTwiceChangesNothing) {
  given_a_cancelling_operation();
  given_compensated(dev);
  when(RecordDeprovisioned{step(dev)});
  then_nothing();
}

TEST_F(RecordDeprovisionedTest, OneThatWasNotAskedForChangesNothing) {
  given_a_new_workspace();
  when(RecordDeprovisioned{step(dev)});
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
