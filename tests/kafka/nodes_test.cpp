// Several nodes on one log, and a log that goes away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <future>
#include <iostream>
#include <numeric>

#include "tests/support/api_client.h"
#include "tests/support/eventually.h"
#include "tests/support/kafka_admin.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tenured_process.h"

namespace tenure::test {
namespace {

using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr auto long_enough = 30s;

// Nodes of one system, numbered from 0, each with its own data.
class Nodes : public testing::Test {
 protected:
  explicit Nodes(const std::string& bootstrap = shared_kafka().bootstrap) : topics_(own_topics(bootstrap)) {}

  void start(std::size_t count, const std::vector<std::string>& more = {}) {
    const auto flags = with(with(kafka_flags(topics_, (dir_ / "").string()),
                                 {"--saga-lease", "1s", "--retry-base", "100ms", "--retry-max", "200ms"}),
                            more);
    std::vector<fs::path> data_dirs;
    for (std::size_t i = 0; i < count; ++i) data_dirs.push_back(dir_ / ("node" + std::to_string(i)));
    nodes_ = TenuredProcess::start_together(data_dirs, flags);
    for (std::size_t i = 0; i < count; ++i) {
      if (fs::exists(token_file(i))) token_ = nodes_[i]->bootstrap_token();
    }
  }
  [[nodiscard]] fs::path token_file(std::size_t node) const {
    return dir_ / ("node" + std::to_string(node)) / "bootstrap-token";
  }
  ApiClient client(std::size_t node) { return {nodes_[node]->url(), token_}; }

  std::string make_workspace(std::size_t node, const std::string& name = "Acme") {
    const auto made = client(node).post("/v1/workspaces", R"({"name":")" + name + R"("})");
    EXPECT_EQ(made.status, 201) << made.body;
    position_ = made.header("tenure-position");
    return text(made, "id");
  }
  [[nodiscard]] bool says_that_the_log_does_not_answer(std::size_t node) {
    return client(node).get("/readyz?verbose").body.find("log does not answer") != std::string::npos;
  }
  [[nodiscard]] bool topic_is_made_anew() {
    KafkaAdmin admin(topics_.brokers);
    return eventually([&] {
      try {
        admin.create(topics_.topic, 5, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}});
        return true;
      } catch (const std::runtime_error&) {
        return false;  // the brokers are still deleting it
      }
    });
  }
  // What a read on another node shows of what was just written.
  Reply read(std::size_t node, const std::string& target) {
    return client(node).get(target, {{"Tenure-Min-Position", position_}});
  }

  void TearDown() override {
    if (!HasFailure()) return;
    for (auto& node : nodes_) std::cerr << "a node wrote:\n" << node->err();
  }

  TempDir dir_;
  KafkaOptions topics_;
  std::vector<std::unique_ptr<TenuredProcess>> nodes_;
  std::string token_;
  std::string position_;
};

TEST_F(Nodes, ThatStartTogetherMakeOneFirstUser) {
  start(3);
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < 3; ++i) tokens += fs::exists(token_file(i)) ? 1 : 0;
  EXPECT_EQ(tokens, 1U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(client(i).get("/v1/me").status, 200);
}

TEST_F(Nodes, ReadEachOthersWritesByPosition) {
  start(3);
  const auto id = make_workspace(0);
  for (int round = 0; round < 20; ++round) {
    const auto name = "name " + std::to_string(round);
    const auto written = client(round % 3).patch("/v1/workspaces/" + id, R"({"name":")" + name + R"("})");
    ASSERT_EQ(written.status, 200) << written.body;
    position_ = written.header("tenure-position");
    ASSERT_EQ(text(read((round + 1) % 3, "/v1/workspaces/" + id), "name"), name);
  }
}

TEST_F(Nodes, RefuseARevokedTokenWithinASecond) {
  start(2);
  const auto id = make_workspace(0);
  const auto made = client(0).post("/v1/api_tokens", R"({"name":"robot"})", {{"Akua-Context", id}});
  ASSERT_EQ(made.status, 201) << made.body;
  position_ = made.header("tenure-position");
  auto robot = client(1).as(text(made, "token"));
  ASSERT_EQ(robot.get("/v1/workspaces/" + id, {{"Tenure-Min-Position", position_}}).status, 200);
  ASSERT_EQ(client(0).del("/v1/api_tokens/" + text(made, "id"), {{"Akua-Context", id}}).status, 204);
  EXPECT_TRUE(eventually([&] { return robot.get("/v1/workspaces/" + id).status == 401; }, 1s));
}

TEST_F(Nodes, AnswerARepeatedKeyAsTheOneThatTookItDid) {
  start(2);
  const Headers key{{"Idempotency-Key", "once"}};
  const auto first = client(0).post("/v1/workspaces", R"({"name":"Acme"})", key);
  ASSERT_EQ(first.status, 201);
  auto repeat = key;
  repeat["Tenure-Min-Position"] = first.header("tenure-position");
  const auto second = client(1).post("/v1/workspaces", R"({"name":"Acme"})", repeat);
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.header("idempotent-replayed"), "true");
}

// The same key on two nodes at once: one effect, whoever wins.
TEST_F(Nodes, GiveOneEffectToAKeyThatRaces) {
  start(2);
  for (int round = 0; round < 10; ++round) {
    const Headers key{{"Idempotency-Key", "race-" + std::to_string(round)}};
    const auto send = [&](std::size_t node) {
      return client(node).post("/v1/workspaces", R"({"name":"Acme"})", key);
    };
    auto other = std::async(std::launch::async, [&] { return send(1); });
    const auto one = send(0);
    const auto two = other.get();
    EXPECT_EQ(one.status, 201) << one.body;
    EXPECT_EQ(two.status, 201) << two.body;
    EXPECT_EQ(text(one, "id"), text(two, "id"));
  }
}

// dev, staging and prod cannot be made where a file stands in their way; the other node has no such file.
TEST_F(Nodes, GoOnWithTheSagasOfOneThatDied) {
  start(2, {"--retry-attempts-max", "1000"});
  const auto blocked = dir_ / "node0" / "environments";
  fs::remove_all(blocked);
  write_file(blocked, "in the way");
  const auto id = make_workspace(0);
  EXPECT_EQ(text(read(1, "/v1/workspaces/" + id), "status"), "provisioning");
  nodes_[0]->kill9();
  EXPECT_TRUE(eventually([&] { return text(client(1).get("/v1/workspaces/" + id), "status") == "active"; },
                         long_enough));
}

TEST_F(Nodes, ComeBackAfterAKillWithEverything) {
  start(2);
  const auto id = make_workspace(0);
  nodes_[1]->kill9();
  ASSERT_EQ(client(0).patch("/v1/workspaces/" + id, R"({"name":"while it was away"})").status, 200);
  nodes_[1]->start();
  EXPECT_EQ(text(client(1).get("/v1/workspaces/" + id), "name"), "while it was away");
}

TEST_F(Nodes, StopAtARecordThatIsNotOursInItsPartitionOnly) {
  start(1);
  const auto id = make_workspace(0);
  KafkaAdmin(topics_.brokers).produce(topics_.topic, 0, "", "rubbish");
  ASSERT_TRUE(eventually([&] { return client(0).get("/readyz").status == 503; }));
  EXPECT_THAT(
      client(0).get("/readyz?verbose").body,
      ContainsRegex("partition 0 stands still at offset [0-9]+: it does not begin like a record of Tenure"));
  EXPECT_EQ(client(0).patch("/v1/workspaces/" + id, R"({"name":"goes on"})").status, 200);

  EXPECT_EQ(nodes_[0]->terminate(), 0);
  nodes_[0]->start();
  EXPECT_EQ(client(0).get("/readyz").status, 503);
  EXPECT_THAT(nodes_[0]->err(), HasSubstr("a partition stands still"));
  EXPECT_EQ(client(0).patch("/v1/workspaces/" + id, R"({"name":"goes on still"})").status, 200);
}

TEST_F(Nodes, StopWhenTheTopicIsMadeAnewUnderThem) {
  start(1);
  const auto id = make_workspace(0);
  ASSERT_TRUE(eventually([&] { return text(client(0).get("/v1/workspaces/" + id), "status") == "active"; }));
  KafkaAdmin(topics_.brokers).remove(topics_.topic);
  ASSERT_TRUE(topic_is_made_anew());
  ASSERT_TRUE(eventually([&] { return client(0).get("/readyz").status == 503; }, 60s));
  EXPECT_THAT(client(0).get("/readyz?verbose").body, HasSubstr("it was made anew"));
  EXPECT_EQ(text(client(0).get("/v1/workspaces/" + id), "name"), "Acme");
}

TEST_F(Nodes, SayThatTheTopicIsGoneAndStillStopInOrder) {
  start(1);
  const auto id = make_workspace(0);
  KafkaAdmin(topics_.brokers).remove(topics_.topic);
  ASSERT_TRUE(eventually([&] { return says_that_the_log_does_not_answer(0); }));
  EXPECT_EQ(text(client(0).get("/v1/workspaces/" + id), "name"), "Acme");
  EXPECT_EQ(nodes_[0]->terminate(), 0);
}

// Records where the old topic's went on, once the node has seen the topic shorter than what it read: they are
// not taken for what comes next.
TEST_F(Nodes, FoldNothingOfATopicThatWasMadeAnewAndHasGrown) {
  start(1);
  const auto id = make_workspace(0);
  ASSERT_TRUE(eventually([&] { return text(client(0).get("/v1/workspaces/" + id), "status") == "active"; }));
  KafkaAdmin admin(topics_.brokers);
  admin.remove(topics_.topic);
  ASSERT_TRUE(eventually([&] { return says_that_the_log_does_not_answer(0); }));
  ASSERT_TRUE(topic_is_made_anew());
  ASSERT_TRUE(eventually([&] {
    return client(0).get("/readyz?verbose").body.find("a leader does not know yet") != std::string::npos;
  }));
  for (int partition = 0; partition < 5; ++partition) {
    for (int i = 0; i < 30; ++i) admin.produce(topics_.topic, partition, "", "not of Tenure");
  }
  ASSERT_TRUE(eventually([&] { return client(0).get("/readyz").status == 503; }, 60s));
  EXPECT_THAT(client(0).get("/readyz?verbose").body, HasSubstr("it was made anew"));
  EXPECT_EQ(text(client(0).get("/v1/workspaces/" + id), "name"), "Acme");
}

// The other one is as good a log of Tenure, under the same keys, and goes on at the node's very place.
TEST_F(Nodes, FoldNothingOfAnotherLogThatTookThePlaceOfTheirs) {
  start(2, {"--partitions", "1"});
  const auto id = make_workspace(0);
  ASSERT_TRUE(eventually([&] { return text(client(0).get("/v1/workspaces/" + id), "status") == "active"; }));
  nodes_[1]->kill9();
  ::kill(nodes_[0]->pid(), SIGSTOP);
  KafkaAdmin(topics_.brokers).remove(topics_.topic);
  fs::remove_all(dir_ / "node1");
  nodes_[1]->start();
  const auto own_token = std::exchange(token_, nodes_[1]->bootstrap_token());
  std::string last;
  for (int i = 0; i < 15; ++i) last = make_workspace(1);
  ::kill(nodes_[0]->pid(), SIGCONT);
  token_ = own_token;
  ASSERT_TRUE(eventually([&] { return client(0).get("/readyz").status == 503; }, 60s));
  EXPECT_THAT(client(0).get("/readyz?verbose").body, HasSubstr("made anew"));
  EXPECT_EQ(text(client(0).get("/v1/workspaces/" + id), "name"), "Acme");
  EXPECT_EQ(client(0).get("/v1/workspaces/" + last).status, 404);
}

// 48 writers on 20 workspaces, at three nodes: whoever loses a race decides again, and nobody loses for ever.
TEST_F(Nodes, LetEveryWriterOfARaceGetItsTurn) {
  constexpr std::size_t writers = 48;
  constexpr std::size_t workspaces = 20;
  constexpr auto race = 5s;
  start(3);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < workspaces; ++i) ids.push_back(make_workspace(i % 3));
  for (std::size_t node = 0; node < 3; ++node)
    ASSERT_EQ(read(node, "/v1/workspaces/" + ids.back()).status, 200);
  std::vector<std::future<int>> counts;
  const auto end = std::chrono::steady_clock::now() + race;
  for (std::size_t writer = 0; writer < writers; ++writer) {
    counts.push_back(std::async(std::launch::async, [&, writer] {
      auto own = client(writer % 3);
      int done = 0;
      for (std::size_t turn = 0; std::chrono::steady_clock::now() < end; ++turn) {
        const auto& id = ids[(writer * 7 + turn) % workspaces];
        const auto name = std::to_string(writer) + " " + std::to_string(turn);
        const auto answer = own.patch("/v1/workspaces/" + id, R"({"name":")" + name + R"("})");
        EXPECT_EQ(answer.status, 200) << answer.body;
        done += answer.status == 200 ? 1 : 0;
      }
      return done;
    }));
  }
  std::vector<int> done;
  for (auto& count : counts) done.push_back(count.get());
  const auto mean = std::accumulate(done.begin(), done.end(), 0) / static_cast<int>(writers);
  RecordProperty("renames", mean * static_cast<int>(writers));
  EXPECT_GE(*std::ranges::min_element(done), mean / 5) << testing::PrintToString(done);
}

class NodesOnTheirOwnBroker : public Nodes {
 protected:
  NodesOnTheirOwnBroker() : NodesOnTheirOwnBroker(std::make_unique<KafkaCluster>(1)) {}
  explicit NodesOnTheirOwnBroker(std::unique_ptr<KafkaCluster> kafka)
      : Nodes(kafka->bootstrap()), kafka_(std::move(kafka)) {}

  std::unique_ptr<KafkaCluster> kafka_;
};

TEST_F(NodesOnTheirOwnBroker, ReadWithoutItAndWriteAgainWhenItIsBack) {
  start(1, {"--commit-timeout", "1s"});
  const auto id = make_workspace(0);
  const auto target = "/v1/workspaces/" + id;
  ASSERT_TRUE(eventually([&] { return text(client(0).get(target), "status") == "active"; }));
  kafka_->pause(1);
  const auto refused =
      client(0).patch(target, R"({"name":"while it is paused"})", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_NE(refused.header("retry-after"), "");
  EXPECT_EQ(client(0).get(target).status, 200);
  ASSERT_TRUE(eventually([&] { return says_that_the_log_does_not_answer(0); }));
  EXPECT_EQ(client(0).get("/readyz").status, 200);
  kafka_->resume(1);
  Reply again;
  ASSERT_TRUE(eventually(
      [&] {
        again = client(0).patch(target, R"({"name":"while it is paused"})", {{"Idempotency-Key", "k"}});
        return again.status == 200;
      },
      long_enough))
      << again.body;
  ASSERT_TRUE(eventually([&] {
    return client(0).get("/readyz?verbose").body.find("log does not answer") == std::string::npos;
  }));
  EXPECT_EQ(text(client(0).get(target), "name"), "while it is paused");
  kafka_->kill(1);
  EXPECT_EQ(client(0).patch(target, R"({"name":"while it is dead"})").status, 503);
  kafka_->start(1);
  ASSERT_TRUE(
      eventually([&] { return client(0).patch(target, R"({"name":"back"})").status == 200; }, long_enough));
}

}  // namespace
}  // namespace tenure::test
