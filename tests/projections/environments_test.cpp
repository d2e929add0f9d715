#include "projections/environments.h"

#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

class EnvironmentsViewTest : public ViewTest {
 protected:
  // In an order of ids that is not that of the slugs.
  EnvironmentsViewTest() {
    add(prod_, "prod");
    add(dev_, "dev");
    add(staging_, "staging");
  }
  void add(EnvironmentId id, const std::string& slug) {
    happened_to(id, environment::Added{.id = id,
                                       .workspace = workspace_,
                                       .slug = slug,
                                       .provider = "local",
                                       .operation = numbered<OperationId>(5)});
  }
  void happened_to(EnvironmentId id, const Event& event) {
    happened(workspace_.str(), {{environment::stream(id), {event}}});
  }
  [[nodiscard]] std::vector<std::string> list(std::size_t limit = 100) const {
    return walk(limit,
                [&](const PageRequest& page) { return environments::list(store(), workspace_, page); });
  }
  [[nodiscard]] json::Object dev_row() const { return object(list().front()); }

  const WorkspaceId workspace_ = numbered<WorkspaceId>(4);
  const EnvironmentId prod_ = numbered<EnvironmentId>(1), dev_ = numbered<EnvironmentId>(2),
                      staging_ = numbered<EnvironmentId>(3);
};

TEST_F(EnvironmentsViewTest, ARowIsTheEnvironmentReadyToSend) {
  EXPECT_EQ(
      list().front(),
      "{\"id\":\"" + dev_.str() +
          R"(","slug":"dev","status":"provisioning","reconciling":true,"provider":"local","provider_ref":null,)"
          R"("attempts":0,"next_attempt_at":null,"last_error":null,"created_at":1700000000,)"
          R"("updated_at":1700000000,"etag":"1"})");
}

TEST_F(EnvironmentsViewTest, ARowShowsFailedAttemptsAndWhenTheNextOneIs) {
  now += std::chrono::seconds(5);
  happened_to(
      dev_, environment::AttemptFailed{.error = "no room", .next_attempt_at = now + std::chrono::seconds(2)});
  const auto row = dev_row();
  EXPECT_EQ(row.at("attempts"), 1);
  EXPECT_EQ(row.at("last_error"), "no room");
  EXPECT_EQ(row.at("next_attempt_at"), 1'700'000'007);
  EXPECT_EQ(row.at("updated_at"), 1'700'000'005);
  EXPECT_EQ(row.at("reconciling"), true);
  EXPECT_EQ(row.at("etag"), "2");
}

TEST_F(EnvironmentsViewTest, ARowOfAnActiveOneHasItsReferenceAndNoError) {
  happened_to(dev_, environment::AttemptFailed{.error = "no room", .next_attempt_at = now});
  happened_to(dev_, environment::Provisioned{.provider_ref = "local://dev"});
  const auto row = dev_row();
  EXPECT_EQ(row.at("status"), "active");
  EXPECT_EQ(row.at("provider_ref"), "local://dev");
  EXPECT_EQ(row.at("reconciling"), false);
  EXPECT_TRUE(row.at("last_error").is_null());
  EXPECT_TRUE(row.at("next_attempt_at").is_null());
  EXPECT_EQ(row.at("attempts"), 2);
}

TEST_F(EnvironmentsViewTest, ARowOfAFailedOneKeepsItsErrorUntilItIsUndone) {
  happened_to(dev_, environment::Failed{.error = "no room"});
  EXPECT_EQ(dev_row().at("status"), "failed");
  EXPECT_EQ(dev_row().at("last_error"), "no room");
  EXPECT_EQ(dev_row().at("reconciling"), false);
  happened_to(dev_, environment::DeprovisioningStarted{});
  EXPECT_EQ(dev_row().at("status"), "deprovisioning");
  EXPECT_EQ(dev_row().at("reconciling"), true);
  happened_to(dev_, environment::Deprovisioned{});
  EXPECT_EQ(dev_row().at("status"), "deprovisioned");
  EXPECT_TRUE(dev_row().at("last_error").is_null());
}

TEST_F(EnvironmentsViewTest, ListsDevStagingAndProdInThisOrderInPagesOfEverySize) {
  for (const std::size_t limit : {1U, 2U, 3U, 4U}) {
    EXPECT_EQ(column(list(limit), "slug"), (std::vector<std::string>{"dev", "staging", "prod"})) << limit;
  }
}

TEST_F(EnvironmentsViewTest, ListsThoseOfItsWorkspaceOnly) {
  const auto another = numbered<WorkspaceId>(9);
  EXPECT_TRUE(environments::list(store(), another, {.limit = 10, .after = {}}).rows.empty());
  EXPECT_FALSE(environments::find(store(), another, "dev"));
}

TEST_F(EnvironmentsViewTest, FindsOneByItsIdAndByItsSlug) {
  EXPECT_EQ(environments::find(store(), workspace_, "staging"), staging_);
  EXPECT_EQ(environments::find(store(), workspace_, staging_.str()), staging_);
  EXPECT_FALSE(environments::find(store(), workspace_, "stag"));
  EXPECT_FALSE(environments::find(store(), workspace_, ""));
}

}  // namespace
}  // namespace tenure::testing
