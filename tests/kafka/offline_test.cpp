// tenure on a node's data and the log's topics, without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "core/log/kafka_topics.h"
#include "core/store/store.h"
#include "tests/support/api_client.h"
#include "tests/support/eventually.h"
#include "tests/support/kafka_admin.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tenure_command.h"
#include "tests/support/tenured_process.h"

namespace tenure::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

class Offline : public testing::Test {
 protected:
  Offline()
      : node_(dir_ / "data", kafka_flags(topics_, dir_.path())), api_(node_.url(), node_.bootstrap_token()) {}

  Finished tenure(std::vector<std::string> command, const KafkaOptions& topics) {
    for (const auto& flag : kafka_tool_flags(topics, dir_.path())) command.push_back(flag);
    return run_tenure(std::move(command), dir_.path());
  }
  Finished tenure(std::vector<std::string> command) { return tenure(std::move(command), topics_); }
  Finished doctor() { return tenure({"doctor", "--data-dir", data()}); }
  std::string data() const { return (dir_ / "data").string(); }

  std::string settled_workspace() {
    auto id = text(api_.post("/v1/workspaces", R"({"name":"Acme"})"), "id");
    EXPECT_TRUE(eventually([&] { return text(api_.get("/v1/workspaces/" + id), "status") == "active"; }));
    return id;
  }
  std::size_t records() {
    KafkaAdmin admin(topics_.brokers);
    return admin.read_all(topics_.keys_topic).size() + admin.read_all(topics_.topic).size();
  }

  void TearDown() override {
    if (HasFailure()) std::cerr << "tenured wrote:\n" << node_.err();
  }

  TempDir dir_;
  KafkaOptions topics_ = own_topics();
  TenuredProcess node_;
  ApiClient api_;
};

TEST_F(Offline, DoctorFindsAStoreThatTheLogFoldsToHealthy) {
  settled_workspace();
  ASSERT_EQ(node_.terminate(), 0);
  const auto before = records();
  const auto done = doctor();
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.err, StartsWith("healthy: "));
  EXPECT_EQ(records(), before) << "a tool wrote to a topic";
}

TEST_F(Offline, DoctorSaysWhereAStoreDiffersAndRebuildMendsIt) {
  settled_workspace();
  EXPECT_THAT(tenure({"rebuild", "--data-dir", data()}).err, HasSubstr("in use by another process"));
  ASSERT_EQ(node_.terminate(), 0);
  {
    const auto store = Store::open(dir_ / "data/store", Store::Mode::read_write).value();
    Store::Batch batch;
    batch.put("Usomebody", "who is in no log");
    store->write(batch);
    store->flush();
  }
  const auto sick = doctor();
  EXPECT_EQ(sick.exit, 1);
  EXPECT_THAT(sick.err, HasSubstr("only in the store: Usomebody"));
  const auto rebuilt = tenure({"rebuild", "--data-dir", data()});
  EXPECT_EQ(rebuilt.exit, 0) << rebuilt.err;
  EXPECT_EQ(doctor().exit, 0);
  node_.start();
}

TEST_F(Offline, DoctorRefusesALogThatTheStoreIsNotOf) {
  const auto topics = own_topics();
  { const TenuredProcess third(dir_ / "third", kafka_flags(topics, dir_.path())); }
  ASSERT_EQ(node_.terminate(), 0);
  const auto done = tenure({"doctor", "--data-dir", data()}, topics);
  EXPECT_EQ(done.exit, 1);
  EXPECT_THAT(done.err, HasSubstr("belongs to the log on kafka cluster"));
  EXPECT_THAT(done.err, HasSubstr(topics_.topic));
}

TEST_F(Offline, TheLogAndAStreamAreReadWithoutADataDirectoryWhileANodeRuns) {
  const auto id = settled_workspace();
  const auto replayed = tenure({"replay", "--stream", id, "--diff"});
  EXPECT_EQ(replayed.exit, 0) << replayed.err;
  EXPECT_THAT(replayed.out, HasSubstr("status: \"provisioning\" -> \"active\""));
  const auto dumped = tenure({"log", "dump", "--payload"});
  EXPECT_EQ(dumped.exit, 0) << dumped.err;
  EXPECT_THAT(dumped.out, HasSubstr("Acme"));
  EXPECT_EQ(tenure({"log", "tail", "-n", "1"}).exit, 0);
  EXPECT_THAT(tenure({"log", "stat"}).out, StartsWith("PARTITION"));
}

TEST_F(Offline, AMissingTopicIsSaidAndNotMade) {
  const auto missing = own_topics();
  const auto done = tenure({"log", "stat"}, missing);
  EXPECT_EQ(done.exit, 1);
  EXPECT_THAT(done.err, HasSubstr("there is no topic " + missing.topic));
  const auto found = kafka::find_topics(topics_, {missing.topic}, 10s);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("there is no topic"));
}

TEST_F(Offline, FlagsAreCheckedAsTheServerChecksThem) {
  const auto done = run(executable("tenure"), {.arguments = {"log", "stat", "--log", "kafka"},
                                               .environment = {},
                                               .directory = dir_.path(),
                                               .name = "tenure"});
  EXPECT_EQ(done.exit, 2);
  EXPECT_THAT(done.err, HasSubstr("--kafka-brokers"));
}

}  // namespace
}  // namespace tenure::test
