// What other systems read on the topic of public events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "core/time/clock.h"
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
using testing::Not;
namespace fs = std::filesystem;

constexpr auto long_enough = 30s;
// How the first user is called: the one name of a person that a new system has.
constexpr auto name_of_a_person = "Administrator";
constexpr auto traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class PublicEvents : public testing::Test {
 protected:
  using Record = KafkaAdmin::Record;

  void start(std::size_t count, const std::string& lease = "1s") {
    auto flags = kafka_flags(topics_, (dir_ / "").string());
    flags.insert(flags.end(), {"--saga-lease", lease, "--retry-base", "100ms"});
    std::vector<fs::path> data_dirs;
    for (std::size_t i = 0; i < count; ++i) data_dirs.push_back(dir_ / ("node" + std::to_string(i)));
    nodes_ = TenuredProcess::start_together(data_dirs, flags);
    for (std::size_t i = 0; i < count; ++i) {
      if (fs::exists(data_dirs[i] / "bootstrap-token")) token_ = nodes_[i]->bootstrap_token();
    }
  }
  ApiClient client(std::size_t node) { return {nodes_[node]->url(), token_}; }
  std::string make_workspace(std::size_t node) {
    const auto made =
        client(node).post("/v1/workspaces", R"({"name":"Acme"})", {{"traceparent", traceparent}});
    EXPECT_EQ(made.status, 201) << made.body;
    position_ = made.header("tenure-position");
    return text(made, "id");
  }
  // After everything that was renamed before, on whichever node.
  void rename(std::size_t node, const std::string& id, const std::string& name) {
    const auto renamed = client(node).patch("/v1/workspaces/" + id, R"({"name":")" + name + R"("})",
                                            {{"Tenure-Min-Position", position_}});
    EXPECT_EQ(renamed.status, 200) << renamed.body;
    position_ = renamed.header("tenure-position");
  }

  std::vector<Record> topic() { return KafkaAdmin(topics_.brokers).read_all(topics_.events_topic); }
  std::vector<Record> of(const std::string& subject) {
    auto records = topic();
    std::erase_if(records, [&](const Record& record) { return record.key != subject; });
    return records;
  }
  bool comes(const std::string& subject, const std::string& data) {
    return eventually(
        [&] {
          return std::ranges::any_of(of(subject), [&](const Record& record) {
            return record.value.find(data) != std::string::npos;
          });
        },
        long_enough);
  }
  // What a reader gets that drops what is not above the last sequence it read; nothing when there is a gap.
  static std::optional<std::vector<Record>> once(const std::vector<Record>& records) {
    std::vector<Record> kept;
    for (const auto& record : records) {
      const auto sequence = std::stoull(record.headers.at("ce_sequence"));
      if (sequence > kept.size() + 1) return std::nullopt;
      if (sequence == kept.size() + 1) kept.push_back(record);
    }
    return kept;
  }

  void TearDown() override {
    if (!HasFailure()) return;
    for (auto& node : nodes_) std::cerr << "a node wrote:\n" << node->err();
  }

  TempDir dir_;
  const KafkaOptions topics_ = own_topics();
  std::vector<std::unique_ptr<TenuredProcess>> nodes_;
  std::string token_, position_;
};

TEST_F(PublicEvents, AreCloudEventsInBinaryMode) {
  start(1);
  const auto id = make_workspace(0);
  ASSERT_TRUE(comes(id, R"("name":"Acme")"));
  const auto record = of(id).front();
  const auto& headers = record.headers;
  EXPECT_EQ(headers.at("content-type"), "application/json");
  EXPECT_EQ(headers.at("ce_specversion"), "1.0");
  EXPECT_EQ(headers.at("ce_source"), "/tenure");
  EXPECT_EQ(headers.at("ce_type"), "tenure.workspace.created");
  EXPECT_EQ(headers.at("ce_subject"), id);
  EXPECT_EQ(headers.at("ce_partitionkey"), id);
  EXPECT_EQ(headers.at("ce_sequence"), "00000000000000000001");
  EXPECT_EQ(headers.at("ce_traceparent"), traceparent);
  EXPECT_NE(headers.at("ce_correlationid"), "");
  EXPECT_TRUE(parse_rfc3339(headers.at("ce_time"))) << headers.at("ce_time");
  EXPECT_THAT(headers.at("ce_id"), testing::MatchesRegex("cmt_[0-9a-z]{26}-[0-9]+"));
  EXPECT_EQ(text(json::parse(record.value).value(), "id"), id);
}

TEST_F(PublicEvents, SayNothingSecretAndNameNobody) {
  start(1);
  const auto id = make_workspace(0);
  const auto token = client(0).post("/v1/api_tokens", R"({"name":"robot"})", {{"Akua-Context", id}});
  ASSERT_EQ(token.status, 201) << token.body;
  ASSERT_TRUE(comes(id, R"("name":"robot")"));
  const auto begin_of_secret = text(token, "token").substr(0, 12);
  std::set<std::string> types;
  for (const auto& record : topic()) {
    auto everything = record.key + record.value;
    for (const auto& [name, value] : record.headers) everything += name + value;
    types.insert(record.headers.at("ce_type"));
    EXPECT_THAT(everything, Not(HasSubstr(name_of_a_person)));
    EXPECT_THAT(everything, Not(HasSubstr(begin_of_secret)));
    EXPECT_THAT(everything, Not(HasSubstr("hash")));
  }
  EXPECT_TRUE(types.contains("tenure.user.registered")) << "the person is there, without the name";
}

TEST_F(PublicEvents, ComeInOrderFromNodesThatAreKilled) {
  start(2);
  const auto id = make_workspace(0);
  for (int i = 0; i < 40; ++i) {
    rename(static_cast<std::size_t>(i) % 2, id, "name " + std::to_string(i));
    if (i == 15 || i == 30) {
      auto& node = *nodes_[i == 15 ? 0 : 1];
      node.kill9();
      node.start();
    }
  }
  ASSERT_TRUE(comes(id, R"("name":"name 39")"));
  const auto kept = once(of(id));
  ASSERT_TRUE(kept) << "a sequence has a gap";
  std::vector<std::string> names;
  for (const auto& record : *kept) {
    if (record.headers.at("ce_type") == "tenure.workspace.renamed")
      names.push_back(text(json::parse(record.value).value(), "name"));
  }
  ASSERT_EQ(names.size(), 40U);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(names[static_cast<std::size_t>(i)], "name " + std::to_string(i));
  EXPECT_TRUE(eventually([&] {
    return client(1).get("/metrics").body.find("tenure_events_unpublished 0\n") != std::string::npos;
  }));
  EXPECT_THAT(client(1).get("/readyz?verbose").body, HasSubstr("[+] publisher, 0 events unpublished"));
}

TEST_F(PublicEvents, AreNotSentAgainByANodeThatTakesOverFromOneThatWasStopped) {
  start(2, "5m");  // much longer than this test waits: the claim has to be given back
  const auto id = make_workspace(0);
  ASSERT_TRUE(eventually([&] { return text(client(0).get("/v1/workspaces/" + id), "status") == "active"; }));
  ASSERT_EQ(nodes_[0]->terminate(), 0);
  rename(1, id, "the last");
  ASSERT_TRUE(comes(id, R"("name":"the last")"));
  const auto records = of(id);
  EXPECT_EQ(once(records).value().size(), records.size());
}

}  // namespace
}  // namespace tenure::test
