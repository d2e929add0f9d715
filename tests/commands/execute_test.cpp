#include "commands/execute.h"

#include <gtest/gtest.h>

#include "core/limits.h"
#include "tests/support/executor_spec.h"

namespace tenure::testing {
namespace {

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

// ---- The beginning of a partition
// ----------------------------------------------------------------------------------

class EmptyPartitionTest : public ExecutorTest {
 protected:
  static constexpr Partition empty{2};

  [[nodiscard]] workspace::CreateWorkspace create() {
    return {.workspace = WorkspaceId::make(world_.clock.now(), world_.random),
            .account = account_,
            .owner = user_,
            .name = "Acme",
            .slug = {},
            .region = {}};
  }
};

TEST_F(EmptyPartitionTest, ItsFirstCommitGoesAloneBecauseTheOthersNameIt) {
  const auto first = node_.submit(create(), empty);
  const auto second = node_.submit(create(), empty);
  node_.flush();
  EXPECT_EQ(world_.log.waiting(), 1U);
  node_.settle();
  EXPECT_EQ((**first)->position, (Position{empty, Offset{0}}));
  EXPECT_EQ((**second)->position, (Position{empty, Offset{1}}));
  const auto genesis = parse_record(world_.log.record({empty, Offset{0}}))->envelope.id;
  EXPECT_EQ(parse_record(world_.log.record({empty, Offset{1}}))->envelope.genesis, genesis);
}

TEST_F(EmptyPartitionTest, OfTwoNodesThatFindItEmptyOneIsFirstAndTheOtherDecidesAgain) {
  auto& other = another_node();
  const auto one = node_.submit(create(), empty);
  const auto two = other.submit(create(), empty);
  node_.flush();
  other.flush();
  world_.log.write_all();
  node_.settle();
  other.settle();
  EXPECT_EQ((**one)->position, (Position{empty, Offset{0}}));
  EXPECT_EQ((**two)->position, (Position{empty, Offset{2}})) << "the one between is void";
}

TEST_F(EmptyPartitionTest, AnUnknownOutcomeIsVoidOnceAnotherCommitIsItsFirst) {
  auto& other = another_node();
  const auto one = node_.submit(create(), empty);
  node_.flush();
  world_.log.lose_next();
  ASSERT_TRUE(other.run(create(), empty));
  node_.fold();
  node_.flush();
  EXPECT_EQ(world_.log.waiting(), 1U) << "decided again without waiting for the timeout";
  world_.log.turn_up();
  node_.settle();
  EXPECT_EQ((**one)->position, (Position{empty, Offset{2}})) << "what turned up is void";
}

TEST_F(EmptyPartitionTest, ANodeThatIsStartedAnewGoesOnNamingItsFirstCommit) {
  const auto made = node_.run(create(), empty);
  auto& later = another_node();
  ASSERT_TRUE(later.run(create(), empty));
  const auto named = parse_record(world_.log.record({empty, Offset{1}}))->envelope.genesis;
  EXPECT_EQ(named, parse_record(world_.log.record({empty, Offset{0}}))->envelope.id);
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

}  // namespace
}  // namespace tenure::testing
