// The workspace: the tenant boundary. Events, state, commands and decisions on one screen; each decision has
// its own file beside this one, named after its command.
//
// Stream: workspace/<ws_ id>, in the partition of its account.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "commands/decider.h"
#include "core/events/fields.h"
#include "core/ids/slug.h"

namespace tenure::workspace {

enum class Status : std::uint8_t { provisioning, active, frozen, offboarding, deleting, deleted };
constexpr auto spellings(Status) {
  return std::to_array<std::string_view>(
      {"provisioning", "active", "frozen", "offboarding", "deleting", "deleted"});
}
enum class TenancyModel : std::uint8_t { shared, dedicated };
constexpr auto spellings(TenancyModel) { return std::to_array<std::string_view>({"shared", "dedicated"}); }

// ---- Events
// ------------------------------------------------------------------------------------------------- Their
// fields are the storage format: a change needs a new schema and an upcaster (CONTRIBUTING.md).

struct EnvironmentRef {
  EnvironmentId id;
  std::string slug;
  static constexpr auto fields() {
    return std::tuple{field("id", &EnvironmentRef::id), field("slug", &EnvironmentRef::slug)};
  }
};

struct Created {
  WorkspaceId id;
  AccountId account;
  UserId owner;
  std::string name;
  Slug slug;
  std::optional<std::string> region;
  TenancyModel tenancy_model{};
  OperationId operation;
  std::vector<EnvironmentRef> environments;
  static constexpr auto fields() {
    return std::tuple{field("id", &Created::id),
                      field("account", &Created::account),
                      field("owner", &Created::owner),
                      field("name", &Created::name),
                      field("slug", &Created::slug),
                      field("region", &Created::region),
                      field("tenancy_model", &Created::tenancy_model),
                      field("operation", &Created::operation),
                      field("environments", &Created::environments)};
  }
};

struct Renamed {
  std::string name;
  Slug slug;
  static constexpr auto fields() {
    return std::tuple{field("name", &Renamed::name), field("slug", &Renamed::slug)};
  }
};

// Every environment is there.
struct Activated {
  static constexpr auto fields() { return std::tuple{}; }
};

// A further operation works on the environments: a retry.
struct ReconciliationStarted {
  OperationId operation;
  static constexpr auto fields() { return std::tuple{field("operation", &ReconciliationStarted::operation)}; }
};

// The operation ended and left environments that are not there.
struct ReconciliationEnded {
  static constexpr auto fields() { return std::tuple{}; }
};

struct Frozen {
  std::optional<std::string> reason;
  static constexpr auto fields() { return std::tuple{field("reason", &Frozen::reason)}; }
};

struct Unfrozen {
  static constexpr auto fields() { return std::tuple{}; }
};

// ---- State
// --------------------------------------------------------------------------------------------------

struct State {
  static constexpr std::string_view category = "workspace";

  WorkspaceId id;
  AccountId account;
  UserId owner;
  std::string name;
  Slug slug;
  std::optional<std::string> region;
  TenancyModel tenancy_model{};
  Status status{};
  bool reconciling = false;  // an operation works on the environments
  OperationId operation;
  std::vector<EnvironmentRef> environments;
  Timestamp created_at, updated_at;
  std::optional<Timestamp> frozen_at;
  std::uint64_t access_version = 0;  // grows whenever what the lifecycle allows changes

  static constexpr auto fields() {
    return std::tuple{field("id", &State::id),
                      field("account", &State::account),
                      field("owner", &State::owner),
                      field("name", &State::name),
                      field("slug", &State::slug),
                      field("region", &State::region),
                      field("tenancy_model", &State::tenancy_model),
                      field("status", &State::status),
                      field("reconciling", &State::reconciling),
                      field("operation", &State::operation),
                      field("environments", &State::environments),
                      field("created_at", &State::created_at),
                      field("updated_at", &State::updated_at),
                      field("frozen_at", &State::frozen_at),
                      field("access_version", &State::access_version)};
  }
};

void evolve(State& state, const Created& event, Timestamp at);
void evolve(State& state, const Renamed& event, Timestamp at);
void evolve(State& state, const Activated& event, Timestamp at);
void evolve(State& state, const ReconciliationStarted& event, Timestamp at);
void evolve(State& state, const ReconciliationEnded& event, Timestamp at);
void evolve(State& state, const Frozen& event, Timestamp at);
void evolve(State& state, const Unfrozen& event, Timestamp at);

[[nodiscard]] inline StreamName stream(WorkspaceId id) { return {State::category, id.str()}; }
// Reserves a slug inside an account; the name shows nothing of the slug.
[[nodiscard]] StreamName slug_stream(AccountId account, const Slug& slug, const Context& context);

// ---- Commands
// -----------------------------------------------------------------------------------------------

struct CreateWorkspace {
  WorkspaceId workspace;  // chosen by the caller, so that the answer can be found whatever happens
  AccountId account;
  UserId owner;
  std::string name;
  std::optional<Slug> slug;  // none: made from the name, unique by a suffix
  std::optional<std::string> region;
  TenancyModel tenancy_model{};
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(workspace); }
};

struct UpdateWorkspace {
  WorkspaceId workspace;
  std::optional<std::string> name;
  std::optional<Slug> slug;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(workspace); }
};

struct FreezeWorkspace {
  WorkspaceId workspace;
  std::optional<std::string> reason;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(workspace); }
};

struct UnfreezeWorkspace {
  WorkspaceId workspace;
  [[nodiscard]] Tenant tenant() const { return workspace; }
  [[nodiscard]] StreamName target() const { return stream(workspace); }
};

// ---- Decisions, each with its refusals in the order in which they are checked
// ---------------------------------

// quota_exceeded, slug_taken. A workspace that is there already stays as it is.
[[nodiscard]] Decided decide(const CreateWorkspace& command, const States& states, const Context& context);
// slug_taken. A name and slug that it has already change nothing.
[[nodiscard]] Decided decide(const UpdateWorkspace& command, const States& states, const Context& context);
// workspace_provisioning. A frozen workspace stays as it is.
[[nodiscard]] Decided decide(const FreezeWorkspace& command, const States& states, const Context& context);
// Never refused: what is not frozen stays as it is.
[[nodiscard]] Decided decide(const UnfreezeWorkspace& command, const States& states, const Context& context);

}  // namespace tenure::workspace
