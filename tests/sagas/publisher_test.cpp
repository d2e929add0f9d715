#include "sagas/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/store/keys.h"
#include "projections/outbox.h"
#include "tests/support/fake_sink.h"
#include "tests/support/small_node.h"
#include "tests/support/temp_dir.h"

namespace tenure::testing {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

constexpr Partition home{1};

class PublisherTest : public ::testing::Test {
 protected:
  struct Member {
    std::uint8_t number;
    std::unique_ptr<FakeSink> sink;
    std::unique_ptr<SmallNode> node;
    bool storing = true;  // its sink stores what it gets
  };

  Member& add_node(std::uint8_t number) {
    auto& member = *members_.emplace_back(std::make_unique<Member>());
    member.number = number;
    member.sink = std::make_unique<FakeSink>(topic_);
    start(member);
    return member;
  }
  void start(Member& member) {
    member.node = std::make_unique<SmallNode>(world_, folder_ / std::to_string(member.number), member.number,
                                              false, member.sink.get());
    while (member.node->engine().catch_up()) {
    }
    member.node->engine().start_sagas();
  }
  void end(Member& member) {
    member.node.reset();
    member.sink = std::make_unique<FakeSink>(topic_);
  }
  void turn() {
    for (auto& member : members_) {
      if (member->node) member->node->pump();
      if (member->storing) member->sink->store();
    }
    world_.log.advance();
  }
  void passes(Duration time) {
    for (const auto end = world_.clock.now() + time; world_.clock.now() < end; world_.clock.advance(20ms))
      turn();
  }
  WorkspaceId make_workspace(Member& member) {
    if (account_.is_nil()) account_ = make_account(world_, *member.node, user_);
    const auto id = WorkspaceId::make(world_.clock.now(), world_.random);
    (void)member.node->submit(
        workspace::CreateWorkspace{
            .workspace = id, .account = account_, .owner = user_, .name = "W", .slug = {}, .region = {}},
        home);
    passes(1s);
    return id;
  }
  static void rename(Member& member, WorkspaceId id, const std::string& name) {
    (void)member.node->submit(workspace::UpdateWorkspace{id, name, {}}, home);
  }
  // The types of what was published of one workspace, without the prefix.
  [[nodiscard]] std::vector<std::string> published(WorkspaceId id) const {
    std::vector<std::string> types;
    for (const auto& record : topic_) {
      if (record.key == id.str())
        types.push_back(header(record, "ce_type").substr(outbox::type_prefix.size()));
    }
    return types;
  }
  [[nodiscard]] std::vector<std::string> sequences(WorkspaceId id) const {
    std::vector<std::string> found;
    for (const auto& record : topic_) {
      if (record.key == id.str()) found.push_back(header(record, "ce_sequence"));
    }
    return found;
  }
  [[nodiscard]] std::uint64_t records() { return to_number(world_.log.end(home)); }
  static std::string dump(const Store& store) {
    std::string bytes;
    auto scan = store.scan("");
    for (scan.to_first(); scan.valid(); scan.next()) bytes.append(scan.key()).append(scan.value());
    return bytes;
  }

  test::TempDir folder_;
  SharedWorld world_;
  FakeTopic topic_;
  std::vector<std::unique_ptr<Member>> members_;
  UserId user_{Uuid{{7}}};
  AccountId account_;
};

TEST_F(PublisherTest, TheEventsOfAWorkspaceComeInTheOrderOfTheLogWithAGaplessSequence) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  auto types = published(id);
  ASSERT_GE(types.size(), 5U);
  types.resize(5);
  EXPECT_THAT(types, ElementsAre("workspace.created", "environment.added", "environment.added",
                                 "environment.added", "operation.started"));
  EXPECT_EQ(published(id).back(), "workspace.activated");
  std::uint64_t expected = 0;
  for (const auto& sequence : sequences(id)) EXPECT_EQ(std::stoull(sequence), ++expected);
}

TEST_F(PublisherTest, ARecordSaysWhatCloudEventsAsksFor) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  const auto at = std::ranges::find(topic_, id.str(), &EventRecord::key);
  ASSERT_NE(at, topic_.end());
  EXPECT_EQ(header(*at, "content-type"), "application/json");
  EXPECT_EQ(header(*at, "ce_specversion"), "1.0");
  EXPECT_EQ(header(*at, "ce_type"), "tenure.workspace.created");
  EXPECT_EQ(header(*at, "ce_source"), "/tenure");
  EXPECT_EQ(header(*at, "ce_subject"), id.str());
  EXPECT_EQ(header(*at, "ce_partitionkey"), id.str());
  EXPECT_TRUE(header(*at, "ce_id").starts_with("cmt_") && header(*at, "ce_id").ends_with("-0"))
      << header(*at, "ce_id");
  EXPECT_EQ(header(*at, "ce_sequence"), "00000000000000000001");
  EXPECT_TRUE(parse_rfc3339(header(*at, "ce_time")));
  EXPECT_FALSE(header(*at, "ce_correlationid").empty());
  const auto data = json::parse(at->value).value();
  EXPECT_EQ(std::string_view(data.at("id").as_string()), id.str());
  EXPECT_EQ(std::string_view(data.at("name").as_string()), "W");
}

TEST_F(PublisherTest, AnEventThatDoesNotNameItsResourceIsGivenIts) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  for (const auto& record : topic_) {
    const auto data = json::parse(record.value).value();
    EXPECT_TRUE(data.as_object().contains("id")) << header(record, "ce_type");
  }
  EXPECT_EQ(topic_.back().value, "{\"id\":\"" + id.str() + "\"}") << header(topic_.back(), "ce_type");
}

TEST_F(PublisherTest, CredentialsPeoplesNamesAndInnerEventsStayInside) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  (void)one.node->submit(api_token::CreateApiToken{.workspace = id,
                                                   .token = TokenId(Uuid{{9}}),
                                                   .name = "CI",
                                                   .role = {},
                                                   .expires_at = {},
                                                   .prefix = "the-prefix",
                                                   .hash = std::string(64, 'b')},
                         home);
  passes(1s);
  std::set<std::string> types;
  for (const auto& record : topic_) {
    types.insert(header(record, "ce_type"));
    for (const auto* inner : {"none.none", "the-prefix", "aaaaaaaa", "bbbbbbbb", "nod_"}) {
      EXPECT_EQ(record.value.find(inner), std::string::npos) << record.value;
    }
  }
  EXPECT_TRUE(types.contains("tenure.user.registered") && types.contains("tenure.api_token.created"));
  for (const auto& type : types) {
    EXPECT_FALSE(type.starts_with("tenure.session") || type.starts_with("tenure.publication") ||
                 type.starts_with("tenure.reservation") || type.ends_with("counted") ||
                 type.ends_with("claimed"))
        << type;
  }
}

TEST_F(PublisherTest, ABurstCostsOneClaimAndOneReleaseAndAnIdleSystemWritesNothing) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  const auto before = records();
  rename(one, id, "A");
  rename(one, id, "B");
  passes(30s);
  EXPECT_EQ(records() - before, 2U + 2U);
  EXPECT_EQ(outbox::count(one.node->store(), 100), 0U);
  const auto idle = records();
  passes(10min);
  EXPECT_EQ(records(), idle);
}

TEST_F(PublisherTest, TheClaimIsRenewedOnlyEveryHalfLeaseWhileThereIsWork) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  const auto before = records();
  constexpr int renames = 40;
  for (int i = 0; i < renames; ++i) {
    rename(one, id, "N" + std::to_string(i));
    passes(500ms);
  }
  passes(30s);
  EXPECT_LE(records() - before, renames + 20s / (Policy().saga_lease / 2) + 2);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), renames);
}

TEST_F(PublisherTest, OneOfSeveralNodesPublishes) {
  auto& one = add_node(1);
  auto& two = add_node(2);
  const auto id = make_workspace(one);
  for (int i = 0; i < 50; ++i) {
    rename(i % 2 == 0 ? one : two, id, "N" + std::to_string(i));
    passes(700ms);
  }
  passes(30s);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), 50);
  const auto all = sequences(id);
  EXPECT_TRUE(std::ranges::is_sorted(all));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

TEST_F(PublisherTest, AnotherNodeGoesOnWhenTheLeaseOfOneThatDiedHasRunOut) {
  auto& one = add_node(1);
  auto& two = add_node(2);
  const auto id = make_workspace(one);
  passes(30s);
  one.storing = false;
  rename(one, id, "A");
  two.node->pump();
  passes(200ms);
  const auto published_by_one = one.sink->waiting() > 0;
  auto& holder = published_by_one ? one : two;
  auto& other = published_by_one ? two : one;
  other.storing = true;
  end(holder);
  passes(4s);
  EXPECT_EQ(published(id).back(), "workspace.activated") << "the lease still runs";
  passes(2s);
  EXPECT_EQ(published(id).back(), "workspace.renamed");
}

TEST_F(PublisherTest, ANodeThatComesBackGoesOnWhereItStopped) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  end(one);
  start(one);
  const auto before = topic_.size();
  rename(one, id, "A");
  passes(30s);
  ASSERT_EQ(topic_.size(), before + 1);
  EXPECT_EQ(published(id).back(), "workspace.renamed");
}

TEST_F(PublisherTest, WhatWasSentAndNotWrittenDownIsSentAgain) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  rename(one, id, "A");
  passes(200ms);
  end(one);
  start(one);
  passes(30s);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), 2);
  EXPECT_EQ(sequences(id).back(), *std::next(sequences(id).rbegin())) << "with the same sequence and id";
}

TEST_F(PublisherTest, WhatTheSinkDidNotStoreIsPublishedAgainInOrder) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  one.storing = false;
  for (int i = 0; i < 5; ++i) rename(one, id, "N" + std::to_string(i));
  passes(200ms);
  ASSERT_EQ(one.sink->waiting(), 5U);
  one.sink->store(2);
  one.sink->fail();
  one.storing = true;
  passes(30s);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), 5);
  EXPECT_TRUE(std::ranges::is_sorted(sequences(id)));
  EXPECT_EQ(outbox::count(one.node->store(), 100), 0U);
}

TEST_F(PublisherTest, ASinkThatTakesNothingDoesNotFillTheLog) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  one.storing = false;
  rename(one, id, "A");
  passes(1s);
  const auto before = records();
  passes(10min);
  EXPECT_LE(records() - before, 40U);
  one.storing = true;
  passes(2min);
  EXPECT_EQ(published(id).back(), "workspace.renamed");
}

TEST_F(PublisherTest, ANodeThatEndsLeavesTheRestToOthersAtOnce) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  passes(30s);
  rename(one, id, "A");
  passes(200ms);
  one.node->engine().hand_over();
  passes(200ms);
  end(one);
  auto& two = add_node(2);
  rename(two, id, "B");
  passes(500ms);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), 2);
}

TEST_F(PublisherTest, WhatIsOnItsWayWhenANodeEndsIsNotSentAgainByTheNext) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  one.storing = false;
  rename(one, id, "A");
  passes(200ms);
  ASSERT_GT(one.sink->waiting(), 0U);
  one.node->engine().hand_over();
  passes(200ms);
  EXPECT_FALSE(one.node->engine().is_handed_over());
  one.storing = true;
  passes(200ms);
  ASSERT_TRUE(one.node->engine().is_handed_over());
  end(one);
  auto& two = add_node(2);
  rename(two, id, "B");
  passes(500ms);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), 2);
}

TEST_F(PublisherTest, ABacklogIsPublishedInPortions) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  one.storing = false;
  constexpr int renames = 3'000;
  for (int i = 0; i < renames; ++i) {
    rename(one, id, "N" + std::to_string(i));
    if (i % 100 == 0) turn();
  }
  passes(1s);
  EXPECT_LE(one.sink->waiting(), 1'000U);
  one.storing = true;
  passes(2min);
  EXPECT_EQ(std::ranges::count(published(id), "workspace.renamed"), renames);
  EXPECT_EQ(outbox::count(one.node->store(), 100), 0U);
}

TEST_F(PublisherTest, EveryBatchSplitFoldsToTheSameBytes) {
  auto& one = add_node(1);
  const auto id = make_workspace(one);
  for (int i = 0; i < 40; ++i) {
    rename(one, id, "N" + std::to_string(i));
    if (i % 10 == 0) passes(3s);
  }
  one.storing = false;
  rename(one, id, "not published");
  passes(1s);
  const auto live = dump(one.node->store());
  for (const std::size_t split : {1U, 2U, 3U, 7U, 10'000U}) {
    const auto store =
        Store::open(folder_ / ("split" + std::to_string(split)), Store::Mode::read_write).value();
    StreamStates states(*store, split);
    Projector projector(
        *store, states, [](Partition, const StreamName&) {}, Projector::Publishing::on);
    Fold fold(world_.log, *store, *world_.keys, projector);
    while (fold.behind()) (void)fold.step(split);
    EXPECT_TRUE(dump(*store) == live) << "in steps of " << split;
  }
}

TEST_F(PublisherTest, WithoutASinkNothingIsKeptForIt) {
  SmallNode node(world_, folder_ / "9", 9, true);
  (void)make_account(world_, node, user_);
  EXPECT_EQ(outbox::count(node.store(), 100), 0U);
}

}  // namespace
}  // namespace tenure::testing
