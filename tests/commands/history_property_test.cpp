// Whatever people, provisioners and the runner do, in whatever order: what must hold of the states that come
// of it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>

#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

// Which command is played, and on what.
struct Move {
  std::uint8_t command = 0, workspace = 0, environment = 0, operation = 0, token = 0, variant = 0;
};

// Plays commands on a few workspaces of one account, and checks what must hold after each.
class History {
 public:
  void play(const Move& move) {
    if (workspaces_.empty() || (move.command % 15 == 0 && move.variant % 8 == 0 && workspaces_.size() < 3)) {
      create(move);
    } else {
      run(command_for(move));
    }
    spec_.passes(std::chrono::seconds(move.variant));
    check();
  }

 private:
  template <class List>
  static auto pick(const List& list, std::uint8_t number) {
    return *std::next(list.begin(), static_cast<std::ptrdiff_t>(number % list.size()));
  }
  template <class State>
  const State& state(const StreamName& stream) const {
    return spec_.states().get<State>(stream);
  }
  template <class Id>
  Id make() {
    return spec_.context().make<Id>();
  }
  [[nodiscard]] static Slug slug(std::uint8_t number) {
    return Slug::parse(std::string(3, static_cast<char>('a' + number % 4))).value();
  }

  void create(const Move& move) {
    workspace::CreateWorkspace command{.workspace = make<WorkspaceId>(),
                                       .account = account_,
                                       .owner = {},
                                       .name = "aaa",
                                       .slug = {},
                                       .region = {}};
    if (move.variant % 2 == 0) command.slug = slug(move.variant);
    if (!run(command)) return;
    workspaces_.push_back(command.workspace);
  }
  [[nodiscard]] Command command_for(const Move& move) {
    const auto workspace = pick(workspaces_, move.workspace);
    const auto environments = state<workspace::State>(workspace::stream(workspace)).environments;
    const auto environment = pick(environments, move.environment).id;
    const auto of_workspace = operations_of(workspace);
    const auto operation = pick(of_workspace, move.operation);
    const environment::StepOf step{workspace, operation, environment};
    const auto* waiting = state<operation::State>(operation::stream(operation)).step_for(environment);
    const auto attempt = waiting == nullptr ? 1 : waiting->attempts + 1;
    const bool permanent = move.variant % 2 == 0;
    const auto token = id<TokenId>(static_cast<std::uint8_t>(move.token % 4 + 1));
    switch (move.command % 15) {
      case 1:
        return workspace::UpdateWorkspace{workspace, {}, slug(move.variant)};
      case 2:
        return workspace::FreezeWorkspace{workspace, {}};
      case 3:
        return workspace::UnfreezeWorkspace{workspace};
      case 4:
        return environment::RetryEnvironment{workspace, environment, make<OperationId>()};
      case 5:
        return operation::RetryOperation{workspace, operation, make<OperationId>()};
      case 6:
        return operation::CancelOperation{workspace, operation};
      case 7:
        return environment::RecordProvisionFailure{step, attempt, "no", permanent};
      case 8:
        return environment::RecordDeprovisionFailure{step, attempt, "no", permanent};
      case 9:
      case 10:
        return environment::RecordDeprovisioned{step};
      case 11:
        return operation::ClaimOperation{workspace, operation, id<NodeId>(move.variant % 3)};
      case 12:
        return operation::MarkOperationStuck{workspace, operation};
      case 13:
        return api_token::RevokeApiToken{workspace, token};
      case 14:
        return api_token::CreateApiToken{
            .workspace = workspace, .token = token, .name = "t", .prefix = "p", .hash = "h"};
      default:
        return environment::RecordProvisioned{step, "local://there"};
    }
  }
  [[nodiscard]] std::vector<OperationId> operations_of(WorkspaceId workspace) const {
    std::vector<OperationId> found;
    for (const auto operation : operations_) {
      if (state<operation::State>(operation::stream(operation)).workspace == workspace)
        found.push_back(operation);
    }
    return found;
  }
  // Decides and lets it happen; false when it was refused.
  bool run(const Command& command) {
    spec_.when(command);
    if (spec_.was_refused()) return false;
    for (const auto& write : spec_.decision().writes()) {
      RC_ASSERT(!ended(write.stream));
      for (const auto& event : write.events) {
        if (const auto* started = std::get_if<operation::Started>(&event)) operations_.push_back(started->id);
      }
    }
    spec_.happens();
    return true;
  }
  [[nodiscard]] bool ended(const StreamName& stream) const {
    return stream.category() == operation::State::category && spec_.states().exists(stream) &&
           state<operation::State>(stream).status != operation::Status::running;
  }

  void check() const {
    std::set<std::string> slugs;
    for (const auto workspace : workspaces_) {
      const auto& found = state<workspace::State>(workspace::stream(workspace));
      RC_ASSERT(slugs.insert(found.slug.str()).second);
      RC_ASSERT(found.reconciling == runs(found.operation));
      bool all_active = true;
      for (const auto& each : found.environments) all_active = check_environment(each.id) && all_active;
      RC_ASSERT(!all_active || found.status != workspace::Status::provisioning);
      check_tokens(workspace);
    }
    RC_ASSERT(state<account::Usage>(account::usage_stream(account_)).workspaces == workspaces_.size());
    for (const auto operation : operations_) check_operation(operation);
  }
  // What is being worked on has an operation that works on it. True when the environment is active.
  [[nodiscard]] bool check_environment(EnvironmentId environment) const {
    using enum environment::Status;
    const auto& found = state<environment::State>(environment::stream(environment));
    const auto& operation = state<operation::State>(operation::stream(found.operation));
    const auto* step = operation.step_for(environment);
    RC_ASSERT(step != nullptr);
    if (found.status == provisioning || found.status == deprovisioning) {
      RC_ASSERT(operation.status == operation::Status::running);
      RC_ASSERT(operation.cancelling == (found.status == deprovisioning));
      RC_ASSERT(!step->compensated);
      RC_ASSERT(found.attempts == step->attempts);
    }
    return found.status == active;
  }
  // One that runs waits for a step, or it would run for ever.
  void check_operation(OperationId id) const {
    const auto& operation = state<operation::State>(operation::stream(id));
    const bool waits = std::ranges::any_of(operation.steps, [&](const operation::Step& step) {
      return operation.cancelling ? !step.compensated : step.status == operation::StepStatus::running;
    });
    RC_ASSERT((operation.status == operation::Status::running) == waits);
    RC_ASSERT(operation.completed_at.has_value() == !waits);
  }
  void check_tokens(WorkspaceId workspace) const {
    std::uint64_t count = 0;
    for (std::uint8_t number = 1; number <= 4; ++number) {
      const auto& token = state<api_token::State>(api_token::stream(id<TokenId>(number)));
      if (token.workspace == workspace && !token.revoked) ++count;
    }
    RC_ASSERT(state<api_token::Usage>(api_token::usage_stream(workspace)).api_tokens == count);
  }
  [[nodiscard]] bool runs(OperationId id) const {
    return state<operation::State>(operation::stream(id)).status == operation::Status::running;
  }

  DecisionSpec spec_;
  const AccountId account_ = id<AccountId>(1);
  std::vector<WorkspaceId> workspaces_;
  std::vector<OperationId> operations_;
};

using Bytes = std::array<std::uint8_t, 6>;

void play_all(const std::vector<Bytes>& moves) {
  History history;
  for (const auto& each : moves) history.play({each[0], each[1], each[2], each[3], each[4], each[5]});
}

RC_GTEST_PROP(HistoryTest, WhateverHappensWhatMustHoldHolds, (const std::vector<Bytes>& moves)) {
  play_all(moves);
}

RC_GTEST_PROP(HistoryTest, LongHistoriesHoldToo, ()) {
  play_all(*rc::gen::container<std::vector<Bytes>>(300, rc::gen::arbitrary<Bytes>()));
}

}  // namespace
}  // namespace tenure::testing
