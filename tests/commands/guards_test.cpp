// What may refuse a command besides its own decision, on the one path that every command takes.
#include "commands/guards.h"

#include <gtest/gtest.h>

#include "core/limits.h"
#include "tests/support/executor_spec.h"

namespace tenure::testing {
namespace {

TEST_F(ExecutorTest, RefusesInTheDocumentedOrderOfStatuses) {
  const IfMatch stale{.any = false, .versions = {0}};
  const auto reason_of = [&](CommandRequest request) { return node_.run(std::move(request)).error().reason; };
  EXPECT_EQ(reason_of(if_match(freeze(), stale)), Reason::etag_mismatch) << "412 before 409";
  EXPECT_EQ(node_.run(freeze(), home).error().reason, Reason::workspace_provisioning);
  activate();
  EXPECT_TRUE(node_.run(freeze(), home));
  EXPECT_EQ(reason_of(if_match(rename("Umbrella"), stale)), Reason::workspace_frozen) << "423 before 412";
  auto expired = create_token();
  expired.expires_at = world_.clock.now();
  EXPECT_EQ(reason_of(if_match(expired, stale)), Reason::validation_failed) << "422 before 423";
  EXPECT_EQ(reason_of(if_match(api_token::RevokeApiToken{workspace_, token_}, stale)), Reason::not_found)
      << "404 before 412";
}

TEST_F(ExecutorTest, GoesOnWhenOneOfTheVersionsMatches) {
  const auto refused = node_.run(if_match(rename("Umbrella"), {.any = false, .versions = {0}}));
  EXPECT_EQ(refused.error().reason, Reason::etag_mismatch);
  EXPECT_EQ(refused.error().metadata.at("current_etag"), "1");
  EXPECT_TRUE(node_.run(if_match(rename("Umbrella"), {.any = false, .versions = {7, 1}})));
  EXPECT_TRUE(node_.run(if_match(rename("Anything"), {.any = true, .versions = {}})));
}

TEST_F(ExecutorTest, WhatIsToBeMadeMatchesNothing) {
  activate();
  for (const auto& condition : {IfMatch{.any = true, .versions = {}}, IfMatch{.any = false, .versions = {7}}})
    EXPECT_EQ(node_.run(if_match(create_token(), condition)).error().reason, Reason::etag_mismatch);
}

TEST_F(ExecutorTest, AVersionThatThisNodeHasNotFoldedIsWaitedFor) {
  auto& other = another_node();
  EXPECT_TRUE(node_.run(rename("Umbrella"), home));
  const auto waiting = other.submit(if_match(rename("Anything"), {.any = false, .versions = {2}}));
  other.executor().tick();
  EXPECT_TRUE(is_open(waiting));
  other.fold();
  other.settle();
  EXPECT_TRUE(waiting->value().has_value());
  EXPECT_EQ(name(other), "Anything");
}

TEST_F(ExecutorTest, AVersionThatNeverComesIsWaitedForAsLongAsAPosition) {
  const auto waiting = node_.submit(if_match(rename("Umbrella"), {.any = false, .versions = {9}}));
  EXPECT_EQ(node_.executor().next_tick(), world_.clock.now() + limits::position_wait_max);
  world_.clock.advance(limits::position_wait_max - std::chrono::milliseconds(1));
  node_.fold();
  EXPECT_TRUE(is_open(waiting));
  world_.clock.advance(std::chrono::milliseconds(1));
  node_.fold();
  EXPECT_EQ(reason(waiting), Reason::position_not_reached);
  EXPECT_EQ(node_.executor().in_flight(), 0U);
}

TEST_F(ExecutorTest, AVersionThatIsLeftBehindWhileItIsWaitedForIsStale) {
  auto& other = another_node();
  EXPECT_TRUE(node_.run(rename("Umbrella"), home));
  EXPECT_TRUE(node_.run(rename("Vandelay"), home));
  const auto waiting = other.submit(if_match(rename("Anything"), {.any = false, .versions = {2}}));
  other.fold();
  other.settle();
  EXPECT_EQ(reason(waiting), Reason::etag_mismatch);
}

TEST_F(ExecutorTest, SoManyWaitForAVersionAndNoMore) {
  const auto ask = [&] {
    return node_.submit(if_match(rename("Umbrella"), {.any = false, .versions = {9}}));
  };
  for (std::size_t i = 0; i < limits::if_match_waiting_max; ++i) EXPECT_TRUE(is_open(ask()));
  EXPECT_EQ(reason(ask()), Reason::overloaded);
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

}  // namespace
}  // namespace tenure::testing
