#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

using workspace::UnfreezeWorkspace;

using UnfreezeWorkspaceTest = SpecTest<WorkspaceSpec>;

TEST_F(UnfreezeWorkspaceTest, MakesAFrozenWorkspaceActive) {
  given_a_frozen_workspace();
  when(UnfreezeWorkspace{workspace});
  then({{workspace_stream(), {workspace::Unfrozen{}}}});
  answers(Success::ok, AnswerKind::workspace, workspace_stream());
  audits({"workspace " + workspace.str() + " Acme"}, {"status: frozen -> active"});
}

TEST_F(UnfreezeWorkspaceTest, TakesTheTimeOfTheFreezeAwayAndGrowsTheAccessVersion) {
  given_a_frozen_workspace();
  when(UnfreezeWorkspace{workspace});
  happens();
  const auto& active = states().get<workspace::State>(workspace_stream());
  EXPECT_EQ(active.status, workspace::Status::active);
  EXPECT_FALSE(active.frozen_at);
  EXPECT_EQ(active.access_version, 2U);
}

TEST_F(UnfreezeWorkspaceTest, LeavesWhatIsNotFrozenAsItIs) {
  given_a_new_workspace();
  when(UnfreezeWorkspace{workspace});
  then_nothing();
  answers(Success::ok, AnswerKind::workspace, workspace_stream());
}

}  // namespace
}  // namespace tenure::testing
