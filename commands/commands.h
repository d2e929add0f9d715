// THE TABLE OF COMMANDS: every command, what the audit feed calls it, and what it may do to a workspace that
// is frozen.
#pragma once

#include <string_view>
#include <tuple>
#include <variant>

#include "commands/events.h"

namespace tenure {

// Whether a command goes through while its workspace is frozen or being offboarded.
enum class InLockedWorkspace : std::uint8_t {
  refused,
  allowed,  // it takes access away, or works on the lock itself
};

struct CommandInfo {
  std::string_view name;
  std::string_view action;  // in the audit feed; empty: inner book-keeping that makes no entry
  InLockedWorkspace in_locked_workspace = InLockedWorkspace::refused;
};

template <class C>
struct CommandRow : CommandInfo {
  using Command = C;
};

inline constexpr std::tuple command_table{
    CommandRow<user::Bootstrap>{"Bootstrap", "account.created"},
    CommandRow<session::EndSession>{"EndSession", "session.ended"},
    CommandRow<session::ExtendSession>{"ExtendSession", ""},
    CommandRow<workspace::CreateWorkspace>{"CreateWorkspace", "workspace.created"},
    CommandRow<workspace::UpdateWorkspace>{"UpdateWorkspace", "workspace.updated"},
    CommandRow<workspace::FreezeWorkspace>{"FreezeWorkspace", "workspace.frozen", InLockedWorkspace::allowed},
    CommandRow<workspace::UnfreezeWorkspace>{"UnfreezeWorkspace", "workspace.unfrozen",
                                             InLockedWorkspace::allowed},
    CommandRow<environment::RetryEnvironment>{"RetryEnvironment", "environment.retried"},
    CommandRow<environment::RecordProvisioned>{"RecordProvisioned", "environment.provisioned",
                                               InLockedWorkspace::allowed},
    CommandRow<environment::RecordProvisionFailure>{"RecordProvisionFailure", "environment.failed",
                                                    InLockedWorkspace::allowed},
    CommandRow<environment::RecordDeprovisioned>{"RecordDeprovisioned", "environment.deprovisioned",
                                                 InLockedWorkspace::allowed},
    CommandRow<environment::RecordDeprovisionFailure>{"RecordDeprovisionFailure", "environment.failed",
                                                      InLockedWorkspace::allowed},
    CommandRow<operation::CancelOperation>{"CancelOperation", "operation.cancelled",
                                           InLockedWorkspace::allowed},
    CommandRow<operation::RetryOperation>{"RetryOperation", "operation.retried"},
    CommandRow<operation::ClaimOperation>{"ClaimOperation", "", InLockedWorkspace::allowed},
    CommandRow<operation::MarkOperationStuck>{"MarkOperationStuck", "", InLockedWorkspace::allowed},
    CommandRow<api_token::CreateApiToken>{"CreateApiToken", "token.created"},
    CommandRow<api_token::RevokeApiToken>{"RevokeApiToken", "token.revoked", InLockedWorkspace::allowed},
    CommandRow<publication::ClaimPublication>{"ClaimPublication", ""},
    CommandRow<publication::ReleasePublication>{"ReleasePublication", ""},
};

namespace detail {
template <class Table>
struct CommandVariant;
template <class... Rows>
struct CommandVariant<std::tuple<Rows...>> {
  using type = std::variant<typename Rows::Command...>;
};
template <class C, class... Rows>
constexpr std::size_t command_index(const std::tuple<Rows...>&) {
  std::size_t index = 0;
  (void)((std::is_same_v<C, typename Rows::Command> ? false : (++index, true)) && ...);
  return index;
}
}  // namespace detail

// Any command.
using Command = detail::CommandVariant<std::remove_cv_t<decltype(command_table)>>::type;

template <class C>
[[nodiscard]] constexpr const CommandInfo& command_info() {
  return std::get<detail::command_index<C>(command_table)>(command_table);
}
[[nodiscard]] inline const CommandInfo& info_of(const Command& command) {
  return std::visit([]<class C>(const C&) -> const CommandInfo& { return command_info<C>(); }, command);
}

}  // namespace tenure
