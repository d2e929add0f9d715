// THE TABLE OF EVENTS: every event that the log may hold, the aggregate whose state it moves, its wire name and its
// schema. The wire names are stored for ever: an event is never renamed and never removed.
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
#include "commands/reservation/reservation.h"
#include "commands/session/session.h"
#include "commands/user/user.h"
#include "commands/workspace/workspace.h"
#include "core/events/commit.h"
#include "core/json/json.h"

namespace tenure {

using Upcaster = json::Object (*)(json::Object data);

// `Lifts` upcasters lead from schema 1 to the current one, which is Lifts + 1.
template <class StateType, class EventType, std::size_t Lifts = 0>
struct EventRow {
  using State = StateType;
  using Event = EventType;
  static constexpr std::uint32_t schema = Lifts + 1;
  std::string_view name;
  std::array<Upcaster, Lifts> upcasters{};
};

inline constexpr std::tuple event_table{
    EventRow<user::State, user::Registered>{"user.registered"},
    EventRow<account::State, account::Created>{"account.created"},
    EventRow<account::Usage, account::WorkspaceCounted>{"account.workspace_counted"},
    EventRow<session::State, session::Started>{"session.started"},
    EventRow<session::State, session::Extended>{"session.extended"},
    EventRow<session::State, session::Ended>{"session.ended"},
    EventRow<workspace::State, workspace::Created>{"workspace.created"},
    EventRow<workspace::State, workspace::Renamed>{"workspace.renamed"},
    EventRow<workspace::State, workspace::Activated>{"workspace.activated"},
    EventRow<workspace::State, workspace::ReconciliationStarted>{"workspace.reconciliation_started"},
    EventRow<workspace::State, workspace::ReconciliationEnded>{"workspace.reconciliation_ended"},
    EventRow<workspace::State, workspace::Frozen>{"workspace.frozen"},
    EventRow<workspace::State, workspace::Unfrozen>{"workspace.unfrozen"},
    EventRow<environment::State, environment::Added>{"environment.added"},
    EventRow<environment::State, environment::Provisioned>{"environment.provisioned"},
    EventRow<environment::State, environment::AttemptFailed>{"environment.attempt_failed"},
    EventRow<environment::State, environment::Failed>{"environment.failed"},
    EventRow<environment::State, environment::Retried>{"environment.retried"},
    EventRow<environment::State, environment::DeprovisioningStarted>{"environment.deprovisioning_started"},
    EventRow<environment::State, environment::Deprovisioned>{"environment.deprovisioned"},
    EventRow<operation::State, operation::Started>{"operation.started"},
    EventRow<operation::State, operation::Claimed>{"operation.claimed"},
    EventRow<operation::State, operation::StepAttemptFailed>{"operation.step_attempt_failed"},
    EventRow<operation::State, operation::StepCompleted>{"operation.step_completed"},
    EventRow<operation::State, operation::StepFailed>{"operation.step_failed"},
    EventRow<operation::State, operation::CancelRequested>{"operation.cancel_requested"},
    EventRow<operation::State, operation::StepCompensated>{"operation.step_compensated"},
    EventRow<operation::State, operation::Stuck>{"operation.stuck"},
    EventRow<operation::State, operation::Succeeded>{"operation.succeeded"},
    EventRow<operation::State, operation::Failed>{"operation.failed"},
    EventRow<operation::State, operation::Cancelled>{"operation.cancelled"},
    EventRow<api_token::State, api_token::Created>{"api_token.created"},
    EventRow<api_token::State, api_token::Revoked>{"api_token.revoked"},
    EventRow<api_token::Usage, api_token::Counted>{"workspace.api_token_counted"},
    EventRow<api_token::Usage, api_token::Uncounted>{"workspace.api_token_uncounted"},
    EventRow<reservation::State, reservation::Taken>{"reservation.taken"},
    EventRow<reservation::State, reservation::Released>{"reservation.released"},
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
                              api_token::Usage, reservation::State>;

template <class E>
[[nodiscard]] constexpr const auto& event_row() {
  return std::get<detail::row_index<E>(event_table)>(event_table);
}

[[nodiscard]] std::string_view name_of(const Event& event);
[[nodiscard]] EventData encode_event(const Event& event);
// As `encode_event`, without credentials: the copy that this node keeps for reading.
[[nodiscard]] std::string encode_local_copy(const Event& event);
// Lifts old schemas. An unknown name, a schema from the future and unreadable data are errors.
[[nodiscard]] std::expected<Event, RecordError> decode_event(std::string_view name, std::uint32_t schema,
                                                             const json::Value& data);

// Moves `state` (monostate: a stream that did not exist) by one event.
void evolve(AnyState& state, const Event& event, Timestamp at);

// States as the store keeps them: {"<category>":{...}} under the category of their aggregate.
[[nodiscard]] std::string encode_state(const AnyState& state);
// Throws codec::DecodeError.
[[nodiscard]] AnyState decode_state(std::string_view text);

}  // namespace tenure
