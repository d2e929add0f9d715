// Given / when / then for decisions:
//
//   given(stream, Created{...});              what has happened, without asking any decision
//   when(FreezeWorkspace{...});               one decision
//   then({{stream, {Frozen{...}}}});          the events it made, all of them and in order; or
//   then_nothing();                           no event, not refused; or
//   then_refused(Reason::slug_taken);
//
// `happens()` makes the events of the last decision part of what has happened.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands/commands.h"
#include "commands/decision.h"

namespace tenure::testing {

// An id that a test can write down: `id<WorkspaceId>(1)`.
template <class Id>
[[nodiscard]] Id id(std::uint8_t number) {
  Uuid uuid;
  uuid.bytes.back() = number;
  return Id(uuid);
}

// States of streams to which things have happened, in memory.
class GivenStates final : public States {
 public:
  void apply(const StreamName& stream, const Event& event, Timestamp at) {
    evolve(states_[stream], event, at);
  }

 private:
  [[nodiscard]] const AnyState* find(const StreamName& stream) const override {
    const auto found = states_.find(stream);
    return found == states_.end() ? nullptr : &found->second;
  }

  std::map<StreamName, AnyState> states_;
};

class DecisionSpec {
 public:
  void given(const StreamName& stream, const Event& event) { states_.apply(stream, event, now); }
  void when(const Command& command) {
    decided_ = std::visit([&](const auto& typed) { return decide(typed, states_, context()); }, command);
  }
  void happens() {
    for (const auto& write : decision().writes()) {
      for (const auto& event : write.events) given(write.stream, event);
    }
  }
  void passes(Duration time) { now += time; }

  void then(const std::vector<Decision::Write>& expected) const {
    ASSERT_TRUE(decided_->has_value()) << "refused: " << refusal();
    EXPECT_EQ(lines(decision().writes()), lines(expected));
  }
  void then_nothing() const { then({}); }
  void then_refused(Reason reason) const {
    ASSERT_FALSE(decided_->has_value()) << "not refused";
    EXPECT_EQ(refusal(), info(reason).name);
  }
  void answers(Success success, AnswerKind kind = AnswerKind::empty, const StreamName& stream = {}) const {
    EXPECT_EQ(spelling(decision().answer().success), spelling(success));
    EXPECT_EQ(spelling(decision().answer().kind), spelling(kind));
    EXPECT_EQ(decision().answer().stream.str(), stream.str());
  }
  // Targets as "type id display", changes as "field: from -> to"; "-" where there is none.
  void audits(const std::vector<std::string>& targets, const std::vector<std::string>& changes = {}) const {
    EXPECT_TRUE(decision().is_audited());
    std::vector<std::string> found;
    for (const auto& each : decision().targets())
      found.push_back(each.type + ' ' + each.id + ' ' + each.display);
    EXPECT_EQ(found, targets);
    found.clear();
    for (const auto& each : decision().changes()) {
      found.push_back(each.field + ": " + each.from.value_or("-") + " -> " + each.to.value_or("-"));
    }
    EXPECT_EQ(found, changes);
  }

  [[nodiscard]] const Decision& decision() const { return decided_->value(); }
  [[nodiscard]] const Rejection& rejection() const { return decided_->error(); }
  [[nodiscard]] bool was_refused() const { return !decided_->has_value(); }
  [[nodiscard]] const GivenStates& states() const { return states_; }
  [[nodiscard]] Context context() {
    return {.now = now, .node = node, .policy = policy, .random = random_, .blind = blind_};
  }
  // What the decision wrote to the stream, where it is of this type. Valid until the next `when`.
  template <class E>
  [[nodiscard]] const E* find(const StreamName& stream) const {
    for (const auto& write : decision().writes()) {
      if (write.stream != stream) continue;
      for (const auto& event : write.events) {
        if (const auto* found = std::get_if<E>(&event)) return found;
      }
    }
    return nullptr;
  }
  template <class E>
  [[nodiscard]] bool made(const StreamName& stream) const {
    return find<E>(stream) != nullptr;
  }
  template <class E>
  [[nodiscard]] E the(const StreamName& stream) const {
    const auto* found = find<E>(stream);
    if (found == nullptr) throw std::runtime_error("the decision did not write this to " + stream.str());
    return *found;
  }

  Timestamp now = from_unix_millis(1'700'000'000'000);
  NodeId node = id<NodeId>(1);
  Policy policy;

 private:
  [[nodiscard]] std::string refusal() const {
    return was_refused() ? std::string(info(rejection().reason).name) : "";
  }
  [[nodiscard]] static std::vector<std::string> lines(const std::vector<Decision::Write>& writes) {
    std::vector<std::string> found;
    for (const auto& write : writes) {
      for (const auto& event : write.events) {
        const auto encoded = encode_event(event);
        found.push_back(write.stream.str() + ": " + encoded.type + ' ' + encoded.data);
      }
    }
    return found;
  }

  SeededRandom random_{1};
  std::function<std::string(std::string_view, std::string_view)> blind_ = [](std::string_view owner,
                                                                             std::string_view text) {
    return std::string(owner) + "'s " + std::string(text);
  };
  GivenStates states_;
  std::optional<Decided> decided_;
};

// What most decisions need: somebody's workspace with its environments, at some point of its life.
class WorkspaceSpec : public DecisionSpec {
 public:
  // Just made: an operation provisions dev, staging and prod.
  void given_a_new_workspace(const std::string& name = "Acme") {
    workspace::Created created{.id = workspace,
                               .account = account,
                               .owner = user,
                               .name = name,
                               .slug = Slug::from_name(name),
                               .region = std::nullopt,
                               .operation = operation,
                               .environments = {}};
    std::vector<operation::PlannedStep> steps;
    for (const auto environment_id : {dev, staging, prod}) {
      const std::string slug(slug_of(environment_id));
      created.environments.push_back({environment_id, slug});
      steps.push_back({"provision_" + slug, environment_id});
    }
    given(workspace_stream(), created);
    given(workspace::slug_stream(account, created.slug, context()), reservation::Taken{});
    given(account::usage_stream(account), account::WorkspaceCounted{});
    for (const auto& each : created.environments) {
      given(environment::stream(each.id), environment::Added{.id = each.id,
                                                             .workspace = workspace,
                                                             .slug = each.slug,
                                                             .provider = "local",
                                                             .operation = operation});
    }
    given(operation_stream(), operation::start(operation, operation::Type::workspace_provision, workspace,
                                               std::nullopt, steps, context()));
  }
  void given_provisioned(EnvironmentId environment) {
    given(environment::stream(environment),
          environment::Provisioned{.provider_ref = "local://" + environment.str()});
    given(operation_stream(), operation::StepCompleted{.environment = environment});
  }
  void given_failed(EnvironmentId environment) {
    given(environment::stream(environment), environment::Failed{.error = "no room"});
    given(operation_stream(), operation::StepFailed{.environment = environment, .error = "no room"});
  }
  void given_an_active_workspace(const std::string& name = "Acme") {
    given_a_new_workspace(name);
    for (const auto environment : {dev, staging, prod}) given_provisioned(environment);
    given(operation_stream(), operation::Succeeded{});
    given(workspace_stream(), workspace::Activated{});
  }
  void given_a_frozen_workspace() {
    given_an_active_workspace();
    given(workspace_stream(), workspace::Frozen{.reason = std::nullopt});
  }
  // dev and staging are there, prod is not.
  void given_a_failed_operation() {
    given_a_new_workspace();
    given_provisioned(dev);
    given_provisioned(staging);
    given_failed(prod);
    given(operation_stream(), operation::Failed{.error = "provision_prod: no room"});
    given(workspace_stream(), workspace::ReconciliationEnded{});
  }
  void given_a_cancelling_operation() {
    given_a_new_workspace();
    given(operation_stream(), operation::CancelRequested{});
    for (const auto environment : {dev, staging, prod}) {
      given(environment::stream(environment), environment::DeprovisioningStarted{});
    }
  }
  void given_compensated(EnvironmentId environment) {
    given(environment::stream(environment), environment::Deprovisioned{});
    given(operation_stream(), operation::StepCompensated{.environment = environment});
  }

  [[nodiscard]] environment::StepOf step(EnvironmentId environment) const {
    return {workspace, operation, environment};
  }
  [[nodiscard]] StreamName workspace_stream() const { return workspace::stream(workspace); }
  [[nodiscard]] StreamName operation_stream() const { return operation::stream(operation); }
  [[nodiscard]] StreamName slug_stream(std::string_view slug) {
    return workspace::slug_stream(account, Slug::parse(slug).value(), context());
  }
  [[nodiscard]] std::string_view slug_of(EnvironmentId environment) const {
    return environment == dev ? "dev" : environment == staging ? "staging" : "prod";
  }

  const UserId user = id<UserId>(1);
  const AccountId account = id<AccountId>(1);
  const WorkspaceId workspace = id<WorkspaceId>(1);
  const OperationId operation = id<OperationId>(1);
  const OperationId retry = id<OperationId>(2);
  const EnvironmentId dev = id<EnvironmentId>(1), staging = id<EnvironmentId>(2), prod = id<EnvironmentId>(3);
};

template <class Spec>
class SpecTest : public ::testing::Test, public Spec {};

}  // namespace tenure::testing
