#include "sagas/provision.h"

#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

// What the saga does about the operation as it is.
class ProvisionSagaTest : public SpecTest<WorkspaceSpec> {
 protected:
  [[nodiscard]] const operation::State& state() const {
    return states().get<operation::State>(operation_stream());
  }
  void react() {
    actions_ = provision::react(
        state(),
        SagaContext{
            .now = now, .node = working_node_, .alone = alone_, .policy = policy, .states = states()});
  }
  // "provision:env_...:0", in the order of the steps.
  [[nodiscard]] std::vector<std::string> effects() const {
    std::vector<std::string> keys;
    for (const auto& effect : actions_.effects) keys.push_back(effect.request.idempotency_key);
    return keys;
  }
  [[nodiscard]] std::vector<std::string> commands() const {
    std::vector<std::string> names;
    for (const auto& command : actions_.commands) {
      names.emplace_back(std::visit([]<class C>(const C&) { return command_info<C>().name; }, command));
    }
    return names;
  }
  [[nodiscard]] std::vector<std::string> provisions(const std::vector<EnvironmentId>& environments) const {
    return keys("provision:", environments, 0);
  }
  // `generation`: of the environments, which grows when they begin to be undone.
  [[nodiscard]] std::vector<std::string> deprovisions(const std::vector<EnvironmentId>& environments,
                                                      int generation = 0) const {
    return keys("deprovision:", environments, generation);
  }
  void given_failed_attempt(EnvironmentId environment, Duration wait) {
    given(operation_stream(),
          operation::StepAttemptFailed{
              .environment = environment, .error = "no room", .next_attempt_at = now + wait});
  }

  using Names = std::vector<std::string>;
  NodeId working_node_ = node;
  bool alone_ = true;
  Actions actions_;

 private:
  [[nodiscard]] static std::vector<std::string> keys(const std::string& action,
                                                     const std::vector<EnvironmentId>& environments,
                                                     int generation) {
    std::vector<std::string> found;
    for (const auto environment : environments) {
      found.push_back(action + environment.str() + ":" + std::to_string(generation));
    }
    return found;
  }
};

// ---- Effects
// -------------------------------------------------------------------------------------------------------

TEST_F(ProvisionSagaTest, ProvisionsEveryEnvironmentSideBySide) {
  given_a_new_workspace();
  react();
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
  EXPECT_EQ(commands(), Names{});
}

TEST_F(ProvisionSagaTest, TellsTheProvisionerWhatItNeedsToKnow) {
  given_a_new_workspace();
  react();
  const auto& request = actions_.effects.front().request;
  EXPECT_EQ(request.action, ProvisionRequest::Action::provision);
  EXPECT_EQ(request.workspace, workspace);
  EXPECT_EQ(request.workspace_name, "Acme");
  EXPECT_EQ(request.workspace_slug, "acme");
  EXPECT_EQ(request.environment, dev);
  EXPECT_EQ(request.environment_slug, "dev");
  EXPECT_EQ(request.attempt, 1U);
}

TEST_F(ProvisionSagaTest, WorksOnWhatIsLeftOnly) {
  given_a_new_workspace();
  given_provisioned(dev);
  given_failed(staging);
  react();
  EXPECT_EQ(effects(), provisions({prod}));
}

TEST_F(ProvisionSagaTest, DoesNothingOnceTheOperationHasEnded) {
  given_an_active_workspace();
  react();
  EXPECT_TRUE(actions_.effects.empty());
  EXPECT_TRUE(actions_.commands.empty());
  EXPECT_FALSE(actions_.look_again_at);
}

TEST_F(ProvisionSagaTest, RecordsWhatCameOfAStep) {
  given_a_new_workspace();
  given_failed_attempt(dev, Duration(0));
  react();
  const auto& effect = actions_.effects.front();
  const auto done = std::get<environment::RecordProvisioned>(
      effect.record({ProvisionOutcome::Status::done, "local://there", {}}));
  EXPECT_EQ(done.environment, dev);
  EXPECT_EQ(done.operation, operation);
  EXPECT_EQ(done.workspace, workspace);
  EXPECT_EQ(done.provider_ref, "local://there");
  const auto failed = std::get<environment::RecordProvisionFailure>(
      effect.record({ProvisionOutcome::Status::failed, {}, "no room"}));
  EXPECT_EQ(failed.attempt, 2U);
  EXPECT_EQ(failed.error, "no room");
  EXPECT_FALSE(failed.permanent);
  const auto for_good = std::get<environment::RecordProvisionFailure>(
      effect.record({ProvisionOutcome::Status::failed_for_good, {}, "forbidden"}));
  EXPECT_TRUE(for_good.permanent);
}

// ---- Retries
// -------------------------------------------------------------------------------------------------------

TEST_F(ProvisionSagaTest, WaitsForTheNextAttemptAndGoesOnWithTheOthersMeanwhile) {
  given_a_new_workspace();
  given_failed_attempt(dev, std::chrono::seconds(3));
  react();
  EXPECT_EQ(effects(), provisions({staging, prod}));
  EXPECT_EQ(actions_.look_again_at, now + std::chrono::seconds(3));
}

TEST_F(ProvisionSagaTest, AttemptsAgainUnderTheSameKeyOnceItsTimeHasCome) {
  given_a_new_workspace();
  given_failed_attempt(dev, std::chrono::seconds(3));
  passes(std::chrono::seconds(3));
  react();
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
  EXPECT_EQ(actions_.effects.front().request.attempt, 2U);
}

TEST_F(ProvisionSagaTest, LooksAgainAtTheFirstOfSeveralTimes) {
  given_a_new_workspace();
  given_failed_attempt(dev, std::chrono::seconds(9));
  given_failed_attempt(staging, std::chrono::seconds(2));
  react();
  EXPECT_EQ(actions_.look_again_at, now + std::chrono::seconds(2));
}

TEST_F(ProvisionSagaTest, ARetryByHandHasTheSameKeyAsTheStepThatFailed) {
  given_a_failed_operation();
  when(environment::RetryEnvironment{workspace, prod, retry});
  happens();
  actions_ = provision::react(
      states().get<operation::State>(operation::stream(retry)),
      SagaContext{.now = now, .node = node, .alone = true, .policy = policy, .states = states()});
  EXPECT_EQ(effects(), provisions({prod}));
  EXPECT_EQ(actions_.effects.front().request.attempt, 1U);
}

// ---- Compensation
// --------------------------------------------------------------------------------------------------

TEST_F(ProvisionSagaTest, UndoesEveryStepWhenItIsCancelledAlsoThoseThatFailedOrNeverEnded) {
  given_a_new_workspace();
  given_provisioned(dev);
  given_failed(staging);
  given(operation_stream(), operation::CancelRequested{});
  react();
  EXPECT_EQ(effects(), deprovisions({dev, staging, prod}));
  EXPECT_EQ(actions_.effects.front().request.action, ProvisionRequest::Action::deprovision);
  EXPECT_EQ(actions_.effects.front().request.attempt, 1U) << "attempts at undoing are counted anew";
}

TEST_F(ProvisionSagaTest, UndoesWhatIsNotUndoneYetOnly) {
  given_a_cancelling_operation();
  given_compensated(staging);
  react();
  EXPECT_EQ(effects(), deprovisions({dev, prod}, 1));
}

TEST_F(ProvisionSagaTest, RecordsWhatCameOfUndoingAStep) {
  given_a_cancelling_operation();
  given_failed_attempt(dev, Duration(0));
  react();
  const auto& effect = actions_.effects.front();
  EXPECT_EQ(
      std::get<environment::RecordDeprovisioned>(effect.record({ProvisionOutcome::Status::done, {}, {}}))
          .environment,
      dev);
  const auto failed = std::get<environment::RecordDeprovisionFailure>(
      effect.record({ProvisionOutcome::Status::failed, {}, "not now"}));
  EXPECT_EQ(failed.attempt, 2U);
  EXPECT_EQ(failed.error, "not now");
  EXPECT_FALSE(failed.permanent);
  EXPECT_TRUE(std::get<environment::RecordDeprovisionFailure>(
                  effect.record({ProvisionOutcome::Status::failed_for_good, {}, "never"}))
                  .permanent);
}

// ---- Claims
// --------------------------------------------------------------------------------------------------------

class ClaimedSagaTest : public ProvisionSagaTest {
 protected:
  ClaimedSagaTest() {
    alone_ = false;
    given_a_new_workspace();
  }
  [[nodiscard]] operation::ClaimOperation claim() const {
    return std::get<operation::ClaimOperation>(actions_.commands.front());
  }
  const NodeId another_ = id<NodeId>(2);
};

TEST_F(ClaimedSagaTest, WorksUnderItsOwnClaimAndLooksAgainWhenHalfOfTheLeaseIsOver) {
  react();
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
  EXPECT_EQ(commands(), Names{});
  EXPECT_EQ(actions_.look_again_at, now + policy.saga_lease / 2);
}

TEST_F(ClaimedSagaTest, RenewsItsLeaseFromItsHalfOnAndWorksOn) {
  passes(policy.saga_lease / 2);
  react();
  EXPECT_EQ(commands(), Names{"ClaimOperation"});
  EXPECT_EQ(claim().node, node);
  EXPECT_FALSE(claim().take_over);
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
}

TEST_F(ClaimedSagaTest, ClaimsAnewBeforeItWorksOnWhenItsOwnLeaseHasRunOut) {
  passes(policy.saga_lease);
  react();
  EXPECT_EQ(commands(), Names{"ClaimOperation"});
  EXPECT_TRUE(effects().empty()) << "another node may have claimed it";
}

TEST_F(ClaimedSagaTest, LeavesWhatAnotherNodeWorksOnAndLooksAgainWhenThatLeaseRunsOut) {
  working_node_ = another_;
  const auto until = now + policy.saga_lease;
  passes(policy.saga_lease - Duration(1));
  react();
  EXPECT_TRUE(actions_.effects.empty());
  EXPECT_TRUE(actions_.commands.empty());
  EXPECT_EQ(actions_.look_again_at, until);
}

TEST_F(ClaimedSagaTest, ClaimsWhatAnotherNodeLeftAndDoesNotWorkBeforeItHasIt) {
  working_node_ = another_;
  passes(policy.saga_lease);
  react();
  EXPECT_EQ(commands(), Names{"ClaimOperation"});
  EXPECT_EQ(claim().node, another_);
  EXPECT_TRUE(effects().empty());
}

TEST_F(ClaimedSagaTest, ANodeThatIsAloneNeedsNoRenewal) {
  alone_ = true;
  passes(10 * policy.saga_lease);
  react();
  EXPECT_EQ(commands(), Names{});
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
}

// The decision refused what the saga asked for, and nobody looked at the operation again.
TEST_F(ClaimedSagaTest, ANodeThatIsAloneTakesOverTheClaimOfAProcessThatIsGoneAtOnce) {
  alone_ = true;
  working_node_ = another_;
  react();
  EXPECT_EQ(commands(), Names{"ClaimOperation"});
  when(claim());
  happens();
  react();
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
}

// ---- Stuck
// ---------------------------------------------------------------------------------------------------------

TEST_F(ProvisionSagaTest, MarksAnOperationWithoutProgressAndWorksOn) {
  given_a_new_workspace();
  passes(policy.stuck_after);
  react();
  EXPECT_EQ(commands(), Names{"MarkOperationStuck"});
  EXPECT_EQ(effects(), provisions({dev, staging, prod}));
}

TEST_F(ProvisionSagaTest, LooksAgainWhenTheOperationWillBeStuck) {
  given_a_new_workspace();
  const auto stuck_at = now + policy.stuck_after;
  react();
  EXPECT_EQ(actions_.look_again_at, stuck_at);
}

TEST_F(ProvisionSagaTest, MarksAStuckOperationOnce) {
  given_a_new_workspace();
  given(operation_stream(), operation::Stuck{});
  passes(2 * policy.stuck_after);
  react();
  EXPECT_EQ(commands(), Names{});
  EXPECT_FALSE(actions_.look_again_at);
}

}  // namespace
}  // namespace tenure::testing
