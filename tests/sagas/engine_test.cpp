#include "sagas/engine.h"

#include <gtest/gtest.h>

#include "core/store/keys.h"
#include "projections/environments.h"
#include "projections/workspaces.h"
#include "tests/support/small_node.h"
#include "tests/support/temp_dir.h"

namespace tenure::testing {
namespace {

constexpr Partition home{1};

class EngineTest : public ::testing::Test {
 protected:
  SmallNode& add_node(bool alone = false) {
    const auto number = static_cast<std::uint8_t>(nodes_.size() + 1);
    return *nodes_.emplace_back(
        std::make_unique<SmallNode>(world_, folder_ / std::to_string(number), number, alone));
  }
  void run_out() {
    for (int i = 0; i < 120; ++i) {
      for (auto& node : nodes_) node->pump();
      world_.log.advance();
      world_.clock.advance(Duration(5));
    }
  }
  WorkspaceId make_workspace(SmallNode& node) {
    const auto id = WorkspaceId::make(world_.clock.now(), world_.random);
    if (account_.is_nil()) account_ = make_account(world_, node, user_);
    const auto made = node.submit(
        workspace::CreateWorkspace{
            .workspace = id, .account = account_, .owner = user_, .name = "W", .slug = {}, .region = {}},
        home);
    run_out();
    EXPECT_TRUE(made->has_value() && (*made)->has_value());
    return id;
  }
  static std::string name_of(SmallNode& node, WorkspaceId id) {
    const auto row = workspaces::find(node.store(), id);
    return row ? std::string(json::parse(row->json)->at("name").as_string()) : "";
  }

  test::TempDir folder_;
  SharedWorld world_;
  std::vector<std::unique_ptr<SmallNode>> nodes_;
  UserId user_{Uuid{{7}}};
  AccountId account_;
};

TEST_F(EngineTest, AWorkspaceIsProvisionedAndActive) {
  auto& node = add_node(true);
  const auto id = make_workspace(node);
  EXPECT_EQ(workspaces::find(node.store(), id)->header.status, workspace::Status::active);
  const auto page = environments::list(node.store(), id, {.limit = 10, .after = {}});
  EXPECT_EQ(page.rows.size(), 3U);
}

TEST_F(EngineTest, TimesDoNotRunBackwardsWhenTheClockWasSetBackBeforeANewStart) {
  auto& node = add_node(true);
  const auto id = make_workspace(node);
  const auto updated_at = [id](SmallNode& of) {
    const auto row = json::parse(workspaces::find(of.store(), id)->json).value();
    return row.at("updated_at").to_number<std::int64_t>();
  };
  const auto before = updated_at(node);
  nodes_.clear();
  world_.clock.advance(-std::chrono::hours(1));
  auto& again = add_node(true);
  const auto renamed = again.submit(workspace::UpdateWorkspace{id, "again", {}}, home);
  run_out();
  ASSERT_TRUE(renamed->has_value() && (*renamed)->has_value());
  EXPECT_EQ(name_of(again, id), "again");
  EXPECT_GE(updated_at(again), before);
}

TEST_F(EngineTest, TwoNodesThatRaceHaveOneWinnerAndTheLoserDecidesAgain) {
  auto& one = add_node();
  auto& two = add_node();
  const auto id = make_workspace(one);
  const auto first = one.submit(workspace::UpdateWorkspace{id, "of one", {}}, home);
  const auto second = two.submit(workspace::UpdateWorkspace{id, "of two", {}}, home);
  run_out();
  ASSERT_TRUE(first->has_value() && (*first)->has_value());
  ASSERT_TRUE(second->has_value() && (*second)->has_value());
  EXPECT_NE((**first)->position, (**second)->position);
  EXPECT_EQ(name_of(one, id), name_of(two, id));
  // Both are there, one after the other.
  EXPECT_EQ(workspaces::find(one.store(), id)->header.version, 4U);
}

// With bare numbers the second of two chained renames would be accepted on top of the other node's one.
TEST_F(EngineTest, ACommitBuiltOnAVoidOneIsVoidAlthoughTheNumberFits) {
  auto& one = add_node();
  auto& two = add_node();
  const auto id = make_workspace(one);
  const auto winner = two.submit(workspace::UpdateWorkspace{id, "winner", {}}, home);
  two.pump();  // first in the log's queue
  const auto freeze = one.submit(workspace::FreezeWorkspace{id, {}}, home);
  const auto unfreeze =
      one.submit(workspace::UnfreezeWorkspace{id}, home);  // decided on the freeze in flight
  one.pump();
  run_out();
  ASSERT_TRUE(winner->has_value() && freeze->has_value() && unfreeze->has_value());
  EXPECT_TRUE((*freeze)->has_value());
  EXPECT_TRUE((*unfreeze)->has_value());
  EXPECT_EQ(name_of(one, id), "winner");
  // First frozen, then unfrozen, as they were asked for.
  EXPECT_EQ(workspaces::find(one.store(), id)->header.status, workspace::Status::active);
  EXPECT_EQ(workspaces::find(two.store(), id)->header.status, workspace::Status::active);
}

TEST_F(EngineTest, AnAnswerThatRestsOnACommitInFlightWaitsForIt) {
  auto& node = add_node(true);
  const auto id = make_workspace(node);
  const auto freeze = node.submit(workspace::FreezeWorkspace{id, {}}, home);
  const auto again = node.submit(workspace::FreezeWorkspace{id, {}}, home);
  node.pump();
  EXPECT_FALSE(again->has_value());
  run_out();
  ASSERT_TRUE(freeze->has_value() && again->has_value());
  EXPECT_EQ((**freeze)->body, (**again)->body);
  EXPECT_FALSE((**again)->position);
}

TEST_F(EngineTest, EveryBatchSplitFoldsToTheSameBytes) {
  auto& node = add_node(true);
  const auto id = make_workspace(node);
  for (int i = 0; i < 40; ++i)
    (void)node.submit(workspace::UpdateWorkspace{id, "name " + std::to_string(i), {}}, home);
  run_out();
  const auto dump = [](const Store& store) {
    std::string bytes;
    auto scan = store.scan("");
    for (scan.to_first(); scan.valid(); scan.next()) {
      bytes += std::to_string(scan.key().size()) + ':' + std::string(scan.key()) +
               std::to_string(scan.value().size()) + ':' + std::string(scan.value());
    }
    return bytes;
  };
  const auto live = dump(node.store());
  for (const std::size_t split : {1U, 2U, 3U, 7U, 50U, 10'000U}) {
    const auto store =
        Store::open(folder_ / ("split" + std::to_string(split)), Store::Mode::read_write).value();
    StreamStates states(*store, split);
    Projector projector(*store, states, [](Partition, const StreamName&) {});
    Fold fold(world_.log, *store, *world_.keys, projector);
    while (fold.behind()) (void)fold.step(split);
    EXPECT_EQ(dump(*store), live) << "in steps of " << split;
  }
}

TEST_F(EngineTest, AnUnknownEventStopsThePartitionAndOnlyIt) {
  auto& node = add_node(true);
  const auto id = make_workspace(node);
  world_.log.append(home, "rubbish", [](const AppendResult&) {});
  run_out();
  ASSERT_EQ(node.engine().fold().stopped().size(), 1U);
  EXPECT_NE(node.engine().fold().stopped().front().message.find("offset"), std::string::npos);
  const auto folded = node.engine().fold().folded(home);
  world_.log.append(Partition{2}, "rubbish too", [](const AppendResult&) {});
  run_out();
  EXPECT_EQ(node.engine().fold().folded(home), folded) << "a stopped partition never skips";
  EXPECT_EQ(name_of(node, id), "W") << "what was folded is still read";
}

TEST_F(EngineTest, AFortyEightWayRaceOnOneStreamLosesNobody) {
  const std::array<SmallNode*, 3> nodes{&add_node(), &add_node(), &add_node()};
  const auto id = make_workspace(*nodes.front());
  std::array<std::shared_ptr<std::optional<CommandResult>>, 48> results;
  for (std::size_t i = 0; i < results.size(); ++i)
    results[i] = nodes[i % 3]->submit(workspace::UpdateWorkspace{id, "n" + std::to_string(i), {}}, home);
  for (int i = 0; i < 5; ++i) run_out();
  for (const auto& result : results) {
    ASSERT_TRUE(result->has_value());
    EXPECT_TRUE((*result)->has_value());
  }
  EXPECT_EQ(workspaces::find(nodes[2]->store(), id)->header.version, 50U);
}

}  // namespace
}  // namespace tenure::testing
