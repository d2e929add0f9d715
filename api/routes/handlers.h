// Every handler of the table of routes, by the file that has it, and what asks whether its path names
// something that is there.
#pragma once

#include "api/call.h"

namespace tenure::routes {

// workspaces.cpp
Reply list_workspaces(Call& call);
Reply create_workspace(Call& call);
Reply get_workspace(Call& call);
Reply update_workspace(Call& call);
Reply freeze_workspace(Call& call);
Reply unfreeze_workspace(Call& call);
Reply get_access_state(Call& call);

// environments.cpp
Reply list_environments(Call& call);
Reply retry_environment(Call& call);
bool environment_exists(const Call& call);

// operations.cpp
Reply list_operations(Call& call);
Reply list_workspace_operations(Call& call);
Reply get_operation(Call& call);
Reply wait_for_operation(Call& call);
Reply cancel_operation(Call& call);
Reply retry_operation(Call& call);

// api_tokens.cpp
Reply list_api_tokens(Call& call);
Reply create_api_token(Call& call);
Reply revoke_api_token(Call& call);
bool api_token_exists(const Call& call);

// people.cpp: the caller, sessions, accounts
Reply get_me(Call& call);
Reply get_session(Call& call);
Reply list_sessions(Call& call);
Reply end_current_session(Call& call);
Reply end_session(Call& call);
Reply list_accounts(Call& call);
Reply get_account(Call& call);
bool came_with_session(const Call& call);
bool session_exists(const Call& call);
bool account_exists(const Call& call);

// history.cpp: the audit feed and raw events
Reply list_audit_entries(Call& call);
Reply list_events(Call& call);

// service.cpp: health, metrics, documents
Reply livez(Call& call);
Reply readyz(Call& call);
Reply metrics(Call& call);
Reply openapi(Call& call);
Reply docs(Call& call);

}  // namespace tenure::routes
