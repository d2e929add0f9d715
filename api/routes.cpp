// THE TABLE OF ROUTES.
#include "api/route.h"
#include "api/routes/handlers.h"
#include "api/schemas.h"
#include "core/limits.h"

namespace tenure {
namespace {

using http::Method;
using http::optional;
using http::required;
using http::Schema;
using schemas::list_of;
using schemas::page_and;

constexpr std::string_view account_id_pattern = "^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$";
constexpr std::string_view slug_pattern = "^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$";

Schema name() { return Schema::string().chars(1, limits::name_chars_max); }
Schema slug() {
  return Schema::string().chars(limits::slug_chars_min, limits::slug_chars_max).pattern(slug_pattern);
}
Schema time_text() { return Schema::string().format("date-time"); }
Schema empty_body() { return Schema::object({}); }

std::vector<Route> workspace_routes() {
  return {
      {.method = Method::get,
       .pattern = "/v1/workspaces",
       .operation_id = "listWorkspaces",
       .summary = "Workspaces that the caller can see",
       .access = Access::any,
       .query = page_and(
           {optional(
                "account_id",
                Schema::string().chars(AccountId::length, AccountId::length).pattern(account_id_pattern)),
            optional("status", Schema::one_of({"provisioning", "active", "frozen", "offboarding", "deleting",
                                               "deleted"})),
            optional("managed", Schema::boolean()), optional("show_deleted", Schema::boolean()),
            optional("order_by", Schema::one_of({"name", "name desc", "created_at", "created_at desc"}))}),
       .answer = list_of(schemas::workspace()),
       .handler = &routes::list_workspaces},
      {.method = Method::post,
       .pattern = "/v1/workspaces",
       .operation_id = "createWorkspace",
       .summary = "Creates a workspace and provisions its environments",
       .access = Access::person,
       .body = Schema::object({required("name", name()), optional("slug", slug()),
                               optional("account_id", Schema::string()),
                               optional("region", Schema::string().chars(1, limits::region_chars_max)),
                               optional("tenancy_model", Schema::one_of({"shared", "dedicated"}))}),
       .success = 201,
       .answer = schemas::workspace(),
       .handler = &routes::create_workspace},
      {.method = Method::get,
       .pattern = "/v1/workspaces/{workspace}",
       .operation_id = "getWorkspace",
       .summary = "A workspace",
       .access = Access::workspace_of_path,
       .answer = schemas::workspace(),
       .handler = &routes::get_workspace},
      {.method = Method::patch,
       .pattern = "/v1/workspaces/{workspace}",
       .operation_id = "updateWorkspace",
       .summary = "Changes name or slug",
       .access = Access::workspace_of_path,
       .permission = Permission::manage,
       .command = &command_info<workspace::UpdateWorkspace>(),
       .body = Schema::object({optional("name", name()), optional("slug", slug())}),
       .answer = schemas::workspace(),
       .handler = &routes::update_workspace},
      {.method = Method::post,
       .pattern = "/v1/workspaces/{workspace}:freeze",
       .operation_id = "freezeWorkspace",
       .summary = "Blocks every write inside the workspace",
       .access = Access::workspace_of_path,
       .permission = Permission::administer,
       .command = &command_info<workspace::FreezeWorkspace>(),
       .body =
           Schema::object({optional("reason", Schema::string().chars(0, limits::freeze_reason_chars_max))}),
       .answer = schemas::workspace(),
       .handler = &routes::freeze_workspace},
      {.method = Method::post,
       .pattern = "/v1/workspaces/{workspace}:unfreeze",
       .operation_id = "unfreezeWorkspace",
       .summary = "Ends a freeze",
       .access = Access::workspace_of_path,
       .permission = Permission::administer,
       .command = &command_info<workspace::UnfreezeWorkspace>(),
       .body = empty_body(),
       .answer = schemas::workspace(),
       .handler = &routes::unfreeze_workspace},
      {.method = Method::get,
       .pattern = "/v1/workspaces/{workspace}/access_state",
       .operation_id = "getWorkspaceAccessState",
       .summary = "What the lifecycle lets the workspace's users do",
       .access = Access::workspace_of_path,
       .answer = schemas::access_state(),
       .handler = &routes::get_access_state},
      {.method = Method::get,
       .pattern = "/v1/workspaces/{workspace}/environments",
       .operation_id = "listEnvironments",
       .summary = "dev, staging and prod",
       .access = Access::workspace_of_path,
       .query = page_and({}),
       .answer = list_of(schemas::environment()),
       .handler = &routes::list_environments},
      {.method = Method::post,
       .pattern = "/v1/workspaces/{workspace}/environments/{environment}:retry",
       .operation_id = "retryEnvironment",
       .summary = "Provisions a failed environment again",
       .access = Access::workspace_of_path,
       .permission = Permission::manage,
       .exists = &routes::environment_exists,
       .command = &command_info<environment::RetryEnvironment>(),
       .body = empty_body(),
       .success = 202,
       .answer = schemas::operation(),
       .handler = &routes::retry_environment},
      {.method = Method::get,
       .pattern = "/v1/workspaces/{workspace}/audit",
       .operation_id = "listAuditEntries",
       .summary = "The audit feed, newest first",
       .access = Access::workspace_of_path,
       .query =
           page_and({optional("order", Schema::one_of({"asc", "desc"})), optional("actor", Schema::string()),
                     optional("action", Schema::string()), optional("target", Schema::string()),
                     optional("outcome", Schema::one_of({"success", "denied", "rejected"})),
                     optional("from", time_text()), optional("to", time_text())}),
       .answer = list_of(schemas::audit_entry()),
       .handler = &routes::list_audit_entries},
      {.method = Method::get,
       .pattern = "/v1/workspaces/{workspace}/events",
       .operation_id = "listEvents",
       .summary = "The raw history, oldest first",
       .access = Access::workspace_of_path,
       .permission = Permission::administer,
       .query = page_and(
           {optional("type", Schema::string()), optional("from", time_text()), optional("to", time_text())}),
       .answer = list_of(schemas::raw_event()),
       .handler = &routes::list_events},
  };
}

std::vector<Route> operation_routes() {
  const auto state = [] {
    return optional("state", Schema::one_of({"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"}));
  };
  return {
      {.method = Method::get,
       .pattern = "/v1/operations",
       .operation_id = "listOperations",
       .summary = "Operations of the types that every client knows, newest first",
       .access = Access::any,
       .over_all = true,
       .query = page_and(
           {optional("owner_type", Schema::one_of({"install", "repository_change_request", "repository",
                                                   "workspace", "machine", "cluster", "package"})),
            optional("owner_id", Schema::string()), state()}),
       .answer = list_of(schemas::operation()),
       .handler = &routes::list_operations},
      {.method = Method::get,
       .pattern = "/v1/workspaces/{workspace}/operations",
       .operation_id = "listWorkspaceOperations",
       .summary = "All operations of a workspace, newest first",
       .access = Access::workspace_of_path,
       .query = page_and(
           {state(), optional("type", Schema::one_of({"workspace.provision", "environment.retry"}))}),
       .answer = list_of(schemas::operation()),
       .handler = &routes::list_workspace_operations},
      {.method = Method::get,
       .pattern = "/v1/operations/{operation}",
       .operation_id = "getOperation",
       .summary = "An operation",
       .access = Access::operation_of_path,
       .answer = schemas::operation(),
       .handler = &routes::get_operation},
      {.method = Method::post,
       .pattern = "/v1/operations/{operation}:wait",
       .operation_id = "waitForOperation",
       .summary = "An operation, once it is done or the time is over",
       .access = Access::operation_of_path,
       .query = {optional("timeout", Schema::integer().at_least(1).at_most(60))},
       .body = empty_body(),
       .answer = schemas::operation(),
       .handler = &routes::wait_for_operation},
      {.method = Method::post,
       .pattern = "/v1/operations/{operation}:cancel",
       .operation_id = "cancelOperation",
       .summary = "Undoes what a running operation has done",
       .access = Access::operation_of_path,
       .permission = Permission::manage,
       .command = &command_info<operation::CancelOperation>(),
       .body = empty_body(),
       .success = 202,
       .answer = schemas::operation(),
       .handler = &routes::cancel_operation},
      {.method = Method::post,
       .pattern = "/v1/operations/{operation}:retry",
       .operation_id = "retryOperation",
       .summary = "Tries again what an operation left undone, as a new one",
       .access = Access::operation_of_path,
       .permission = Permission::manage,
       .command = &command_info<operation::RetryOperation>(),
       .body = empty_body(),
       .success = 202,
       .answer = schemas::operation(),
       .handler = &routes::retry_operation},
  };
}

std::vector<Route> api_token_routes() {
  return {
      {.method = Method::get,
       .pattern = "/v1/api_tokens",
       .operation_id = "listApiTokens",
       .summary = "API tokens of the workspace in context",
       .access = Access::workspace_of_context,
       .permission = Permission::manage,
       .over_all = true,
       .query = page_and({}),
       .answer = list_of(schemas::api_token()),
       .handler = &routes::list_api_tokens},
      {.method = Method::post,
       .pattern = "/v1/api_tokens",
       .operation_id = "createApiToken",
       .summary = "Makes an API token; its secret is shown once",
       .access = Access::workspace_of_context,
       .permission = Permission::manage,
       .command = &command_info<api_token::CreateApiToken>(),
       .body =
           Schema::object({required("name", name()), optional("expires_at", Schema::unix_time().or_null()),
                           optional("role", Schema::one_of({"admin", "member"}))}),
       .success = 201,
       .answer = schemas::created_api_token(),
       .handler = &routes::create_api_token},
      {.method = Method::delete_,
       .pattern = "/v1/api_tokens/{token}",
       .operation_id = "revokeApiToken",
       .summary = "Revokes an API token",
       .access = Access::workspace_of_context,
       .permission = Permission::manage,
       .exists = &routes::api_token_exists,
       .command = &command_info<api_token::RevokeApiToken>(),
       .body = empty_body(),
       .success = 204,
       .handler = &routes::revoke_api_token},
  };
}

std::vector<Route> people_routes() {
  return {
      {.method = Method::get,
       .pattern = "/v1/me",
       .operation_id = "getMe",
       .summary = "The caller",
       .access = Access::any,
       .answer = schemas::me(),
       .handler = &routes::get_me},
      {.method = Method::get,
       .pattern = "/v1/auth/session",
       .operation_id = "getSession",
       .summary = "The session that the request came with",
       .access = Access::any,
       .exists = &routes::came_with_session,
       .answer = schemas::session(),
       .handler = &routes::get_session},
      {.method = Method::delete_,
       .pattern = "/v1/auth/session",
       .operation_id = "endCurrentSession",
       .summary = "Logs out",
       .access = Access::person,
       .body = empty_body(),
       .success = 204,
       .handler = &routes::end_current_session},
      {.method = Method::get,
       .pattern = "/v1/auth/sessions",
       .operation_id = "listSessions",
       .summary = "The caller's sessions",
       .access = Access::person,
       .query = page_and({}),
       .answer = list_of(schemas::session()),
       .handler = &routes::list_sessions},
      {.method = Method::delete_,
       .pattern = "/v1/auth/sessions/{session}",
       .operation_id = "endSession",
       .summary = "Ends one of the caller's sessions",
       .access = Access::person,
       .exists = &routes::session_exists,
       .body = empty_body(),
       .success = 204,
       .handler = &routes::end_session},
      {.method = Method::get,
       .pattern = "/v1/accounts",
       .operation_id = "listAccounts",
       .summary = "Accounts in which the caller has a role",
       .access = Access::person,
       .query = page_and({}),
       .answer = list_of(schemas::account()),
       .handler = &routes::list_accounts},
      {.method = Method::get,
       .pattern = "/v1/accounts/{account}",
       .operation_id = "getAccount",
       .summary = "An account",
       .access = Access::person,
       .exists = &routes::account_exists,
       .answer = schemas::account(),
       .handler = &routes::get_account},
  };
}

std::vector<Route> service_routes() {
  return {
      {.method = Method::get,
       .pattern = "/livez",
       .operation_id = "livez",
       .summary = "The process runs",
       .access = Access::open,
       .handler = &routes::livez},
      {.method = Method::get,
       .pattern = "/readyz",
       .operation_id = "readyz",
       .summary = "The node can serve",
       .access = Access::open,
       .query = {optional("verbose", Schema::string())},
       .handler = &routes::readyz},
      {.method = Method::get,
       .pattern = "/metrics",
       .operation_id = "metrics",
       .summary = "Metrics, as Prometheus reads them",
       .access = Access::open,
       .handler = &routes::metrics},
      {.method = Method::get,
       .pattern = "/v1/openapi.json",
       .operation_id = "openapi",
       .summary = "This document",
       .access = Access::open,
       .handler = &routes::openapi},
      {.method = Method::get,
       .pattern = "/docs",
       .operation_id = "docs",
       .summary = "This document, for people",
       .access = Access::open,
       .handler = &routes::docs},
  };
}

}  // namespace

const std::vector<Route>& route_table() {
  static const std::vector<Route> table = [] {
    std::vector<Route> all;
    for (auto* group :
         {&workspace_routes, &operation_routes, &api_token_routes, &people_routes, &service_routes}) {
      auto routes = group();
      all.insert(all.end(), std::make_move_iterator(routes.begin()), std::make_move_iterator(routes.end()));
    }
    return all;
  }();
  return table;
}

}  // namespace tenure
