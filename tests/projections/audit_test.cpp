#include "projections/audit.h"

#include "core/events/audit_payload.h"
#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

using audit::Order;
using Sequences = std::vector<std::int64_t>;

// ---- The bytes that are proven. Expected values were made with a few lines of Python from the documented
// rules. ----

AuditPayload known_payload() {
  return {.actor_display = "Ada Lovelace",
          .actor_display_sealed = {},
          .via_organization = {},
          .target_displays = {"Acme", ""},
          .changes = "{\"name\":{\"from\":\"Old €\",\"to\":\"Söhne \\\"&\\\" \\\\ \\u001f\"}}",
          .context = {.ip = "192.0.2.1",
                      .user_agent = "curl/8",
                      .request_id = "req-1",
                      .trace_id = "0af7651916cd43dd8448eb211c80319c",
                      .idempotency_key = "key-1"}};
}
constexpr std::string_view known_salt = "40f8217b3d36d699d73e69042bad7f11";
constexpr std::string_view known_commitment =
    "0c77d517578dded062ddd29a4c9b892fdba378afd18af7a53ff99c32364fd4cb";
constexpr std::string_view known_leaf = "15f4806a655f5dd9b69a99f4c828fac9e125c8dd8f5f7575388ed571cf6a15be";

AuditSalt salt_of_commit_20() { return audit_salt(key_of_counting_bytes(), numbered<CommitId>(20)); }

TEST(AuditProofTest, TheSaltIsKeyedByTheTenantAndNamesTheCommit) {
  const auto salt = salt_of_commit_20();
  EXPECT_EQ(crypto::to_hex(std::string_view(reinterpret_cast<const char*>(salt.data()), salt.size())),
            known_salt);
  EXPECT_NE(audit_salt(key_of_counting_bytes(), numbered<CommitId>(21)), salt);
  EXPECT_NE(audit_salt(crypto::Key(), numbered<CommitId>(20)), salt);
}

TEST(AuditProofTest, ThePayloadIsCanonicalJson) {
  const auto text = plain_payload(known_payload());
  EXPECT_EQ(
      text,
      R"({"actor":{"display":"Ada Lovelace"},"changes":{"name":{"from":"Old €","to":"Söhne \"&\" \\ \u001f"}},)"
      R"("context":{"idempotency_key":"key-1","ip":"192.0.2.1","request_id":"req-1",)"
      R"("trace_id":"0af7651916cd43dd8448eb211c80319c","user_agent":"curl/8"},)"
      R"("targets":[{"display":"Acme"},{"display":""}]})");
  EXPECT_EQ(json::canonical(json::parse(text).value()), text);
}

TEST(AuditProofTest, TheCommitmentIsTheHashOfSaltAndPayload) {
  EXPECT_EQ(crypto::to_hex(audit_commitment(salt_of_commit_20(), plain_payload(known_payload()))),
            known_commitment);
}

TEST(AuditProofTest, AnActorThroughAnOrganizationAndAnEmptyContextAreCommittedToo) {
  const AuditPayload payload{.actor_display = "Ada",
                             .via_organization = "org_x",
                             .target_displays = {},
                             .changes = "{}",
                             .context = {}};
  EXPECT_EQ(
      plain_payload(payload),
      R"({"actor":{"display":"Ada","via_organization":"org_x"},"changes":{},"context":{},"targets":[]})");
  EXPECT_EQ(crypto::to_hex(audit_commitment(salt_of_commit_20(), plain_payload(payload))),
            "6aa393c9400a896c5b005a1261cf61a4a6343641fd033cc0db46473ab20e40ff");
}

TEST(AuditProofTest, TheStoredPayloadHasTheSealedNameInItsPlaceAndTheCommitmentTheNameItself) {
  auto payload = known_payload();
  payload.actor_display_sealed = Sealed("usr_x.box");
  EXPECT_EQ(plain_payload(payload), plain_payload(known_payload()));
  EXPECT_NE(stored_payload(payload).find(R"("actor":{"display":{"$sealed":"usr_x.box"}})"),
            std::string::npos);
  EXPECT_EQ(stored_payload(payload).find("Ada"), std::string::npos);
}

TEST(AuditProofTest, ALeafIsTheHashOfZeroAndTheCanonicalEnvelope) {
  CommitEnvelope commit;
  commit.actor = {ActorType::token, "tok_x"};
  commit.audit = AuditEnvelope{.feed = "ws_x",
                               .action = "workspace.frozen",
                               .outcome = Outcome::rejected,
                               .reason = "workspace_provisioning",
                               .targets = {}};
  commit.audit->commitment.fill(0xab);
  const auto bytes =
      audit::leaf_bytes(commit, 7, from_unix_millis(1'700'000'000'123), {Partition{3}, Offset{42}});
  EXPECT_EQ(bytes, R"({"action":"workspace.frozen","actor":{"id":"tok_x","type":"token"},)"
                   R"("commitment":"abababababababababababababababababababababababababababababababab",)"
                   R"("occurred_at":"2023-11-14T22:13:20.123Z","outcome":"rejected","position":"3-42",)"
                   R"("reason":"workspace_provisioning","sequence":7,"targets":[]})");
  EXPECT_EQ(json::canonical(json::parse(bytes).value()), bytes);
  EXPECT_EQ(crypto::to_hex(merkle::leaf_hash(bytes)),
            "ee7cc62ee63ab146dff6d599ac7010a7f5bcdef86ab7c51cd1386d4d4d0fb6b5");
}

// ---- Feeds
// ---------------------------------------------------------------------------------------------------------

class AuditFeedTest : public ViewTest {
 protected:
  // One more entry of the workspace's feed.
  void enter(const std::string& action, const std::string& target = "", Outcome outcome = Outcome::success) {
    next_commit.audit =
        AuditEnvelope{.feed = feed(), .action = action, .outcome = outcome, .reason = {}, .targets = {}};
    if (outcome != Outcome::success) next_commit.audit->reason = "workspace_frozen";
    if (!target.empty()) next_commit.audit->targets.push_back({"thing", target});
    const StreamName stream("refusal", std::to_string(entries_++));
    happened(feed(), {{stream, {reservation::Taken{}}}});
  }
  [[nodiscard]] std::vector<merkle::Hash> leaf_hashes() const {
    std::vector<merkle::Hash> hashes;
    for (const auto& leaf : column(rows(), "leaf_hash")) {
      const auto bytes = crypto::from_hex(leaf).value();
      std::ranges::copy(bytes, reinterpret_cast<char*>(hashes.emplace_back().data()));
    }
    return hashes;
  }
  void enter_many(int count) {
    for (int i = 0; i < count; ++i) {
      enter("workspace.updated");
      now += std::chrono::seconds(1);
    }
  }
  [[nodiscard]] std::string feed() const { return workspace_.str(); }
  [[nodiscard]] std::vector<std::string> rows(const audit::Filter& filter = {},
                                              Order order = Order::oldest_first,
                                              std::size_t limit = 100) const {
    return walk(limit,
                [&](const PageRequest& page) { return audit::list(store(), feed(), filter, order, page); });
  }
  [[nodiscard]] Sequences list(const audit::Filter& filter = {}, Order order = Order::oldest_first,
                               std::size_t limit = 100) const {
    Sequences found;
    for (const auto& row : rows(filter, order, limit)) found.push_back(object(row).at("sequence").as_int64());
    return found;
  }
  [[nodiscard]] static Sequences sequences(std::int64_t begin, std::int64_t end) {
    Sequences numbers(static_cast<std::size_t>(end - begin));
    std::iota(numbers.begin(), numbers.end(), begin);
    return numbers;
  }

  const WorkspaceId workspace_ = numbered<WorkspaceId>(4);

 private:
  int entries_ = 0;
};

TEST_F(AuditFeedTest, AnEntryIsReadyToSendWithItsSaltItsCommittedPayloadAndItsLeaf) {
  happened(feed(), {{StreamName("refusal", "0"), {reservation::Taken{}}}});  // takes offset 0
  next_commit.id = numbered<CommitId>(20);
  next_commit.audit = AuditEnvelope{
      .feed = feed(),
      .action = "workspace.updated",
      .outcome = Outcome::success,
      .reason = {},
      .targets = {{"workspace", workspace_.str()}, {"operation", numbered<OperationId>(5).str()}}};
  next_payload = known_payload();
  happened(feed(), {{StreamName("refusal", "1"), {reservation::Taken{}}}});
  const auto found = rows();
  ASSERT_EQ(found.size(), 1U);
  const auto leaf = object(found.front()).at("leaf_hash").as_string();
  EXPECT_EQ(
      found.front(),
      "{\"id\":\"" + AuditEntryId(numbered<CommitId>(20).uuid()).str() +
          R"(","sequence":0,"occurred_at":"2023-11-14T22:13:20.123Z","actor":{"type":"user","id":")" +
          user.str() + R"(","display":"Ada Lovelace"},"action":"workspace.updated","outcome":"success",)" +
          R"("targets":[{"display":"Acme","id":")" + workspace_.str() +
          R"(","type":"workspace"},{"display":"","id":")" + numbered<OperationId>(5).str() +
          R"(","type":"operation"}],"changes":{"name":{"from":"Old €","to":"Söhne \"&\" \\ \u001f"}},)" +
          R"("context":{"idempotency_key":"key-1","ip":"192.0.2.1","request_id":"req-1",)" +
          R"("trace_id":"0af7651916cd43dd8448eb211c80319c","user_agent":"curl/8"},"position":"1-1",)" +
          R"("salt":")" + std::string(known_salt) + R"(","leaf_hash":")" + std::string(leaf) + "\"}");
}

TEST_F(AuditFeedTest, TheLeafOfAnEntryIsTheKnownOne) {
  next_commit.id = numbered<CommitId>(20);
  next_commit.audit = AuditEnvelope{
      .feed = feed(),
      .action = "workspace.updated",
      .outcome = Outcome::success,
      .reason = {},
      .targets = {{"workspace", workspace_.str()}, {"operation", numbered<OperationId>(5).str()}}};
  next_payload = known_payload();
  happened(feed(), {{StreamName("refusal", "1"), {reservation::Taken{}}}});
  EXPECT_EQ(column(rows(), "leaf_hash"), std::vector<std::string>{std::string(known_leaf)});
  EXPECT_EQ(audit::head(store(), feed()).size, 1U);
  EXPECT_EQ(crypto::to_hex(audit::head(store(), feed()).root), known_leaf);
}

TEST_F(AuditFeedTest, TheHeadIsTheRootOverTheLeavesOfTheEntries) {
  merkle::Edge edge;
  for (int size = 1; size <= 20; ++size) {
    enter("workspace.updated");
    edge.append(leaf_hashes().back(), [](std::uint8_t, std::uint64_t, const merkle::Hash&) {});
    EXPECT_EQ(audit::head(store(), feed()).root, edge.root());
    EXPECT_EQ(audit::head(store(), feed()).size, edge.size());
  }
}

TEST_F(AuditFeedTest, EveryNodeOfACompleteSubtreeIsThere) {
  constexpr int size = 21;
  enter_many(size);
  auto nodes = leaf_hashes();
  for (std::uint8_t level = 0; !nodes.empty(); ++level) {
    for (std::size_t i = 0; i < nodes.size(); ++i)
      EXPECT_EQ(audit::node(store(), feed(), level, i), nodes[i]) << int{level} << "/" << i;
    EXPECT_EQ(audit::node(store(), feed(), level, nodes.size()), std::nullopt);
    std::vector<merkle::Hash> above;
    for (std::size_t i = 0; i + 1 < nodes.size(); i += 2)
      above.push_back(merkle::node_hash(nodes[i], nodes[i + 1]));
    nodes = std::move(above);
  }
}

TEST_F(AuditFeedTest, AFeedThatHasNoEntryIsTheEmptyTree) {
  EXPECT_EQ(audit::head(store(), feed()).size, 0U);
  EXPECT_EQ(crypto::to_hex(audit::head(store(), feed()).root),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(list().empty());
}

TEST_F(AuditFeedTest, CountsWithoutGapsFromZeroInEachFeed) {
  enter_many(3);
  next_commit.audit = AuditEnvelope{.feed = account.str(), .action = "account.created"};
  happened(account.str(), {{StreamName("refusal", "x"), {reservation::Taken{}}}});
  enter_many(2);
  EXPECT_EQ(list(), sequences(0, 5));
  EXPECT_EQ(audit::head(store(), account.str()).size, 1U);
}

TEST_F(AuditFeedTest, ACommitWithoutAnEntryLeavesTheFeed) {
  enter_many(1);
  happened(feed(), {{StreamName("refusal", "x"), {reservation::Taken{}}}});
  EXPECT_EQ(list(), sequences(0, 1));
}

TEST_F(AuditFeedTest, NewestFirstIsTheOtherWayRound) {
  enter_many(5);
  EXPECT_EQ(list({}, Order::newest_first), (Sequences{4, 3, 2, 1, 0}));
}

TEST_F(AuditFeedTest, EveryPageSizeGivesEveryEntryOnceInBothOrders) {
  enter_many(11);
  const auto up = sequences(0, 11);
  const Sequences down(up.rbegin(), up.rend());
  for (const std::size_t limit : {1U, 2U, 3U, 10U, 11U, 12U}) {
    EXPECT_EQ(list({}, Order::oldest_first, limit), up) << limit;
    EXPECT_EQ(list({}, Order::newest_first, limit), down) << limit;
  }
}

TEST_F(AuditFeedTest, TheLastPageSaysThatItIsTheLast) {
  enter_many(4);
  PageRequest request{.limit = 2, .after = {}};
  const auto first = audit::list(store(), feed(), {}, Order::oldest_first, request);
  ASSERT_TRUE(first.next);
  request.after = first.next;
  EXPECT_FALSE(audit::list(store(), feed(), {}, Order::oldest_first, request).next);
}

TEST_F(AuditFeedTest, WhatComesDuringAWalkFromTheNewestDoesNotShowUpInIt) {
  enter_many(4);
  PageRequest request{.limit = 2, .after = {}};
  const auto first = audit::list(store(), feed(), {}, Order::newest_first, request);
  enter_many(3);
  request.after = first.next;
  const auto second = audit::list(store(), feed(), {}, Order::newest_first, request);
  Sequences seen;
  for (const auto& row : second.rows) seen.push_back(object(row).at("sequence").as_int64());
  EXPECT_EQ(seen, (Sequences{1, 0}));
  EXPECT_FALSE(second.next);
}

TEST_F(AuditFeedTest, FiltersByActionAlsoByItsBeginning) {
  for (const auto* action : {"token.created", "token.revoked", "tokens.other", "workspace.frozen"})
    enter(action);
  EXPECT_EQ(list({.action = "token.created"}), Sequences{0});
  EXPECT_EQ(list({.action = "token.*"}), (Sequences{0, 1}));
  EXPECT_EQ(list({.action = "*"}), (Sequences{0, 1, 2, 3}));
  EXPECT_TRUE(list({.action = "token"}).empty());
}

TEST_F(AuditFeedTest, FiltersByTargetActorAndOutcome) {
  enter("workspace.updated", "env_a");
  enter("workspace.updated", "env_b", Outcome::rejected);
  next_commit.actor = {ActorType::token, "tok_x"};
  enter("workspace.updated", "env_a", Outcome::denied);
  EXPECT_EQ(list({.target = "env_a"}), (Sequences{0, 2}));
  EXPECT_EQ(list({.actor = "tok_x"}), Sequences{2});
  EXPECT_EQ(list({.actor = user.str()}), (Sequences{0, 1}));
  EXPECT_EQ(list({.outcome = "rejected"}), Sequences{1});
  EXPECT_EQ(list({.outcome = "denied"}), Sequences{2});
  EXPECT_EQ(list({.actor = "tok_x", .target = "env_b"}), Sequences{});
}

TEST_F(AuditFeedTest, FiltersByTimeFromWhichIsIncludedToWhichIsNot) {
  const auto start = now;
  enter_many(10);
  const auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  EXPECT_EQ(list({.from = at(3), .to = at(6)}), sequences(3, 6));
  EXPECT_EQ(list({.from = at(8)}), sequences(8, 10));
  EXPECT_EQ(list({.to = at(2)}), sequences(0, 2));
  EXPECT_EQ(list({.from = at(3) + Duration(1)}), sequences(4, 10));
  EXPECT_TRUE(list({.from = at(10)}).empty());
  EXPECT_TRUE(list({.from = at(6), .to = at(6)}).empty());
  EXPECT_TRUE(list({.from = at(6), .to = at(3)}).empty());
  EXPECT_EQ(list({.from = at(3), .to = at(6)}, Order::newest_first, 1), (Sequences{5, 4, 3}));
}

TEST_F(AuditFeedTest, FilteredPagesGiveEveryMatchOnce) {
  for (int i = 0; i < 20; ++i) enter(i % 3 == 0 ? "token.created" : "workspace.updated");
  EXPECT_EQ(list({.action = "token.created"}, Order::oldest_first, 2), (Sequences{0, 3, 6, 9, 12, 15, 18}));
  EXPECT_EQ(list({.action = "token.created"}, Order::newest_first, 2), (Sequences{18, 15, 12, 9, 6, 3, 0}));
}

TEST_F(AuditFeedTest, TimeNeverRunsBackwardsInAFeed) {
  enter("workspace.updated");
  const auto first = now;
  now -= std::chrono::hours(1);
  enter("workspace.updated");
  EXPECT_EQ(column(rows(), "occurred_at"), (std::vector<std::string>(2, to_rfc3339(first))));
}

TEST_F(AuditFeedTest, ARefusalSaysWhy) {
  enter("workspace.updated", "env_a", Outcome::rejected);
  EXPECT_EQ(column(rows(), "reason"), std::vector<std::string>{"workspace_frozen"});
  enter("workspace.updated");
  EXPECT_FALSE(object(rows().back()).contains("reason"));
}

}  // namespace
}  // namespace tenure::testing
