// THE TABLE OF EVENTS: every event that the log may hold, the aggregate whose state it moves, its wire name,
// its schema, and whether other systems hear of it. The wire names are stored for ever: an event is never
// renamed and never removed.
//
// A new schema of an event needs an upcaster, which lifts the data of the one before it, and a golden file
// (tests/golden/): see CONTRIBUTING.md.
#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "commands/account/account.h"
#include "commands/api_token/api_token.h"
#include "commands/environment/environment.h"
#include "commands/operation/operation.h"
#include "commands/publication/publication.h"
#include "commands/reservation/reservation.h"
#include "commands/session/session.h"
#include "commands/user/user.h"
#include "commands/workspace/workspace.h"
#include "core/events/commit.h"
#include "core/json/json.h"

namespace tenure {

using Upcaster = json::Object (*)(json::Object data);

// Who hears of an event.
enum class Audience : std::uint8_t {
  inner,     // book-keeping, and what is a person's own business
  everyone,  // published to other systems (asyncapi.yaml): its public fields are a promise to them
};

// `Lifts` upcasters lead from schema 1 to the current one, which is Lifts + 1.
template <class StateType, class EventType, std::size_t Lifts = 0>
struct EventRow {
  using State = StateType;
  using Event = EventType;
  static constexpr std::uint32_t schema = Lifts + 1;

  constexpr EventRow(std::string_view wire_name, Audience heard_by, std::array<Upcaster, Lifts> lifts = {})
      : name(wire_name), audience(heard_by), upcasters(lifts) {}

  std::string_view name;
  Audience audience;
  std::array<Upcaster, Lifts> upcasters;
};

inline constexpr std::tuple event_table{
    EventRow<user::State, user::Registered>{"user.registered", Audience::everyone},
    EventRow<account::State, account::Created>{"account.created", Audience::everyone},
    EventRow<account::Usage, account::WorkspaceCounted>{"account.workspace_counted", Audience::inner},
    EventRow<session::State, session::Started>{"session.started", Audience::inner},
    EventRow<session::State, session::Extended>{"session.extended", Audience::inner},
    EventRow<session::State, session::Ended>{"session.ended", Audience::inner},
    EventRow<workspace::State, workspace::Created>{"workspace.created", Audience::everyone},
    EventRow<workspace::State, workspace::Renamed>{"workspace.renamed", Audience::everyone},
    EventRow<workspace::State, workspace::Activated>{"workspace.activated", Audience::everyone},
    EventRow<workspace::State, workspace::ReconciliationStarted>{"workspace.reconciliation_started",
                                                                 Audience::everyone},
    EventRow<workspace::State, workspace::ReconciliationEnded>{"workspace.reconciliation_ended",
                                                               Audience::everyone},
    EventRow<workspace::State, workspace::Frozen>{"workspace.frozen", Audience::everyone},
    EventRow<workspace::State, workspace::Unfrozen>{"workspace.unfrozen", Audience::everyone},
    EventRow<environment::State, environment::Added>{"environment.added", Audience::everyone},
    EventRow<environment::State, environment::Provisioned>{"environment.provisioned", Audience::everyone},
    EventRow<environment::State, environment::AttemptFailed>{"environment.attempt_failed", Audience::inner},
    EventRow<environment::State, environment::Failed>{"environment.failed", Audience::everyone},
    EventRow<environment::State, environment::Retried>{"environment.retried", Audience::everyone},
    EventRow<environment::State, environment::DeprovisioningStarted>{"environment.deprovisioning_started",
                                                                     Audience::everyone},
    EventRow<environment::State, environment::Deprovisioned>{"environment.deprovisioned", Audience::everyone},
    EventRow<operation::State, operation::Started>{"operation.started", Audience::everyone},
    EventRow<operation::State, operation::Claimed>{"operation.claimed", Audience::inner},
    EventRow<operation::State, operation::StepAttemptFailed>{"operation.step_attempt_failed",
                                                             Audience::inner},
    EventRow<operation::State, operation::StepCompleted>{"operation.step_completed", Audience::everyone},
    EventRow<operation::State, operation::StepFailed>{"operation.step_failed", Audience::everyone},
    EventRow<operation::State, operation::CancelRequested>{"operation.cancel_requested", Audience::everyone},
    EventRow<operation::State, operation::StepCompensated>{"operation.step_compensated", Audience::everyone},
    EventRow<operation::State, operation::Stuck>{"operation.stuck", Audience::everyone},
    EventRow<operation::State, operation::Succeeded>{"operation.succeeded", Audience::everyone},
    EventRow<operation::State, operation::Failed>{"operation.failed", Audience::everyone},
    EventRow<operation::State, operation::Cancelled>{"operation.cancelled", Audience::everyone},
    EventRow<api_token::State, api_token::Created>{"api_token.created", Audience::everyone},
    EventRow<api_token::State, api_token::Revoked>{"api_token.revoked", Audience::everyone},
    EventRow<api_token::Usage, api_token::Counted>{"workspace.api_token_counted", Audience::inner},
    EventRow<api_token::Usage, api_token::Uncounted>{"workspace.api_token_uncounted", Audience::inner},
    EventRow<reservation::State, reservation::Taken>{"reservation.taken", Audience::inner},
    EventRow<reservation::State, reservation::Released>{"reservation.released", Audience::inner},
    EventRow<publication::State, publication::Claimed>{"publication.claimed", Audience::inner},
    EventRow<publication::State, publication::Released>{"publication.released", Audience::inner},
};

namespace detail {

template <class Table>
struct EventVariant;
template <class... Rows>
struct EventVariant<std::tuple<Rows...>> {
  using type = std::variant<typename Rows::Event...>;
};

template <class E, class... Rows>
constexpr std::size_t row_index(const std::tuple<Rows...>&) {
  std::size_t index = 0;
  (void)((std::is_same_v<E, typename Rows::Event> ? false : (++index, true)) && ...);
  return index;
}

}  // namespace detail

// Any event.
using Event = detail::EventVariant<std::remove_cv_t<decltype(event_table)>>::type;

// Any stream's state.
using AnyState = std::variant<std::monostate, user::State, account::State, account::Usage, session::State,
                              workspace::State, environment::State, operation::State, api_token::State,
                              api_token::Usage, reservation::State, publication::State>;

template <class E>
[[nodiscard]] constexpr const auto& event_row() {
  return std::get<detail::row_index<E>(event_table)>(event_table);
}

[[nodiscard]] std::string_view name_of(const Event& event);
[[nodiscard]] Audience audience_of(const Event& event);
[[nodiscard]] EventData encode_event(const Event& event);
// As `encode_event`, without credentials: the copy that this node keeps for reading.
[[nodiscard]] std::string encode_local_copy(const Event& event);
// What other systems read: the public fields, and as "id" the resource that the event is about.
[[nodiscard]] std::string encode_public(const Event& event, std::string_view resource);
// Lifts old schemas. An unknown name, a schema from the future and unreadable data are errors.
[[nodiscard]] std::expected<Event, RecordError> decode_event(std::string_view name, std::uint32_t schema,
                                                             const json::Value& data);

// Moves `state` (monostate: a stream that did not exist) by one event.
void evolve(AnyState& state, const Event& event, Timestamp at);

// What people call the thing in the audit feed; empty where it has no name, or one that is sealed.
[[nodiscard]] std::string display_of(const AnyState& state);

// States as the store keeps them: {"<category>":{...}} under the category of their aggregate.
[[nodiscard]] std::string encode_state(const AnyState& state);
// Throws codec::DecodeError.
[[nodiscard]] AnyState decode_state(std::string_view text);

}  // namespace tenure
