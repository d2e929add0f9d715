#include "commands/refusals.h"

#include <gtest/gtest.h>

#include "core/limits.h"
#include "tests/support/executor_spec.h"

namespace tenure::testing {
namespace {

using std::chrono::seconds;

class RefusalCounterTest : public ::testing::Test {
 protected:
  static RefusalRequest refusal(const std::string& target) {
    RefusalRequest request;
    request.tenant = "ws_1";
    request.rejection = {Reason::permission_denied, "", {}, {}};
    request.action = "workspace.frozen";
    request.targets = {{"workspace", target}};
    request.caller.actor = {ActorType::user, "usr_bob"};
    return request;
  }
  bool is_first(const RefusalRequest& request) { return counter_.is_first(request, now_); }

  Timestamp now_{};
  RefusalCounter counter_{seconds(60)};
};

TEST_F(RefusalCounterTest, CountsWhatEqualsTheFirstOfItsWindow) {
  EXPECT_FALSE(counter_.next_end());
  EXPECT_TRUE(is_first(refusal("a")));
  EXPECT_FALSE(is_first(refusal("a")));
  EXPECT_FALSE(is_first(refusal("a")));
  EXPECT_EQ(counter_.next_end(), now_ + seconds(60));
  EXPECT_TRUE(counter_.end_windows(now_ + seconds(59)).empty());
  const auto repeated = counter_.end_windows(now_ + seconds(60));
  ASSERT_EQ(repeated.size(), 1U);
  EXPECT_EQ(repeated.front().times, 2U);
  EXPECT_EQ(repeated.front().request.targets.front().id, "a");
  EXPECT_FALSE(counter_.next_end());
  EXPECT_TRUE(is_first(refusal("a"))) << "of the next window";
}

TEST_F(RefusalCounterTest, WhatDiffersInOnePartIsAnother) {
  EXPECT_TRUE(is_first(refusal("a")));
  EXPECT_TRUE(is_first(refusal("b")));
  auto other = refusal("a");
  other.tenant = "ws_2";
  EXPECT_TRUE(is_first(other));
  other = refusal("a");
  other.action = "workspace.unfrozen";
  EXPECT_TRUE(is_first(other));
  other = refusal("a");
  other.caller.actor.id = "usr_ada";
  EXPECT_TRUE(is_first(other));
  other = refusal("a");
  other.rejection.reason = Reason::slug_taken;
  EXPECT_TRUE(is_first(other));
}

TEST_F(RefusalCounterTest, WindowsEndInTheOrderOfTheirEndsAlsoAfterTheClockWentBack) {
  EXPECT_TRUE(is_first(refusal("a")));
  EXPECT_FALSE(is_first(refusal("a")));
  now_ -= seconds(30);
  EXPECT_TRUE(is_first(refusal("b")));
  EXPECT_FALSE(is_first(refusal("b")));
  const auto repeated = counter_.end_windows(now_ + seconds(60));
  ASSERT_EQ(repeated.size(), 1U);
  EXPECT_EQ(repeated.front().request.targets.front().id, "b");
}

// Targets are chosen by whoever asks.
TEST_F(RefusalCounterTest, BeyondItsBoundEachIsEnteredByItself) {
  for (std::size_t i = 0; i < limits::refusals_counted_max; ++i)
    ASSERT_TRUE(is_first(refusal(std::to_string(i))));
  EXPECT_TRUE(is_first(refusal("one more")));
  EXPECT_TRUE(is_first(refusal("one more")));
  EXPECT_FALSE(is_first(refusal("0"))) << "an open window goes on";
  EXPECT_EQ(counter_.end_windows(now_ + seconds(60)).size(), 1U);
  EXPECT_TRUE(is_first(refusal("one more")));
  EXPECT_FALSE(is_first(refusal("one more")));
}

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
  EXPECT_EQ(rejected().front().at("targets").at(0).at("display"), "Acme");
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
  EXPECT_FALSE(node_.run(if_match(freeze(), {.any = false, .versions = {0}})));
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
  request.if_match = IfMatch{.any = false, .versions = {0}};
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

// Both expect to be the first of a partition: the one that is not would have lost its entry.
TEST_F(DenialTest, WhoseCommitIsVoidIsWrittenOnceMore) {
  auto of_bob = denial(workspace_.str());
  auto of_eve = denial(workspace_.str());
  of_eve.caller.actor.id = "usr_eve";
  of_bob.partition = of_eve.partition = Partition{2};
  node_.executor().refuse(std::move(of_bob));
  node_.executor().refuse(std::move(of_eve));
  node_.flush();
  world_.log.write_all();
  node_.fold();
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(entries(workspace_.str(), {.outcome = "denied"}).size(), 1U);
  node_.settle();
  EXPECT_EQ(told_, 2);
  EXPECT_EQ(entries(workspace_.str(), {.outcome = "denied"}).size(), 2U);
}

TEST_F(DenialTest, OfATenantThatDoesNotExistIsToldWithoutAnEntry) {
  node_.executor().refuse(denial(WorkspaceId(Uuid{{5}}).str()));
  EXPECT_EQ(told_, 1);
  EXPECT_EQ(node_.executor().in_flight(), 0U);
}

// The entry could not be sealed, and the node stopped.
TEST_F(DenialTest, ACountOfATenantThatWasErasedMeanwhileIsForgotten) {
  node_.executor().refuse(denial(workspace_.str()));
  node_.executor().refuse(denial(workspace_.str()));
  node_.settle();
  ASSERT_TRUE(world_.keys->destroy(workspace_.str()));
  world_.clock.advance(std::chrono::minutes(1));
  node_.executor().tick();
  EXPECT_EQ(node_.executor().in_flight(), 0U);
  EXPECT_FALSE(node_.executor().next_tick());
}

// A window that had ended before it was looked at lost its count to the next window.
TEST_F(DenialTest, TheCountOfAWindowThatEndedUnseenIsEnteredToo) {
  node_.executor().refuse(denial(workspace_.str()));
  node_.executor().refuse(denial(workspace_.str()));
  world_.clock.advance(std::chrono::minutes(1));
  node_.executor().refuse(denial(workspace_.str()));
  node_.settle();
  const auto found = entries(workspace_.str(), {.outcome = "denied"});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(json::dump(found.at(1).at("changes")), R"({"repeated":1})");
}

}  // namespace
}  // namespace tenure::testing
