#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class CreateWorkspaceTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] workspace::CreateWorkspace create(const std::string& name = "Acme") const {
    return {
        .workspace = workspace, .account = account, .owner = user, .name = name, .slug = {}, .region = {}};
  }
  void given_slug(std::string_view slug) { given(slug_stream(slug), reservation::Taken{}); }
  [[nodiscard]] std::string slug_made() const {
    return the<workspace::Created>(workspace_stream()).slug.str();
  }
};

TEST_F(CreateWorkspaceTest, MakesTheWorkspaceItsReservationsItsEnvironmentsAndTheOperationInOneCommit) {
  auto command = create();
  command.region = "eu";
  command.tenancy_model = workspace::TenancyModel::dedicated;
  when(command);
  const auto created = the<workspace::Created>(workspace_stream());
  ASSERT_EQ(created.environments.size(), 3U);
  std::vector<Decision::Write> expected{
      {workspace_stream(),
       {workspace::Created{.id = workspace,
                           .account = account,
                           .owner = user,
                           .name = "Acme",
                           .slug = Slug::parse("acme").value(),
                           .region = "eu",
                           .tenancy_model = workspace::TenancyModel::dedicated,
                           .operation = created.operation,
                           .environments = created.environments}}},
      {slug_stream("acme"), {reservation::Taken{}}},
      {account::usage_stream(account), {account::WorkspaceCounted{}}}};
  std::vector<operation::PlannedStep> steps;
  for (const auto& each : created.environments) {
    expected.push_back({environment::stream(each.id),
                        {environment::Added{.id = each.id,
                                            .workspace = workspace,
                                            .slug = each.slug,
                                            .provider = "local",
                                            .operation = created.operation}}});
    steps.push_back({"provision_" + each.slug, each.id});
  }
  expected.push_back({operation::stream(created.operation),
                      {operation::Started{.id = created.operation,
                                          .type = operation::Type::workspace_provision,
                                          .workspace = workspace,
                                          .parent = std::nullopt,
                                          .steps = steps,
                                          .claim = {node, now + policy.saga_lease}}}});
  then(expected);
}

TEST_F(CreateWorkspaceTest, MakesDevStagingAndProdInThisOrder) {
  when(create());
  const auto created = the<workspace::Created>(workspace_stream());
  std::vector<std::string> slugs;
  for (const auto& each : created.environments) slugs.push_back(each.slug);
  EXPECT_EQ(slugs, (std::vector<std::string>{"dev", "staging", "prod"}));
}

TEST_F(CreateWorkspaceTest, AnswersWithTheWorkspaceAndIsAudited) {
  when(create());
  answers(Success::created, AnswerKind::workspace, workspace_stream());
  audits({"workspace " + workspace.str() + " Acme"}, {"name: - -> Acme", "slug: - -> acme"});
  EXPECT_EQ(decision().keys(), std::vector<std::string>{workspace.str()});
}

TEST_F(CreateWorkspaceTest, UsesTheProviderOfThePolicy) {
  policy.provider = "webhook";
  when(create());
  const auto environment = the<workspace::Created>(workspace_stream()).environments.front().id;
  EXPECT_EQ(the<environment::Added>(environment::stream(environment)).provider, "webhook");
}

TEST_F(CreateWorkspaceTest, MakesASlugFromTheNameUniqueByASuffix) {
  given_slug("acme");
  when(create());
  EXPECT_EQ(slug_made(), "acme-2");
  given_slug("acme-2");
  given_slug("acme-3");
  when(create());
  EXPECT_EQ(slug_made(), "acme-4");
}

TEST_F(CreateWorkspaceTest, TakesTheSlugThatWasAskedFor) {
  auto command = create();
  command.slug = Slug::parse("other").value();
  when(command);
  EXPECT_EQ(slug_made(), "other");
}

TEST_F(CreateWorkspaceTest, SlugsOfOtherAccountsDoNotMatter) {
  given(workspace::slug_stream(id<AccountId>(9), Slug::parse("acme").value(), context()),
        reservation::Taken{});
  when(create());
  EXPECT_EQ(slug_made(), "acme");
}

TEST_F(CreateWorkspaceTest, MayTakeASlugThatWasReleased) {
  given_slug("acme");
  given(slug_stream("acme"), reservation::Released{});
  when(create());
  EXPECT_EQ(slug_made(), "acme");
}

TEST_F(CreateWorkspaceTest, IsRefusedWhenTheSlugThatWasAskedForIsTaken) {
  given_slug("other");
  auto command = create();
  command.slug = Slug::parse("other").value();
  when(command);
  then_refused(Reason::slug_taken);
  EXPECT_EQ(rejection().metadata.at("slug"), "other");
}

TEST_F(CreateWorkspaceTest, IsRefusedWhenEverySuffixOfTheNameIsTaken) {
  given_slug("acme");
  for (int suffix = 2; suffix < 10'000; ++suffix) given_slug("acme-" + std::to_string(suffix));
  when(create());
  then_refused(Reason::slug_taken);
}

TEST_F(CreateWorkspaceTest, IsRefusedWhenTheAccountHasAllThatItMayHave) {
  policy.workspaces_per_account_max = 2;
  given(account::usage_stream(account), account::WorkspaceCounted{});
  when(create());
  EXPECT_FALSE(was_refused());
  given(account::usage_stream(account), account::WorkspaceCounted{});
  when(create());
  then_refused(Reason::quota_exceeded);
  EXPECT_EQ(rejection().metadata, (std::map<std::string, std::string>{{"limit", "2"}, {"usage", "2"}}));
}

TEST_F(CreateWorkspaceTest, ChecksTheQuotaBeforeTheSlug) {
  policy.workspaces_per_account_max = 0;
  given_slug("other");
  auto command = create();
  command.slug = Slug::parse("other").value();
  when(command);
  then_refused(Reason::quota_exceeded);
}

TEST_F(CreateWorkspaceTest, AWorkspaceThatIsThereAlreadyIsNotMadeASecondTime) {
  policy.workspaces_per_account_max = 1;
  when(create());
  happens();
  when(create("Another name"));
  then_nothing();
  answers(Success::created, AnswerKind::workspace, workspace_stream());
}

}  // namespace
}  // namespace tenure::testing
