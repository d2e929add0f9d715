#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class UpdateWorkspaceTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] workspace::UpdateWorkspace update(std::optional<std::string> name,
                                                  std::optional<std::string> slug = {}) const {
    workspace::UpdateWorkspace command{workspace, std::move(name), {}};
    if (slug) command.slug = Slug::parse(*slug).value();
    return command;
  }
  [[nodiscard]] static workspace::Renamed renamed(const std::string& name, std::string_view slug) {
    return {.name = name, .slug = Slug::parse(slug).value()};
  }
};

TEST_F(UpdateWorkspaceTest, ANewNameLeavesTheSlug) {
  given_an_active_workspace();
  when(update("Umbrella"));
  then({{workspace_stream(), {renamed("Umbrella", "acme")}}});
  answers(Success::ok, AnswerKind::workspace, workspace_stream());
  audits({"workspace " + workspace.str() + " Umbrella"}, {"name: Acme -> Umbrella"});
}

TEST_F(UpdateWorkspaceTest, ANewSlugTakesItsReservationAndReleasesTheOldOne) {
  given_an_active_workspace();
  when(update({}, "umbrella"));
  then({{slug_stream("umbrella"), {reservation::Taken{}}},
        {slug_stream("acme"), {reservation::Released{}}},
        {workspace_stream(), {renamed("Acme", "umbrella")}}});
  audits({"workspace " + workspace.str() + " Acme"}, {"slug: acme -> umbrella"});
}

TEST_F(UpdateWorkspaceTest, MayGoBackToASlugThatItReleased) {
  given_an_active_workspace();
  when(update({}, "umbrella"));
  happens();
  when(update({}, "acme"));
  then({{slug_stream("acme"), {reservation::Taken{}}},
        {slug_stream("umbrella"), {reservation::Released{}}},
        {workspace_stream(), {renamed("Acme", "acme")}}});
}

TEST_F(UpdateWorkspaceTest, GoesThroughWhileProvisioning) {
  given_a_new_workspace();
  when(update("Umbrella"));
  then({{workspace_stream(), {renamed("Umbrella", "acme")}}});
}

TEST_F(UpdateWorkspaceTest, WhatItHasAlreadyChangesNothing) {
  given_an_active_workspace();
  when(update("Acme", "acme"));
  then_nothing();
  answers(Success::ok, AnswerKind::workspace, workspace_stream());
  when(update({}));
  then_nothing();
}

TEST_F(UpdateWorkspaceTest, IsRefusedWhenTheSlugIsTaken) {
  given_an_active_workspace();
  given(slug_stream("umbrella"), reservation::Taken{});
  when(update("Umbrella", "umbrella"));
  then_refused(Reason::slug_taken);
  EXPECT_EQ(rejection().metadata.at("slug"), "umbrella");
}

}  // namespace
}  // namespace tenure::testing
