// A node's store, backed up and restored beside the log on a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/api_client.h"
#include "tests/support/eventually.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tenure_command.h"
#include "tests/support/tenured_process.h"

namespace tenure::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

class BackupOfANode : public testing::Test {
 protected:
  BackupOfANode() {
    nodes_ = TenuredProcess::start_together({dir_ / "node0", dir_ / "node1"}, flags_);
    token_ = nodes_[fs::exists(dir_ / "node0/bootstrap-token") ? 0 : 1]->bootstrap_token();
  }

  Finished tenure(std::vector<std::string> arguments) {
    return run_tenure(std::move(arguments), dir_.path());
  }
  Finished backup() {
    return tenure({"backup", "--data-dir", (dir_ / "node0").string(), "--to", (dir_ / "backup").string()});
  }
  Finished restore() {
    return tenure(
        {"restore", "--from", (dir_ / "backup").string(), "--data-dir", (dir_ / "restored").string()});
  }
  Finished doctor(const std::string& node) {
    std::vector<std::string> arguments{"doctor", "--data-dir", (dir_ / node).string()};
    for (auto& flag : kafka_tool_flags(topics_, dir_.path())) arguments.push_back(std::move(flag));
    return tenure(std::move(arguments));
  }
  // Once its operation has ended.
  std::string make_workspace(TenuredProcess& node, const std::string& name) {
    ApiClient client(node.url(), token_);
    const auto made = client.post("/v1/workspaces", R"({"name":")" + name + R"("})");
    EXPECT_EQ(made.status, 201) << made.body;
    const auto target = "/v1/workspaces/" + text(made, "id");
    EXPECT_TRUE(eventually([&] { return text(client.get(target), "status") == "active"; }));
    return text(made, "id");
  }

  void TearDown() override {
    if (!HasFailure()) return;
    for (auto& node : nodes_) std::cerr << "a node wrote:\n" << node->err();
  }

  TempDir dir_;
  KafkaOptions topics_ = own_topics();
  std::vector<std::string> flags_ = kafka_flags(topics_, dir_.path());
  std::vector<std::unique_ptr<TenuredProcess>> nodes_;
  std::string token_;
};

TEST_F(BackupOfANode, RestoredAndStartedItBecomesWhatTheLogSays) {
  for (const auto* name : {"Acme", "Beta", "Gamma"}) make_workspace(*nodes_[0], name);
  ASSERT_EQ(nodes_[0]->terminate(), 0);
  const auto made = backup();
  ASSERT_EQ(made.exit, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr(topics_.topic));
  EXPECT_FALSE(fs::exists(dir_ / "backup.unfinished"));
  EXPECT_FALSE(fs::exists(dir_ / "backup/node-id"));
  const auto tail = make_workspace(*nodes_[1], "made after the backup");
  const auto restored = restore();
  ASSERT_EQ(restored.exit, 0) << restored.err;
  nodes_.push_back(std::make_unique<TenuredProcess>(dir_ / "restored", flags_));
  const auto target = "/v1/workspaces/" + tail;
  EXPECT_EQ(text(ApiClient(nodes_[2]->url(), token_).get(target), "name"), "made after the backup");
  const auto more = make_workspace(*nodes_[1], "made beside it");
  EXPECT_TRUE(eventually(
      [&] { return ApiClient(nodes_[2]->url(), token_).get("/v1/workspaces/" + more).status == 200; }));
  EXPECT_NE(read_file(dir_ / "restored/node-id"), read_file(dir_ / "node0/node-id"));
  ASSERT_EQ(nodes_[1]->terminate(), 0);
  ASSERT_EQ(nodes_[2]->terminate(), 0);
  for (const auto* node : {"node1", "restored"}) {
    const auto healthy = doctor(node);
    EXPECT_EQ(healthy.exit, 0) << node << ": " << healthy.err;
    EXPECT_THAT(healthy.err, StartsWith("healthy: "));
  }
}

TEST_F(BackupOfANode, WhileItRunsHoldsWhatItsStoreHadOnDisk) {
  const auto id = make_workspace(*nodes_[0], "Acme");
  const auto made = backup();
  ASSERT_EQ(made.exit, 0) << made.err;
  ASSERT_EQ(restore().exit, 0);
  nodes_.push_back(std::make_unique<TenuredProcess>(dir_ / "restored", flags_));
  EXPECT_EQ(text(ApiClient(nodes_[2]->url(), token_).get("/v1/workspaces/" + id), "name"), "Acme");
  ASSERT_EQ(nodes_[2]->terminate(), 0);
  EXPECT_EQ(doctor("restored").exit, 0);
}

TEST_F(BackupOfANode, ThatIsDamagedOrWouldReplaceDataIsRefused) {
  ASSERT_EQ(backup().exit, 0);
  const auto over =
      tenure({"restore", "--from", (dir_ / "backup").string(), "--data-dir", (dir_ / "node1").string()});
  EXPECT_EQ(over.exit, 1);
  EXPECT_THAT(over.err, HasSubstr("exists already"));
  const auto damaged = dir_ / "backup/store/CURRENT";
  write_file(damaged, "MANIFEST-999999\n");
  const auto refused = restore();
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr(damaged.string() + " is damaged"));
  EXPECT_FALSE(fs::exists(dir_ / "restored"));
}

TEST_F(BackupOfANode, RestoredOnAnotherLogIsRefused) {
  ASSERT_EQ(backup().exit, 0);
  ASSERT_EQ(restore().exit, 0);
  const auto refused =
      run_tenured(start_arguments(dir_ / "restored", kafka_flags(own_topics(), dir_.path())), dir_.path());
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("belongs to the log on kafka cluster"));
}

}  // namespace
}  // namespace tenure::test
