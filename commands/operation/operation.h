// An operation: the visible progress of a saga, and the state from which the saga goes on after any crash.
//
// Stream: operation/<op_ id>, in the partition of the workspace. Which node works on it is settled by a claim
// in the stream: a node that finds the lease run out claims the operation by the commit rule.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::operation {

enum class Type : std::uint8_t { workspace_provision, environment_retry };
constexpr auto spellings(Type) {
  return std::to_array<std::string_view>({"workspace.provision", "environment.retry"});
}
enum class Status : std::uint8_t { running, succeeded, failed, cancelled };
constexpr auto spellings(Status) {
  return std::to_array<std::string_view>({"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"});
}
enum class StepStatus : std::uint8_t { running, completed, failed };
constexpr auto spellings(StepStatus) {
  return std::to_array<std::string_view>({"running", "completed", "failed"});
}

struct Claim {
  NodeId node;
  Timestamp until;
  static constexpr auto fields() {
    return std::tuple{field("node", &Claim::node), field("until", &Claim::until)};
  }
};

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

struct PlannedStep {
  std::string name;  // provision_dev, ...
  EnvironmentId environment;
  static constexpr auto fields() {
    return std::tuple{field("name", &PlannedStep::name), field("environment", &PlannedStep::environment)};
  }
};

struct Started {
  OperationId id;
  Type type{};
  WorkspaceId workspace;
  std::optional<OperationId> parent;  // whose failure this one retries
  std::vector<PlannedStep> steps;
  Claim claim;
  static constexpr auto fields() {
    return std::tuple{field("id", &Started::id),
                      field("type", &Started::type),
                      field("workspace", &Started::workspace),
                      field("parent", &Started::parent),
                      field("steps", &Started::steps),
                      inner_field("claim", &Started::claim)};
  }
};

struct Claimed {
  Claim claim;
  static constexpr auto fields() { return std::tuple{field("claim", &Claimed::claim)}; }
};

// An attempt at a step failed; there will be another one.
struct StepAttemptFailed {
  EnvironmentId environment;
  std::string error;
  Timestamp next_attempt_at;
  static constexpr auto fields() {
    return std::tuple{field("environment", &StepAttemptFailed::environment),
                      field("error", &StepAttemptFailed::error),
                      field("next_attempt_at", &StepAttemptFailed::next_attempt_at)};
  }
};

struct StepCompleted {
  EnvironmentId environment;
  static constexpr auto fields() { return std::tuple{field("environment", &StepCompleted::environment)}; }
};

struct StepFailed {
  EnvironmentId environment;
  std::string error;
  static constexpr auto fields() {
    return std::tuple{field("environment", &StepFailed::environment), field("error", &StepFailed::error)};
  }
};

// From now on the steps are undone.
struct CancelRequested {
  static constexpr auto fields() { return std::tuple{}; }
};

struct StepCompensated {
  EnvironmentId environment;
  static constexpr auto fields() { return std::tuple{field("environment", &StepCompensated::environment)}; }
};

// No step has moved for longer than is normal.
struct Stuck {
  static constexpr auto fields() { return std::tuple{}; }
};

struct Succeeded {
  static constexpr auto fields() { return std::tuple{}; }
};

struct Failed {
  std::string error;
  static constexpr auto fields() { return std::tuple{field("error", &Failed::error)}; }
};

struct Cancelled {
  static constexpr auto fields() { return std::tuple{}; }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct Step {
  std::string name;
  EnvironmentId environment;
  StepStatus status{};
  std::uint32_t attempts = 0;
  std::optional<Timestamp> next_attempt_at, completed_at;
  std::optional<std::string> last_error;
  bool compensated = false;

  static constexpr auto fields() {
    return std::tuple{field("name", &Step::name),
                      field("environment", &Step::environment),
                      field("status", &Step::status),
                      field("attempts", &Step::attempts),
                      field("next_attempt_at", &Step::next_attempt_at),
                      field("completed_at", &Step::completed_at),
                      field("last_error", &Step::last_error),
                      field("compensated", &Step::compensated)};
  }
};

struct State {
  static constexpr std::string_view category = "operation";

  OperationId id;
  Type type{};
  WorkspaceId workspace;
  std::optional<OperationId> parent;
  Status status{};
  bool cancelling = false;
  bool stuck = false;
  std::vector<Step> steps;
  Claim claim;
  std::optional<std::string> error;       // why it failed
  std::optional<std::string> last_error;  // of `last_error_step`, until that step succeeds
  std::optional<std::string> last_error_step;
  Timestamp created_at, updated_at;
  Timestamp progress_at;  // when a step last completed, failed or was undone
  std::optional<Timestamp> completed_at;

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id),
                      field("type", &State::type),
                      field("workspace", &State::workspace),
                      field("parent", &State::parent),
                      field("status", &State::status),
                      field("cancelling", &State::cancelling),
                      field("stuck", &State::stuck),
                      field("steps", &State::steps),
                      field("claim", &State::claim),
                      field("error", &State::error),
                      field("last_error", &State::last_error),
                      field("last_error_step", &State::last_error_step),
                      field("created_at", &State::created_at),
                      field("updated_at", &State::updated_at),
                      field("progress_at", &State::progress_at),
                      field("completed_at", &State::completed_at)};
  }

  // nullptr when the operation has no step for it.
  [[nodiscard]] const Step* step_for(EnvironmentId environment) const;
};

void evolve(State& state, const Started& event, Timestamp at);
void evolve(State& state, const Claimed& event, Timestamp at);
void evolve(State& state, const StepAttemptFailed& event, Timestamp at);
void evolve(State& state, const StepCompleted& event, Timestamp at);
void evolve(State& state, const StepFailed& event, Timestamp at);
void evolve(State& state, const CancelRequested& event, Timestamp at);
void evolve(State& state, const StepCompensated& event, Timestamp at);
void evolve(State& state, const Stuck& event, Timestamp at);
void evolve(State& state, const Succeeded& event, Timestamp at);
void evolve(State& state, const Failed& event, Timestamp at);
void evolve(State& state, const Cancelled& event, Timestamp at);

[[nodiscard]] inline StreamName stream(OperationId id) { return {State::category, id.str()}; }

// A new operation that provisions these environments, claimed by the node that decides.
[[nodiscard]] Started start(OperationId id, Type type, WorkspaceId workspace,
                            std::optional<OperationId> parent, std::vector<PlannedStep> steps,
                            const Context& context);

// ---- Commands
// ---------------------------------------------------------------------------------------------------

struct CancelOperation {
  WorkspaceId workspace;
  OperationId operation;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(operation); }
};

// Tries again what a failed or cancelled operation left undone, as a new operation.
struct RetryOperation {
  WorkspaceId workspace;
  OperationId failed;
  OperationId operation;  // the new one
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(failed); }
};

// By the saga runner of a node: to work on an operation, or to keep doing so.
struct ClaimOperation {
  WorkspaceId workspace;
  OperationId operation;
  NodeId node;
  bool take_over = false;  // no other node can be there: whoever holds a claim is gone
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(operation); }
};

// By the saga runner, when nothing has moved for too long.
struct MarkOperationStuck {
  WorkspaceId workspace;
  OperationId operation;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(operation); }
};

// ---- Decisions, each with its refusals in the order in which they are checked
// -----------------------------------

// operation_ended. One that is being cancelled stays as it is.
[[nodiscard]] Decided decide(const CancelOperation& command, const States& states, const Context& context);
// operation_running, operation_not_failed.
[[nodiscard]] Decided decide(const RetryOperation& command, const States& states, const Context& context);
// Changes nothing while another node's lease runs, when the node's own would end no later, or when the
// operation has ended.
[[nodiscard]] Decided decide(const ClaimOperation& command, const States& states, const Context& context);
[[nodiscard]] Decided decide(const MarkOperationStuck& command, const States& states, const Context& context);

}  // namespace tenure::operation
