// An environment of a workspace: dev, staging or prod, made by a provisioner.
//
// Stream: environment/<env_ id>, in the partition of the workspace. The commands that record what a
// provisioner did come from the provision saga, and move the environment and the operation's step in one
// commit.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/time/clock.h"

namespace tenure::environment {

enum class Status : std::uint8_t { pending, provisioning, active, failed, deprovisioning, deprovisioned };
constexpr auto spellings(Status) {
  return std::to_array<std::string_view>(
      {"pending", "provisioning", "active", "failed", "deprovisioning", "deprovisioned"});
}

inline constexpr std::array<std::string_view, 3> slugs{"dev", "staging", "prod"};

// ---- Events: their fields are the storage format
// ---------------------------------------------------------------

struct Added {
  EnvironmentId id;
  WorkspaceId workspace;
  std::string slug;
  std::string provider;
  OperationId operation;
  static constexpr auto fields() {
    return std::tuple{field("id", &Added::id), field("workspace", &Added::workspace),
                      field("slug", &Added::slug), field("provider", &Added::provider),
                      field("operation", &Added::operation)};
  }
};

struct Provisioned {
  std::string provider_ref;
  static constexpr auto fields() { return std::tuple{field("provider_ref", &Provisioned::provider_ref)}; }
};

// An attempt failed; there will be another one.
struct AttemptFailed {
  std::string error;
  Timestamp next_attempt_at;
  static constexpr auto fields() {
    return std::tuple{field("error", &AttemptFailed::error),
                      field("next_attempt_at", &AttemptFailed::next_attempt_at)};
  }
};

// The last attempt failed.
struct Failed {
  std::string error;
  static constexpr auto fields() { return std::tuple{field("error", &Failed::error)}; }
};

struct Retried {
  OperationId operation;
  static constexpr auto fields() { return std::tuple{field("operation", &Retried::operation)}; }
};

struct DeprovisioningStarted {
  static constexpr auto fields() { return std::tuple{}; }
};

struct Deprovisioned {
  static constexpr auto fields() { return std::tuple{}; }
};

// ---- State
// ------------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "environment";

  EnvironmentId id;
  WorkspaceId workspace;
  std::string slug;
  std::string provider;
  Status status{};
  OperationId operation;  // the one that works, or last worked, on it
  std::uint32_t attempts = 0;
  // Even: to be made; odd: to be undone. It grows when that turns around.
  std::uint64_t generation = 0;
  std::optional<std::string> provider_ref, last_error;
  std::optional<Timestamp> next_attempt_at;
  Timestamp created_at, updated_at;

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id),
                      field("workspace", &State::workspace),
                      field("slug", &State::slug),
                      field("provider", &State::provider),
                      field("status", &State::status),
                      field("operation", &State::operation),
                      field("attempts", &State::attempts),
                      field("generation", &State::generation),
                      field("provider_ref", &State::provider_ref),
                      field("last_error", &State::last_error),
                      field("next_attempt_at", &State::next_attempt_at),
                      field("created_at", &State::created_at),
                      field("updated_at", &State::updated_at)};
  }
};

void evolve(State& state, const Added& event, Timestamp at);
void evolve(State& state, const Provisioned& event, Timestamp at);
void evolve(State& state, const AttemptFailed& event, Timestamp at);
void evolve(State& state, const Failed& event, Timestamp at);
void evolve(State& state, const Retried& event, Timestamp at);
void evolve(State& state, const DeprovisioningStarted& event, Timestamp at);
void evolve(State& state, const Deprovisioned& event, Timestamp at);

[[nodiscard]] inline StreamName stream(EnvironmentId id) { return {State::category, id.str()}; }

// ---- Commands
// ---------------------------------------------------------------------------------------------------

// Asked by a person, of one that failed or was deprovisioned: a new operation tries again.
struct RetryEnvironment {
  WorkspaceId workspace;
  EnvironmentId environment;
  OperationId operation;  // the new one
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(environment); }
};

// What a provisioner did for a step of an operation. An answer that comes twice, or after the step has ended,
// changes nothing.
struct StepOf {
  WorkspaceId workspace;
  OperationId operation;
  EnvironmentId environment;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(environment); }
};
struct RecordProvisioned : StepOf {
  std::string provider_ref;
};
struct RecordProvisionFailure : StepOf {
  std::uint32_t attempt = 1;  // which one failed; another than the one that is awaited was recorded before
  std::string error;
  bool permanent = false;  // no further attempt can help
};
struct RecordDeprovisioned : StepOf {};
// Undoing is never given up: see the decision.
struct RecordDeprovisionFailure : StepOf {
  std::uint32_t attempt = 1;
  std::string error;
  bool permanent = false;
};

// ---- Decisions, each with its refusals in the order in which they are checked
// -----------------------------------

// environment_not_failed.
[[nodiscard]] Decided decide(const RetryEnvironment& command, const States& states, const Context& context);
[[nodiscard]] Decided decide(const RecordProvisioned& command, const States& states, const Context& context);
[[nodiscard]] Decided decide(const RecordProvisionFailure& command, const States& states,
                             const Context& context);
[[nodiscard]] Decided decide(const RecordDeprovisioned& command, const States& states,
                             const Context& context);
[[nodiscard]] Decided decide(const RecordDeprovisionFailure& command, const States& states,
                             const Context& context);

}  // namespace tenure::environment
