#include "commands/execute.h"

#include <gtest/gtest.h>

#include "core/limits.h"
#include "projections/audit.h"
#include "projections/workspaces.h"
#include "tests/support/command_node.h"

namespace tenure::testing {
namespace {

constexpr Partition home{1};

class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    EXPECT_TRUE(world_.keys->put({{user_.str(), crypto::Key::generate(world_.random)}}));
    const auto bootstrapped = node_.run(user::Bootstrap{.user = user_,
                                                        .account = account_,
                                                        .session = session_,
                                                        .name = Sealed("none.none"),
                                                        .session_hash = std::string(64, 'a')},
                                        directory_partition);
    EXPECT_TRUE(bootstrapped);
    workspace_ = make_workspace();
  }

  WorkspaceId make_workspace() {
    const auto id = WorkspaceId::make(world_.clock.now(), world_.random);
    const auto made = node_.run(
        workspace::CreateWorkspace{
            .workspace = id, .account = account_, .owner = user_, .name = "Acme", .slug = {}, .region = {}},
        home);
    EXPECT_TRUE(made);
    return id;
  }
  [[nodiscard]] json::Object row(CommandNode& node) const {
    return json::parse(workspaces::find(node.store(), workspace_).value().json).value().as_object();
  }
  [[nodiscard]] std::string name(CommandNode& node) const {
    return std::string(row(node).at("name").as_string());
  }
  [[nodiscard]] OperationId operation() {
    return OperationId::parse(row(node_).at("operation_id").as_string()).value();
  }
  // The environments become active, and with them the workspace.
  void activate() {
    const auto state = decode_state(
        std::string_view(*node_.store().get(keys::stream_state(home, workspace::stream(workspace_))))
            .substr(24));
    for (const auto& each : std::get<workspace::State>(state).environments) {
      environments_.push_back(each.id);
      EXPECT_TRUE(node_.run(
          environment::RecordProvisioned{{workspace_, operation(), each.id}, "local://there"}, home));
    }
  }
  // Another node that has folded what this one has.
  CommandNode& another_node() {
    another_ = std::make_unique<CommandNode>(world_, 2);
    another_->fold();
    return *another_;
  }
  // What the other node does gets into the log before what waits for it.
  void overtake(CommandNode& other, Command command) {
    const auto result = other.submit(std::move(command), home);
    other.flush();
    world_.log.let_the_last_go_first();
    world_.log.write_next();
    other.fold();
    EXPECT_TRUE(result->has_value() && (*result)->has_value());
  }

  [[nodiscard]] workspace::UpdateWorkspace rename(const std::string& name) const {
    return {workspace_, name, {}};
  }
  [[nodiscard]] workspace::FreezeWorkspace freeze() const { return {workspace_, {}}; }
  [[nodiscard]] workspace::UnfreezeWorkspace unfreeze() const { return {workspace_}; }
  [[nodiscard]] api_token::CreateApiToken create_token() const {
    return {
        .workspace = workspace_, .token = token_, .name = "ci", .prefix = "sk", .hash = std::string(64, 'b')};
  }
  CommandRequest freeze_unless_changed() {
    return if_match(
        freeze(), {.any = false, .versions = {workspaces::find(node_.store(), workspace_)->header.version}});
  }
  CommandRequest with_key(Command command, const std::string& key, const std::string& fingerprint) {
    auto request = node_.request(std::move(command), home);
    request.idempotency = {user_.str(), key, fingerprint};
    return request;
  }
  CommandRequest if_match(Command command, IfMatch condition) {
    auto request = node_.request(std::move(command), home);
    request.if_match = std::move(condition);
    return request;
  }

  [[nodiscard]] std::vector<json::Object> entries(const std::string& feed, const audit::Filter& filter = {}) {
    std::vector<json::Object> found;
    for (const auto& each :
         audit::list(node_.store(), feed, filter, audit::Order::oldest_first, {.limit = 100, .after = {}})
             .rows) {
      found.push_back(json::parse(each).value().as_object());
    }
    return found;
  }
  [[nodiscard]] std::vector<json::Object> rejected() {
    return entries(workspace_.str(), {.outcome = "rejected"});
  }

  static Reason reason(const Result& result) { return result->value().error().reason; }
  static bool is_open(const Result& result) { return !result->has_value(); }

  CommandWorld world_;
  CommandNode node_{world_, 1};
  std::unique_ptr<CommandNode> another_;
  const UserId user_{Uuid{{7}}};
  const AccountId account_{Uuid{{8}}};
  const SessionId session_{Uuid{{9}}};
  const TokenId token_{Uuid{{1}}};
  WorkspaceId workspace_;
  std::vector<EnvironmentId> environments_;
};

// ---- From a command to its answer
// ----------------------------------------------------------------------------------

TEST_F(ExecutorTest, AnswersOnceTheCommitWasReadBackAndNotBefore) {
  const auto result = node_.submit(rename("Umbrella"), home);
  EXPECT_TRUE(is_open(result));
  node_.flush();
  node_.fold();
  EXPECT_TRUE(is_open(result)) << "not in the log";
  world_.log.write_all();
  EXPECT_TRUE(is_open(result)) << "an acknowledgement is not an acceptance";
  node_.fold();
  ASSERT_FALSE(is_open(result));
  const auto& answer = result->value().value();
  EXPECT_EQ(answer.success, Success::ok);
  EXPECT_EQ(json::parse(answer.body)->at("name"), "Umbrella");
  EXPECT_EQ(answer.version, 2U);
  EXPECT_EQ(answer.position, (Position{home, Offset{1}}));
  EXPECT_FALSE(answer.replayed);
}

TEST_F(ExecutorTest, AnswersWithTheRowAsItIsRightAfterItsCommitAlsoWhenLaterOnesAreFoldedWithIt) {
  const auto first = node_.submit(rename("First"), home);
  const auto second = node_.submit(rename("Second"), home);
  node_.settle();
  EXPECT_EQ(json::parse((**first)->body)->at("name"), "First");
  EXPECT_EQ(json::parse((**second)->body)->at("name"), "Second");
}

TEST_F(ExecutorTest, ACommandThatChangesNothingIsAnsweredWithoutACommit) {
  const auto end = world_.log.end(home);
  const auto answer = node_.run(rename("Acme"), home).value();
  EXPECT_EQ(json::parse(answer.body)->at("name"), "Acme");
  EXPECT_FALSE(answer.position);
  EXPECT_EQ(world_.log.end(home), end);
}

TEST_F(ExecutorTest, ADecisionDemandsAlsoWhatItOnlyRead) {
  activate();
  auto& other = another_node();
  const auto token = node_.submit(create_token(), home);
  node_.flush();
  overtake(other, freeze());
  node_.settle();
  EXPECT_EQ(reason(token), Reason::workspace_frozen)
      << "made in a workspace that was frozen at the same time";
}

// ---- Void commits
// --------------------------------------------------------------------------------------------------

TEST_F(ExecutorTest, AVoidCommitIsDecidedAgainOnTheNewerState) {
  auto& other = another_node();
  const auto result = node_.submit(rename("Of one"), home);
  node_.flush();
  overtake(other, rename("Of two"));
  world_.log.write_all();
  node_.fold();
  EXPECT_TRUE(is_open(result));
  EXPECT_EQ(name(node_), "Of two");
  node_.settle();
  EXPECT_EQ((**result)->version, 3U);
  EXPECT_EQ(name(node_), "Of one");
}

TEST_F(ExecutorTest, ALoserThatTheNewerStateRefusesIsRefused) {
  activate();
  auto& other = another_node();
  const auto result = node_.submit(rename("Of one"), home);
  node_.flush();
  overtake(other, freeze());
  node_.settle();
  EXPECT_EQ(reason(result), Reason::workspace_frozen);
  EXPECT_EQ(name(node_), "Acme");
}

TEST_F(ExecutorTest, WhatLosesEveryRaceIsContentionAfterAsManyDecisionsAsTheLimitSays) {
  auto& other = another_node();
  const auto result = node_.submit(rename("Of one"), home);
  for (int i = 0; i < limits::decide_attempts_max; ++i) {
    ASSERT_TRUE(is_open(result)) << "after " << i;
    node_.flush();
    ASSERT_EQ(world_.log.waiting(), 1U);
    overtake(other, rename("Of two, " + std::to_string(i)));
    world_.log.write_all();
    other.fold();
    node_.fold();
  }
  EXPECT_EQ(reason(result), Reason::contention);
  EXPECT_EQ(node_.executor().in_flight(), 0U);
  EXPECT_GE(limits::decide_attempts_max, 16);
}

// ---- On top of own commits in flight
// -------------------------------------------------------------------------------

TEST_F(ExecutorTest, DecidesOnTopOfItsOwnCommitsInFlightWithoutWaitingForThem) {
  activate();
  const auto first = node_.submit(freeze(), home);
  const auto second = node_.submit(unfreeze(), home);
  const auto third = node_.submit(rename("Umbrella"), home);
  node_.flush();
  EXPECT_EQ(world_.log.waiting(), 3U);
  world_.log.write_all();
  node_.fold();
  for (const auto& result : {first, second, third}) EXPECT_TRUE((*result)->has_value());
  EXPECT_EQ((**third)->version, (**first)->version.value() + 2);
}

TEST_F(ExecutorTest, WhenTheFirstOfAChainIsVoidSoAreThoseBehindItAndAllAreDecidedAgainInTheirOrder) {
  activate();
  auto& other = another_node();
  std::vector<Result> results{node_.submit(freeze(), home), node_.submit(unfreeze(), home),
                              node_.submit(rename("Of one"), home)};
  node_.flush();
  overtake(other, rename("Of two"));
  const auto version = workspaces::find(other.store(), workspace_)->header.version;
  world_.log.write_all();
  node_.fold();
  EXPECT_EQ(workspaces::find(node_.store(), workspace_)->header.version, version)
      << "none of the chain counts";
  node_.settle();
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ((**results[i])->version, version + 1 + i);
  EXPECT_EQ(name(node_), "Of one");
}

TEST_F(ExecutorTest, NothingNewIsDecidedInAPartitionUntilWhatIsInFlightThereCameBack) {
  auto& other = another_node();
  const auto elsewhere = make_workspace();
  other.fold();
  const auto loser = node_.submit(rename("Of one"), home);
  const auto behind = node_.submit(workspace::UpdateWorkspace{elsewhere, "Behind", {}}, home);
  node_.flush();
  overtake(other, rename("Of two"));
  world_.log.write_next();
  node_.fold();  // the loser is void, the other commit is still out
  const auto newcomer = node_.submit(workspace::UpdateWorkspace{elsewhere, "Newcomer", {}}, home);
  node_.flush();
  EXPECT_EQ(world_.log.waiting(), 1U) << "nothing was decided";
  node_.settle();
  for (const auto& result : {loser, behind, newcomer}) EXPECT_TRUE((*result)->has_value());
}

TEST_F(ExecutorTest, AnAnswerThatRestsOnACommitInFlightWaitsForIt) {
  activate();
  const auto first = node_.submit(freeze(), home);
  const auto again = node_.submit(freeze(), home);
  EXPECT_TRUE(is_open(again));
  node_.settle();
  EXPECT_EQ((**first)->body, (**again)->body);
  EXPECT_FALSE((**again)->position);
}

// A refusal that goes into the feed was answered without a look at the commit that it rested on.
TEST_F(ExecutorTest, ARefusalThatRestsOnAVoidCommitIsDecidedAgain) {
  activate();
  auto& other = another_node();
  const auto frozen = node_.submit(freeze_unless_changed());
  const auto result = node_.submit(rename("Umbrella"), home);  // refused: the workspace will be frozen
  node_.flush();
  overtake(other, rename("Of two"));
  node_.settle();
  EXPECT_EQ(reason(frozen), Reason::etag_mismatch) << "it was never frozen";
  ASSERT_FALSE(is_open(result));
  EXPECT_TRUE((*result)->has_value()) << "refused as frozen";
  EXPECT_EQ(name(node_), "Umbrella");
}

// It waited for the last of the two only, and was given although the first turned out void.
TEST_F(ExecutorTest, AnAnswerThatRestsOnTwoCommitsIsDecidedAgainWhenTheFirstIsVoid) {
  activate();
  EXPECT_TRUE(node_.run(create_token(), home));
  auto& other = another_node();
  const auto frozen = node_.submit(freeze_unless_changed());
  const auto revoked = node_.submit(api_token::RevokeApiToken{workspace_, token_}, home);
  const auto result = node_.submit(create_token(), home);  // looks at the token and at the workspace
  node_.flush();
  overtake(other, rename("Of two"));
  node_.settle();
  EXPECT_EQ(reason(frozen), Reason::etag_mismatch) << "it was never frozen";
  EXPECT_TRUE((*revoked)->has_value());
  EXPECT_TRUE((*result)->has_value()) << "refused as frozen";
}

// ---- Outcomes of appends
// -------------------------------------------------------------------------------------------

TEST_F(ExecutorTest, AFailedAppendChangesNothingAndSaysThatTheLogIsUnavailable) {
  const auto result = node_.submit(rename("Umbrella"), home);
  node_.flush();
  world_.log.fail_next();
  node_.fold();
  EXPECT_EQ(reason(result), Reason::log_unavailable);
  EXPECT_EQ(node_.run(rename("Later"), home)->version, 2U);
}

TEST_F(ExecutorTest, WhatWasBuiltOnAFailedAppendIsDecidedAgain) {
  activate();
  const auto first = node_.submit(freeze(), home);
  const auto second = node_.submit(unfreeze(), home);
  node_.flush();
  world_.log.fail_next();
  node_.settle();
  EXPECT_EQ(reason(first), Reason::log_unavailable);
  ASSERT_TRUE((*second)->has_value());
  EXPECT_FALSE((**second)->position) << "it was not frozen, so there was nothing to change";
}

TEST_F(ExecutorTest, AnUnknownOutcomeIsSettledByTheFold) {
  const auto result = node_.submit(rename("Umbrella"), home);
  node_.flush();
  world_.log.write_next_without_a_word();
  EXPECT_TRUE(is_open(result));
  node_.fold();
  EXPECT_EQ((**result)->version, 2U);
}

TEST_F(ExecutorTest, AnUnknownOutcomeThatAnotherCommitMadeVoidIsDecidedAgainWithoutWaitingForTheTimeout) {
  auto& other = another_node();
  const auto result = node_.submit(rename("Of one"), home);
  node_.flush();
  world_.log.lose_next();
  node_.fold();
  EXPECT_TRUE(is_open(result));
  EXPECT_TRUE(other.run(rename("Of two"), home));
  node_.settle();
  EXPECT_EQ((**result)->version, 3U);
  EXPECT_EQ(name(node_), "Of one");

  world_.log.turn_up();
  node_.fold();
  EXPECT_EQ(workspaces::find(node_.store(), workspace_)->header.version, 3U) << "what turns up later is void";
}

TEST_F(ExecutorTest, AnUnknownOutcomeWaitsWhileOnlyOtherStreamsMove) {
  auto& other = another_node();
  const auto result = node_.submit(rename("Of one"), home);
  node_.flush();
  world_.log.lose_next();
  EXPECT_TRUE(other.run(create_token(), home));
  node_.fold();
  EXPECT_TRUE(is_open(result));
  world_.log.turn_up();
  node_.fold();
  EXPECT_EQ((**result)->version, 2U);
}

TEST_F(ExecutorTest, AnOutcomeThatStaysUnknownIsToldAfterTheTimeoutAndTheSameKeyMayBeSentAgain) {
  const auto result = node_.submit(with_key(rename("Umbrella"), "key", "f1"));
  node_.flush();
  world_.log.lose_next();
  world_.clock.advance(std::chrono::milliseconds(4'999));
  node_.fold();
  EXPECT_TRUE(is_open(result));
  world_.clock.advance(std::chrono::milliseconds(1));
  node_.fold();
  EXPECT_EQ(reason(result), Reason::outcome_unknown);

  world_.log.turn_up();
  node_.fold();
  EXPECT_EQ(name(node_), "Umbrella");
  const auto again = node_.run(with_key(rename("Umbrella"), "key", "f1"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->version, 2U);
}

TEST_F(ExecutorTest, WhatTurnsUpAfterTheSameKeyWasSentAgainIsVoid) {
  const auto result = node_.submit(with_key(rename("Umbrella"), "key", "f1"));
  node_.flush();
  world_.log.lose_next();
  world_.clock.advance(std::chrono::seconds(5));
  node_.fold();
  EXPECT_EQ(reason(result), Reason::outcome_unknown);
  EXPECT_EQ(node_.run(with_key(rename("Umbrella"), "key", "f1"))->version, 2U);
  EXPECT_EQ(node_.run(rename("Later"), home)->version, 3U);
  world_.log.turn_up();
  node_.fold();
  EXPECT_EQ(name(node_), "Later");
}

TEST_F(ExecutorTest, NothingIsBuiltOnACommitThatWasGivenUp) {
  activate();
  const auto lost = node_.submit(freeze(), home);
  node_.flush();
  world_.log.lose_next();
  world_.clock.advance(std::chrono::seconds(5));
  node_.fold();
  EXPECT_EQ(reason(lost), Reason::outcome_unknown);
  EXPECT_TRUE(node_.run(rename("Umbrella"), home)) << "the workspace is not frozen";
}

TEST_F(ExecutorTest, ARecordThatIsWrittenTwiceCountsOnce) {
  const auto position = node_.run(rename("Umbrella"), home)->position.value();
  world_.log.write(home, world_.log.record(position));
  node_.fold();
  EXPECT_EQ(workspaces::find(node_.store(), workspace_)->header.version, 2U);
  EXPECT_TRUE(node_.folding().stopped().empty());
}

TEST_F(ExecutorTest, MoreThanTheLimitInFlightIsOverload) {
  for (std::size_t i = 0; i < limits::commands_in_flight_max; ++i) {
    (void)node_.submit(rename("Name " + std::to_string(i)), home);
  }
  EXPECT_EQ(reason(node_.submit(rename("Too many"), home)), Reason::overloaded);
}

TEST_F(ExecutorTest, TimeIsNeverBeforeWhatThePartitionHasFolded) {
  auto& other = another_node();
  const auto start = world_.clock.now();
  world_.clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(other.run(rename("Of a node whose clock is fast"), home));
  world_.clock.set(start);
  node_.fold();
  const auto answer = node_.run(rename("Of one"), home).value();
  EXPECT_EQ(json::parse(answer.body)->at("updated_at"), to_unix_seconds(start + std::chrono::hours(1)));
}

// ---- Idempotency
// ---------------------------------------------------------------------------------------------------

TEST_F(ExecutorTest, ARepeatUnderTheSameKeyIsAnsweredAsTheFirstWas) {
  const auto first = node_.run(with_key(rename("Umbrella"), "key", "f1")).value();
  EXPECT_TRUE(node_.run(rename("Later"), home));
  const auto again = node_.run(with_key(rename("Umbrella"), "key", "f1")).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.version, first.version);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(again.success, first.success);
  EXPECT_EQ(name(node_), "Later");
}

TEST_F(ExecutorTest, ARepeatOnAnotherNodeIsAnsweredAsTheFirstWas) {
  const auto first = node_.run(with_key(rename("Umbrella"), "key", "f1")).value();
  const auto again = another_node().run(with_key(rename("Umbrella"), "key", "f1")).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body, first.body);
}

TEST_F(ExecutorTest, OfTwoNodesThatGetTheSameKeyOneDoesItAndTheOtherReplays) {
  auto& other = another_node();
  const auto one = node_.submit(with_key(rename("Umbrella"), "key", "f1"));
  const auto two = other.submit(with_key(rename("Umbrella"), "key", "f1"));
  node_.flush();
  other.flush();
  world_.log.write_all();
  node_.fold();
  other.settle();
  EXPECT_FALSE((**one)->replayed);
  EXPECT_TRUE((**two)->replayed);
  EXPECT_EQ(workspaces::find(node_.store(), workspace_)->header.version, 2U);
}

TEST_F(ExecutorTest, AKeyForAnotherRequestIsRefusedAlsoWhileTheFirstIsInFlight) {
  const auto first = node_.submit(with_key(rename("Umbrella"), "key", "f1"));
  EXPECT_EQ(reason(node_.submit(with_key(rename("Other"), "key", "f2"))), Reason::idempotency_key_reused);
  node_.settle();
  EXPECT_EQ(reason(node_.submit(with_key(rename("Other"), "key", "f2"))), Reason::idempotency_key_reused);
  EXPECT_EQ(name(node_), "Umbrella");
}

TEST_F(ExecutorTest, AKeyWhoseRequestIsInFlightIsInUse) {
  const auto first = node_.submit(with_key(rename("Umbrella"), "key", "f1"));
  EXPECT_EQ(reason(node_.submit(with_key(rename("Umbrella"), "key", "f1"))), Reason::idempotency_key_in_use);
  node_.settle();
  EXPECT_TRUE((*first)->has_value());
}

TEST_F(ExecutorTest, KeysOfDifferentScopesDoNotMeet) {
  auto request = with_key(rename("Umbrella"), "key", "f1");
  EXPECT_TRUE(node_.run(std::move(request)));
  request = with_key(rename("Other"), "key", "f2");
  request.idempotency->scope = workspace_.str();
  EXPECT_TRUE(node_.run(std::move(request)));
}

TEST_F(ExecutorTest, ARefusalIsNotKeptAndIsDecidedAgain) {
  EXPECT_EQ(node_.run(with_key(freeze(), "key", "f1")).error().reason, Reason::workspace_provisioning);
  activate();
  const auto again = node_.run(with_key(freeze(), "key", "f1"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->replayed);
}

TEST_F(ExecutorTest, WhatChangedNothingIsKeptToo) {
  const auto first = node_.run(with_key(rename("Acme"), "key", "f1")).value();
  EXPECT_TRUE(node_.run(rename("Later"), home));
  const auto again = node_.run(with_key(rename("Acme"), "key", "f1")).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(name(node_), "Later");
}

TEST_F(ExecutorTest, TheLogShowsNothingOfTheKey) {
  const auto position = node_.run(with_key(rename("Umbrella"), "a very telling key", "f1"))->position.value();
  EXPECT_EQ(world_.log.record(position).find("telling"), std::string::npos);
}

// ---- Guards
// --------------------------------------------------------------------------------------------------------

TEST_F(ExecutorTest, RefusesInTheDocumentedOrderFirstTheLockThenTheVersionThenTheDecision) {
  const IfMatch stale{.any = false, .versions = {99}};
  EXPECT_EQ(node_.run(if_match(freeze(), stale)).error().reason, Reason::etag_mismatch);
  EXPECT_EQ(node_.run(freeze(), home).error().reason, Reason::workspace_provisioning);
  activate();
  EXPECT_TRUE(node_.run(freeze(), home));
  EXPECT_EQ(node_.run(if_match(rename("Umbrella"), stale)).error().reason, Reason::workspace_frozen);
}

TEST_F(ExecutorTest, GoesOnWhenOneOfTheVersionsMatches) {
  const auto refused = node_.run(if_match(rename("Umbrella"), {.any = false, .versions = {0, 2}}));
  EXPECT_EQ(refused.error().reason, Reason::etag_mismatch);
  EXPECT_EQ(refused.error().metadata.at("current_etag"), "1");
  EXPECT_TRUE(node_.run(if_match(rename("Umbrella"), {.any = false, .versions = {7, 1}})));
  EXPECT_TRUE(node_.run(if_match(rename("Anything"), {.any = true, .versions = {}})));
}

TEST_F(ExecutorTest, AFrozenWorkspaceTakesWhatItsRowOfTheTableAllowsAndNothingElse) {
  activate();
  EXPECT_TRUE(node_.run(freeze(), home));
  EXPECT_EQ(node_.run(rename("Umbrella"), home).error().reason, Reason::workspace_frozen);
  EXPECT_EQ(
      node_
          .run(environment::RetryEnvironment{workspace_, environments_.front(), OperationId(Uuid{{5}})}, home)
          .error()
          .reason,
      Reason::workspace_frozen);
  EXPECT_TRUE(node_.run(unfreeze(), home));
  EXPECT_TRUE(node_.run(rename("Umbrella"), home));
}

// ---- Entries of refusals
// -------------------------------------------------------------------------------------------

TEST_F(ExecutorTest, ARefusalIsAnsweredOnceItsEntryIsDurable) {
  const auto result = node_.submit(freeze(), home);
  node_.flush();
  EXPECT_TRUE(is_open(result));
  world_.log.write_all();
  node_.fold();
  EXPECT_EQ(reason(result), Reason::workspace_provisioning);
  ASSERT_EQ(rejected().size(), 1U);
  EXPECT_EQ(rejected().front().at("action"), "workspace.frozen");
  EXPECT_EQ(rejected().front().at("reason"), "workspace_provisioning");
  EXPECT_EQ(rejected().front().at("actor").at("id"), "usr_ada");
  EXPECT_EQ(rejected().front().at("targets").at(0).at("id"), workspace_.str().c_str());
}

TEST_F(ExecutorTest, EqualRefusalsWithinTheWindowAreCountedIntoOneMoreEntry) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(node_.run(freeze(), home).error().reason, Reason::workspace_provisioning);
    world_.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(rejected().size(), 1U);
  EXPECT_EQ(rejected().front().at("changes").as_object().size(), 0U);
  world_.clock.advance(std::chrono::minutes(1));
  node_.fold();
  node_.settle();
  ASSERT_EQ(rejected().size(), 2U);
  EXPECT_EQ(json::dump(rejected().back().at("changes")), R"({"repeated":4})");
  EXPECT_FALSE(node_.executor().next_tick()) << "the window is over";
}

TEST_F(ExecutorTest, OneRefusalAloneIsNotCountedAgain) {
  EXPECT_FALSE(node_.run(freeze(), home));
  world_.clock.advance(std::chrono::minutes(1));
  node_.fold();
  node_.settle();
  EXPECT_EQ(rejected().size(), 1U);
  EXPECT_FALSE(node_.run(freeze(), home));
  EXPECT_EQ(rejected().size(), 2U) << "the first of a new window";
}

TEST_F(ExecutorTest, RefusalsOfAnotherActorOrForAnotherReasonAreEntriesOfTheirOwn) {
  EXPECT_FALSE(node_.run(freeze(), home));
  auto of_another = node_.request(freeze(), home);
  of_another.caller.actor.id = "usr_bob";
  EXPECT_FALSE(node_.run(std::move(of_another)));
  EXPECT_FALSE(node_.run(if_match(freeze(), {.any = false, .versions = {99}})));
  EXPECT_EQ(rejected().size(), 3U);
}

TEST_F(ExecutorTest, AnInvalidRequestLeavesNoEntry) {
  activate();
  const auto before = entries(workspace_.str()).size();
  EXPECT_EQ(node_.run(operation::CancelOperation{workspace_, operation()}, home).error().reason,
            Reason::operation_ended);
  EXPECT_EQ(entries(workspace_.str()).size(), before);
}

TEST_F(ExecutorTest, ARefusedCreationStandsInTheFeedOfItsAccount) {
  workspace::CreateWorkspace create{.workspace = WorkspaceId(Uuid{{5}}),
                                    .account = account_,
                                    .owner = user_,
                                    .name = "Acme",
                                    .slug = Slug::parse("acme").value(),
                                    .region = {}};
  EXPECT_EQ(node_.run(create, home).error().reason, Reason::slug_taken);
  const auto found = entries(account_.str(), {.outcome = "rejected"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().at("action"), "workspace.created");
}

// It stood in a feed of the user, which nobody can read.
TEST_F(ExecutorTest, ARefusedEndOfASessionStandsInTheFeedOfThePersonalAccount) {
  auto request = node_.request(session::EndSession{user_, account_, session_}, directory_partition);
  request.if_match = IfMatch{.any = false, .versions = {99}};
  EXPECT_EQ(node_.run(std::move(request)).error().reason, Reason::etag_mismatch);
  EXPECT_EQ(entries(account_.str(), {.action = "session.ended", .outcome = "rejected"}).size(), 1U);
  EXPECT_TRUE(entries(user_.str()).empty());
}

class DenialTest : public ExecutorTest {
 protected:
  [[nodiscard]] RefusalRequest denial(const std::string& tenant) {
    return {.partition = home,
            .tenant = tenant,
            .command = "FreezeWorkspace",
            .action = "workspace.frozen",
            .outcome = Outcome::denied,
            .targets = {{"workspace", workspace_.str()}},
            .rejection = {Reason::permission_denied, "", {}, {}},
            .caller = {.actor = {ActorType::user, "usr_bob"},
                       .display = "Bob",
                       .display_sealed = {},
                       .via_organization = {}},
            .context = {.ip = "192.0.2.1",
                        .user_agent = {},
                        .request_id = "req-1",
                        .trace_id = {},
                        .idempotency_key = {}},
            .done = [this] { ++told_; }};
  }
  int told_ = 0;
};

TEST_F(DenialTest, LeavesItsEntryBeforeItIsTold) {
  node_.executor().refuse(denial(workspace_.str()));
  EXPECT_EQ(told_, 0);
  node_.settle();
  EXPECT_EQ(told_, 1);
  const auto found = entries(workspace_.str(), {.outcome = "denied"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().at("reason"), "permission_denied");
  EXPECT_EQ(found.front().at("actor").at("display"), "Bob");
  EXPECT_EQ(json::dump(found.front().at("context")), R"({"ip":"192.0.2.1","request_id":"req-1"})");
}

TEST_F(DenialTest, ARepetitionIsToldAtOnceAndCounted) {
  node_.executor().refuse(denial(workspace_.str()));
  node_.executor().refuse(denial(workspace_.str()));
  EXPECT_EQ(told_, 1) << "the second; the first waits for its entry";
  node_.settle();
  EXPECT_EQ(told_, 2);
  EXPECT_EQ(entries(workspace_.str(), {.outcome = "denied"}).size(), 1U);
}

TEST_F(DenialTest, IsToldAlsoWhenItsEntryCannotBeWritten) {
  node_.executor().refuse(denial(workspace_.str()));
  node_.flush();
  world_.log.fail_next();
  node_.fold();
  EXPECT_EQ(told_, 1);
  EXPECT_TRUE(entries(workspace_.str(), {.outcome = "denied"}).empty());
}

TEST_F(DenialTest, OfATenantThatDoesNotExistIsToldWithoutAnEntry) {
  node_.executor().refuse(denial(WorkspaceId(Uuid{{5}}).str()));
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(node_.executor().in_flight(), 0U);
}

}  // namespace
}  // namespace tenure::testing
