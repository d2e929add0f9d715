#include "projections/workspaces.h"

#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

using Order = workspaces::Order;
using Names = std::vector<std::string>;

class WorkspacesViewTest : public ViewTest {
 protected:
  [[nodiscard]] workspace::Created created(std::uint8_t number, const std::string& name) const {
    return {.id = numbered<WorkspaceId>(number),
            .account = account,
            .owner = user,
            .name = name,
            .slug = slug_of("slug-" + std::to_string(number)),
            .region = std::nullopt,
            .operation = numbered<OperationId>(number),
            .environments = {}};
  }
  void happened_to(std::uint8_t number, const Event& event) {
    const auto id = numbered<WorkspaceId>(number);
    happened(id.str(), {{workspace::stream(id), {event}}});
  }
  void make(std::uint8_t number, const std::string& name) {
    happened_to(number, created(number, name));
    now += std::chrono::seconds(1);
  }
  void make_of_another_account(std::uint8_t number, const std::string& name, UserId owner) {
    auto event = created(number, name);
    event.account = another_account_;
    event.owner = owner;
    happened_to(number, event);
    now += std::chrono::seconds(1);
  }
  [[nodiscard]] Names list(Order order, const workspaces::Filter& filter, std::size_t limit = 100) const {
    const auto rows =
        walk(limit, [&](const PageRequest& page) { return workspaces::list(store(), filter, order, page); });
    return column(rows, "name");
  }
  [[nodiscard]] workspaces::Filter mine() const {
    return {.accounts = {account}, .member = user, .account = {}, .status = {}};
  }

  const AccountId another_account_ = numbered<AccountId>(8);
};

TEST_F(WorkspacesViewTest, ARowIsTheWorkspaceReadyToSend) {
  auto event = created(1, "Acme \"&\" Söhne");
  event.region = "eu";
  event.tenancy_model = workspace::TenancyModel::dedicated;
  happened_to(1, event);
  EXPECT_EQ(
      workspaces::find(store(), numbered<WorkspaceId>(1)).value().json,
      "{\"id\":\"" + numbered<WorkspaceId>(1).str() +
          "\",\"uuid\":\"018bcfe5-6800-7000-8000-000000000001\",\"name\":\"Acme \\\"&\\\" Söhne\","
          "\"slug\":\"slug-1\",\"account_id\":\"" +
          account.str() +
          "\",\"region\":\"eu\",\"tenancy_model\":\"dedicated\",\"status\":\"provisioning\","
          "\"reconciling\":true,\"workspace_class\":\"standard\","
          "\"plan\":{\"tier\":\"standard\",\"billed_by\":\"platform\"},\"managing_organization\":null,"
          "\"operation_id\":\"" +
          numbered<OperationId>(1).str() +
          "\",\"created_at\":1700000000,\"updated_at\":1700000000,\"frozen_at\":null,\"purge_time\":null,"
          "\"etag\":\"1\"}");
}

TEST_F(WorkspacesViewTest, ARowFollowsWhatHappens) {
  make(1, "Acme");
  happened_to(1, workspace::Activated{});
  now += std::chrono::seconds(10);
  happened_to(1, workspace::Frozen{.reason = "unpaid"});
  const auto row = workspaces::find(store(), numbered<WorkspaceId>(1)).value();
  EXPECT_EQ(object(row.json).at("status"), "frozen");
  EXPECT_EQ(object(row.json).at("reconciling"), false);
  EXPECT_EQ(object(row.json).at("frozen_at"), to_unix_seconds(now));
  EXPECT_EQ(object(row.json).at("updated_at"), to_unix_seconds(now));
  EXPECT_EQ(object(row.json).at("etag"), "3");
  EXPECT_EQ(row.header.status, workspace::Status::frozen);
  EXPECT_EQ(row.header.frozen_at, now);
  EXPECT_EQ(row.header.version, 3U);
  EXPECT_EQ(row.header.access_version, 1U);
  EXPECT_EQ(row.header.account, account);
  EXPECT_EQ(row.header.owner, user);
}

TEST_F(WorkspacesViewTest, ANullStandsWhereThereIsNoRegionAndNoFreeze) {
  make(1, "Acme");
  const auto row = object(workspaces::find(store(), numbered<WorkspaceId>(1)).value().json);
  EXPECT_TRUE(row.at("region").is_null());
  EXPECT_TRUE(row.at("frozen_at").is_null());
}

TEST_F(WorkspacesViewTest, WhatIsNotThereIsNotFound) {
  EXPECT_FALSE(workspaces::find(store(), numbered<WorkspaceId>(1)));
  EXPECT_TRUE(list(Order::name_ascending, mine()).empty());
}

TEST_F(WorkspacesViewTest, SortsByNameWithoutRegardToCase) {
  make(1, "beta");
  make(2, "Alpha");
  make(3, "alpha two");
  make(4, "Gamma");
  EXPECT_EQ(list(Order::name_ascending, mine()), (Names{"Alpha", "alpha two", "beta", "Gamma"}));
  EXPECT_EQ(list(Order::name_descending, mine()), (Names{"Gamma", "beta", "alpha two", "Alpha"}));
}

TEST_F(WorkspacesViewTest, SortsByCreationWithTheIdAsTheTieBreaker) {
  happened_to(2, created(2, "second of one millisecond"));
  happened_to(1, created(1, "first of one millisecond"));
  now += Duration(1);
  happened_to(3, created(3, "later"));
  const Names ascending{"first of one millisecond", "second of one millisecond", "later"};
  EXPECT_EQ(list(Order::created_ascending, mine()), ascending);
  EXPECT_EQ(list(Order::created_descending, mine()), Names(ascending.rbegin(), ascending.rend()));
}

TEST_F(WorkspacesViewTest, ARenameMovesTheRowInTheOrderOfNamesOnly) {
  make(1, "Alpha");
  make(2, "Beta");
  happened_to(1, workspace::Renamed{.name = "Omega", .slug = slug_of("slug-1")});
  EXPECT_EQ(list(Order::name_ascending, mine()), (Names{"Beta", "Omega"}));
  EXPECT_EQ(list(Order::created_ascending, mine()), (Names{"Omega", "Beta"}));
}

TEST_F(WorkspacesViewTest, ARenameInCaseOnlyLeavesOneEntry) {
  make(1, "Alpha");
  happened_to(1, workspace::Renamed{.name = "ALPHA", .slug = slug_of("slug-1")});
  EXPECT_EQ(list(Order::name_ascending, mine()), Names{"ALPHA"});
}

TEST_F(WorkspacesViewTest, EveryPageSizeGivesEveryWorkspaceOnceInEveryOrder) {
  for (std::uint8_t i = 1; i <= 9; ++i) make(i, "Workspace " + std::to_string(i % 3));
  make_of_another_account(10, "Shared", user);
  for (const auto order :
       {Order::created_ascending, Order::created_descending, Order::name_ascending, Order::name_descending}) {
    const auto whole = list(order, mine());
    EXPECT_EQ(whole.size(), 10U);
    for (const std::size_t limit : {1U, 2U, 3U, 9U, 10U, 11U}) EXPECT_EQ(list(order, mine(), limit), whole);
  }
}

TEST_F(WorkspacesViewTest, OneThatIsSeenThroughTheAccountAndAsAMemberAppearsOnce) {
  make(1, "Mine");
  make_of_another_account(2, "Mine elsewhere", user);
  make_of_another_account(3, "Of somebody else", numbered<UserId>(9));
  EXPECT_EQ(list(Order::name_ascending, mine()), (Names{"Mine", "Mine elsewhere"}));
  EXPECT_EQ(list(Order::name_ascending, {.accounts = {account}, .member = {}, .account = {}, .status = {}}),
            Names{"Mine"});
  EXPECT_EQ(list(Order::name_ascending,
                 {.accounts = {account, another_account_}, .member = {}, .account = {}, .status = {}}),
            (Names{"Mine", "Mine elsewhere", "Of somebody else"}));
}

TEST_F(WorkspacesViewTest, FiltersByAccountAndByStatus) {
  make(1, "Active");
  happened_to(1, workspace::Activated{});
  make(2, "New");
  make_of_another_account(3, "Elsewhere", user);
  auto filter = mine();
  filter.status = workspace::Status::active;
  EXPECT_EQ(list(Order::name_ascending, filter), Names{"Active"});
  filter.status.reset();
  filter.account = another_account_;
  EXPECT_EQ(list(Order::name_ascending, filter), Names{"Elsewhere"});
  filter.account = numbered<AccountId>(77);
  EXPECT_TRUE(list(Order::name_ascending, filter).empty());
}

TEST_F(WorkspacesViewTest, WhatExistedDuringAWholeWalkAppearsOnceAlthoughOthersComeAndAreRenamed) {
  for (std::uint8_t i = 1; i <= 6; ++i)
    make(static_cast<std::uint8_t>(2 * i), "Name " + std::to_string(2 * i));
  Names seen;
  PageRequest request{.limit = 2, .after = {}};
  for (std::uint8_t turn = 0;; ++turn) {
    const auto page = workspaces::list(store(), mine(), Order::created_ascending, request);
    for (const auto& each : column(page.rows, "id")) seen.push_back(each);
    make(static_cast<std::uint8_t>(21 + turn), "New");
    happened_to(2, workspace::Renamed{.name = "Zzz", .slug = slug_of("slug-2")});
    if (!page.next || turn == 20) break;
    request.after = page.next;
  }
  for (std::uint8_t i = 1; i <= 6; ++i) {
    EXPECT_EQ(std::ranges::count(seen, numbered<WorkspaceId>(static_cast<std::uint8_t>(2 * i)).str()), 1);
  }
}

}  // namespace
}  // namespace tenure::testing
