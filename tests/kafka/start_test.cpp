// What a start on Kafka demands, and how it says no.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "tests/support/api_client.h"
#include "tests/support/eventually.h"
#include "tests/support/kafka_admin.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tenured_process.h"

namespace tenure::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto long_enough = 30s;

class KafkaStart : public testing::Test {
 protected:
  std::vector<std::string> flags(const KafkaOptions& topics) {
    return kafka_flags(topics, (dir_ / "").string());
  }
  std::vector<std::string> flags() { return flags(topics_); }

  static std::vector<std::string> without(std::vector<std::string> flags, const std::string& flag) {
    std::erase(flags, flag);
    return flags;
  }

  // What a start that fails says; it has to end with 1.
  std::string refusal(const std::vector<std::string>& flags, const std::string& data = "refused") {
    const auto finished = run_tenured(start_arguments(dir_ / data, flags), dir_.path());
    EXPECT_EQ(finished.exit, 1) << finished.out << finished.err;
    return finished.err;
  }

  std::string make_workspace(TenuredProcess& node, const std::string& token, const std::string& name) {
    const auto made = ApiClient(node.url(), token).post("/v1/workspaces", R"({"name":")" + name + R"("})");
    EXPECT_EQ(made.status, 201) << made.body;
    return text(made, "id");
  }

  TempDir dir_;
  KafkaOptions topics_ = own_topics();
  KafkaAdmin admin_{topics_.brokers};
};

TEST_F(KafkaStart, MissingTopicsStopItWithTheCommandThatMakesThem) {
  const auto said = refusal(without(flags(), "--create-topics"));
  EXPECT_THAT(said, HasSubstr("there is no topic " + topics_.topic));
  EXPECT_THAT(said, HasSubstr("--create-topics"));
  EXPECT_THAT(said, HasSubstr("kafka-topics.sh --bootstrap-server " + topics_.brokers + " --create --topic " +
                              topics_.topic + " --partitions 5"));
}

TEST_F(KafkaStart, AnUnsafeTopicStopsItWithTheCommandThatMendsIt) {
  admin_.create(topics_.topic, 5, {{"cleanup.policy", "delete"}, {"retention.ms", "604800000"}});
  const auto said = refusal(flags());
  EXPECT_THAT(said, HasSubstr("topic " + topics_.topic + " is not safe"));
  EXPECT_THAT(said, HasSubstr("retention.ms is 604800000"));
  EXPECT_THAT(said, HasSubstr("kafka-configs.sh --bootstrap-server " + topics_.brokers +
                              " --alter --entity-type topics --entity-name " + topics_.topic));
  EXPECT_THAT(said, HasSubstr("retention.ms=-1"));
}

TEST_F(KafkaStart, AnotherPartitionCountIsRefusedWithTheRightOne) {
  { const TenuredProcess node(dir_ / "data", flags()); }
  EXPECT_THAT(refusal(with(flags(), {"--partitions", "7"})), HasSubstr("start with --partitions 4"));
}

TEST_F(KafkaStart, AWrongRootKeyIsRefused) {
  { const TenuredProcess node(dir_ / "data", flags()); }
  std::filesystem::remove(dir_ / "root-key");
  EXPECT_THAT(refusal(flags()), HasSubstr("start with the right --root-key-file"));
}

TEST_F(KafkaStart, AnUnknownSettingOfTheClientIsNamed) {
  EXPECT_THAT(refusal(with(flags(), {"--kafka-config", "no.such.setting=1"})), HasSubstr("no.such.setting"));
}

TEST_F(KafkaStart, ATopicThatWasMadeAnewIsNeverFoldedOnTop) {
  {
    TenuredProcess node(dir_ / "data", flags());
    make_workspace(node, node.bootstrap_token(), "Acme");
    EXPECT_EQ(node.terminate(), 0);
  }
  admin_.remove(topics_.topic);
  EXPECT_THAT(refusal(flags(), "data"), HasSubstr("made anew, or has lost records"));
  // Also when it has as many records as the old one had.
  { const TenuredProcess other(dir_ / "other", flags()); }
  for (int i = 0; i < 50; ++i) {
    for (int partition = 0; partition < 5; ++partition)
      admin_.produce(topics_.topic, partition, "", "something else");
  }
  EXPECT_THAT(refusal(flags(), "data"), HasSubstr("the store was not folded from this log"));
}

TEST_F(KafkaStart, AnotherTopicIsRefusedForTheSameData) {
  {
    TenuredProcess node(dir_ / "data", flags());
    EXPECT_EQ(node.terminate(), 0);
  }
  EXPECT_THAT(refusal(flags(own_topics()), "data"),
              HasSubstr("this data directory belongs to the log on kafka cluster"));
}

TEST_F(KafkaStart, DeletedRecordsStopANewNode) {
  {
    TenuredProcess node(dir_ / "data", flags());
    EXPECT_EQ(node.terminate(), 0);
  }
  admin_.delete_records(topics_.topic, 0, 1);
  EXPECT_THAT(refusal(flags()), HasSubstr("no longer has the place in partition 0"));
}

// A port where nobody listens, with a node that waits for it.
TEST_F(KafkaStart, WithoutABrokerItWaitsAliveAndNotReadyUntilItIsToldToStop) {
  auto topics = topics_;
  topics.brokers = "127.0.0.1:1";
  ProgramOptions options;
  options.arguments = start_arguments(dir_ / "data", flags(topics));
  options.directory = dir_ / "";
  Program node(executable("tenured"), options);
  ASSERT_TRUE(eventually([&] { return node.err().find("waiting") != std::string::npos; }, long_enough))
      << node.err();
  EXPECT_THAT(node.err(), HasSubstr("no Kafka broker answers at 127.0.0.1:1"));
  const auto at = node.err().find("http://");
  ApiClient client(node.err().substr(at, node.err().find('"', at) - at), "nobody");
  EXPECT_EQ(client.get("/livez").status, 200);
  const auto ready = client.get("/readyz?verbose");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("no Kafka broker answers"));
  const auto write =
      net::HttpClient::to(client.url())
          ->send({.method = "POST", .target = "/v1/workspaces", .headers = {}, .body = R"({"name":"Acme"})"},
                 long_enough);
  ASSERT_TRUE(write.has_value());
  EXPECT_EQ(write->status, 503);
  EXPECT_THAT(write->body, HasSubstr(R"("reason":"starting")"));
  EXPECT_EQ(node.out(), "");
  node.signal(SIGTERM);
  EXPECT_EQ(node.wait(long_enough), 0);
}

}  // namespace
}  // namespace tenure::test
