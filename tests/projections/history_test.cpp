#include "projections/history.h"

#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

class HistoryTest : public ViewTest {
 protected:
  void rename(const std::string& name) {
    happened(workspace_.str(), {{stream_, {workspace::Renamed{.name = name, .slug = slug_of("slug")}}}});
  }
  [[nodiscard]] std::vector<std::string> rows(const history::Filter& filter = {},
                                              std::size_t limit = 100) const {
    return walk(limit, [&](const PageRequest& page) {
      return history::of_workspace(store(), workspace_, filter, page);
    });
  }
  [[nodiscard]] std::vector<std::string> types(const history::Filter& filter = {},
                                               std::size_t limit = 100) const {
    return column(rows(filter, limit), "type");
  }

  const WorkspaceId workspace_ = numbered<WorkspaceId>(4);
  const StreamName stream_ = workspace::stream(workspace_);
};

TEST_F(HistoryTest, ARowIsTheEventWithItsPlaceAndItsCause) {
  next_commit.id = numbered<CommitId>(20);
  next_commit.command = "UpdateWorkspace";
  next_commit.correlation_id = "req-1";
  next_commit.causation_id = numbered<OperationId>(5).str();
  rename("Acme");
  const auto expected =
      "{\"stream\":\"" + stream_.str() + R"(","version":1,"type":"workspace.renamed","schema":1,)" +
      R"("occurred_at":"2023-11-14T22:13:20.123Z","position":"1-0","commit_id":")" +
      numbered<CommitId>(20).str() + R"(","command":"UpdateWorkspace","actor":{"type":"user","id":")" +
      user.str() + R"("},"correlation_id":"req-1","causation_id":")" + numbered<OperationId>(5).str() +
      R"(","data":{"name":"Acme","slug":"slug"}})";
  EXPECT_EQ(rows(), std::vector<std::string>{expected});
  EXPECT_EQ(history::of_stream(store(), home, stream_), std::vector<std::string>{expected});
}

TEST_F(HistoryTest, AnEventThatNothingCausedSaysSo) {
  rename("Acme");
  EXPECT_TRUE(object(rows().front()).at("causation_id").is_null());
}

TEST_F(HistoryTest, NumbersTheEventsOfAStreamFromOneAlsoWithinACommit) {
  happened(workspace_.str(),
           {{stream_, {workspace::Activated{}, workspace::Frozen{.reason = std::nullopt}}}});
  happened(workspace_.str(), {{stream_, {workspace::Unfrozen{}}}});
  std::vector<std::int64_t> versions;
  for (const auto& row : history::of_stream(store(), home, stream_)) {
    versions.push_back(object(row).at("version").as_int64());
  }
  EXPECT_EQ(versions, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(HistoryTest, AWorkspaceHasTheEventsOfAllItsStreamsInTheOrderOfTheLog) {
  const auto environment = environment::stream(numbered<EnvironmentId>(6));
  happened(workspace_.str(),
           {{stream_, {workspace::Activated{}}}, {environment, {environment::Deprovisioned{}}}});
  happened(workspace_.str(),
           {{environment, {environment::Failed{.error = "x"}}}, {stream_, {workspace::Unfrozen{}}}});
  const std::vector<std::string> expected{"workspace.activated", "environment.deprovisioned",
                                          "environment.failed", "workspace.unfrozen"};
  for (const std::size_t limit : {1U, 2U, 3U, 4U, 5U}) EXPECT_EQ(types({}, limit), expected) << limit;
}

TEST_F(HistoryTest, ReservationsHaveNoHistory) {
  happened(workspace_.str(), {{StreamName("slug", "acc/x"), {reservation::Taken{}}},
                              {StreamName("idempotency", "x"), {reservation::Taken{}}},
                              {StreamName("refusal", "x"), {reservation::Taken{}}}});
  EXPECT_TRUE(rows().empty());
  EXPECT_TRUE(history::of_stream(store(), home, StreamName("slug", "acc/x")).empty());
}

TEST_F(HistoryTest, OtherTenantsHaveTheirOwn) {
  rename("Acme");
  EXPECT_TRUE(
      history::of_workspace(store(), numbered<WorkspaceId>(9), {}, {.limit = 10, .after = {}}).rows.empty());
}

TEST_F(HistoryTest, FiltersByTypeAlsoByItsBeginning) {
  happened(workspace_.str(),
           {{stream_, {workspace::Activated{}, workspace::Unfrozen{}}},
            {environment::stream(numbered<EnvironmentId>(6)), {environment::Deprovisioned{}}}});
  EXPECT_EQ(types({.type = "workspace.unfrozen"}), std::vector<std::string>{"workspace.unfrozen"});
  EXPECT_EQ(types({.type = "workspace.*"}).size(), 2U);
  EXPECT_EQ(types({.type = "*"}).size(), 3U);
  EXPECT_TRUE(types({.type = "workspace"}).empty());
}

TEST_F(HistoryTest, FiltersByTimeFromWhichIsIncludedToWhichIsNot) {
  const auto start = now;
  for (int i = 0; i < 5; ++i) {
    rename("Name " + std::to_string(i));
    now += std::chrono::seconds(1);
  }
  const auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  EXPECT_EQ(rows({.from = at(1), .to = at(3)}).size(), 2U);
  EXPECT_EQ(rows({.from = at(4)}, 1).size(), 1U);
  EXPECT_EQ(rows({.to = at(4)}, 1).size(), 4U);
}

}  // namespace
}  // namespace tenure::testing
