#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using workspace::FreezeWorkspace;
using workspace::Frozen;

using FreezeWorkspaceTest = SpecTest<WorkspaceSpec>;

TEST_F(FreezeWorkspaceTest, FreezesAnActiveWorkspaceForAReason) {
  given_an_active_workspace();
  when(FreezeWorkspace{workspace, "unpaid"});
  then({{workspace_stream(), {Frozen{.reason = "unpaid"}}}});
  answers(Success::ok, AnswerKind::workspace, workspace_stream());
  audits({"workspace " + workspace.str() + " Acme"}, {"status: active -> frozen", "reason: - -> unpaid"});
}

TEST_F(FreezeWorkspaceTest, NeedsNoReason) {
  given_an_active_workspace();
  when(FreezeWorkspace{workspace, {}});
  then({{workspace_stream(), {Frozen{.reason = std::nullopt}}}});
  audits({"workspace " + workspace.str() + " Acme"}, {"status: active -> frozen"});
}

TEST_F(FreezeWorkspaceTest, LeavesAFrozenWorkspaceAsItIs) {
  given_a_frozen_workspace();
  when(FreezeWorkspace{workspace, "another reason"});
  then_nothing();
  answers(Success::ok, AnswerKind::workspace, workspace_stream());
}

TEST_F(FreezeWorkspaceTest, IsRefusedWhileProvisioning) {
  given_a_new_workspace();
  when(FreezeWorkspace{workspace, {}});
  then_refused(Reason::workspace_provisioning);
}

TEST_F(FreezeWorkspaceTest, ShowsSinceWhenItIsFrozenAndGrowsTheAccessVersion) {
  given_an_active_workspace();
  passes(std::chrono::hours(1));
  when(FreezeWorkspace{workspace, {}});
  happens();
  const auto& frozen = states().get<workspace::State>(workspace_stream());
  EXPECT_EQ(frozen.status, workspace::Status::frozen);
  EXPECT_EQ(frozen.frozen_at, now);
  EXPECT_EQ(frozen.access_version, 1U);
}

}  // namespace
}  // namespace tenure::testing
