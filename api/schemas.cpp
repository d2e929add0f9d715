#include "api/schemas.h"

#include "core/limits.h"

namespace tenure::schemas {
namespace {

using http::optional;
using http::required;
using http::Schema;

constexpr std::size_t cursor_chars_max = 1024;

Schema id() { return Schema::string().chars(1, 64); }
Schema time_or_null() { return Schema::unix_time().or_null(); }
Schema text_or_null() { return Schema::string().or_null(); }

Schema tagged(std::string_view id_name) {
  return Schema::object({required("type", Schema::string()), required(id_name, id())});
}

Schema step() {
  return Schema::object(
             {
                 required("name", Schema::string()),
                 required("status", Schema::one_of({"pending", "running", "completed", "failed", "skipped"})),
                 required("execution_type", Schema::one_of({"system", "user", "approval", "skipped"})),
                 required("started_at", Schema::unix_time()),
                 required("completed_at", time_or_null()),
                 required("error_message", text_or_null()),
                 required("retryable", Schema::boolean()),
                 required("skippable", Schema::boolean()),
                 required("attempts", Schema::integer().at_least(0)),
                 required("next_attempt_at", time_or_null()),
                 required("last_error", text_or_null()),
                 required("compensated", Schema::boolean()),
             })
      .named("OperationStep");
}

}  // namespace

Schema workspace() {
  return Schema::object(
             {
                 required("id", id()),
                 required("uuid", Schema::string().format("uuid")),
                 required("name", Schema::string()),
                 required("slug", Schema::string()),
                 required("account_id", id()),
                 required("region", text_or_null()),
                 required("tenancy_model", Schema::one_of({"shared", "dedicated"})),
                 required("status", Schema::one_of({"provisioning", "active", "frozen", "offboarding",
                                                    "deleting", "deleted"})),
                 required("reconciling", Schema::boolean()),
                 required("workspace_class", Schema::one_of({"standard", "platform", "sandbox"})),
                 required("plan",
                          Schema::object({required("tier", Schema::string()),
                                          required("billed_by", Schema::one_of({"platform", "seller"}))})),
                 required(
                     "managing_organization",
                     Schema::object({required("id", id()), required("name", Schema::string())}).or_null()),
                 required("operation_id", text_or_null()),
                 required("created_at", Schema::unix_time()),
                 required("updated_at", Schema::unix_time()),
                 required("frozen_at", time_or_null()),
                 required("purge_time", time_or_null()),
                 required("etag", Schema::string()),
             })
      .named("Workspace");
}

Schema environment() {
  return Schema::object({
                            required("id", id()),
                            required("slug", Schema::one_of({"dev", "staging", "prod"})),
                            required("status", Schema::one_of({"pending", "provisioning", "active", "failed",
                                                               "deprovisioning", "deprovisioned"})),
                            required("reconciling", Schema::boolean()),
                            required("provider", Schema::string()),
                            required("provider_ref", text_or_null()),
                            required("attempts", Schema::integer().at_least(0)),
                            required("next_attempt_at", time_or_null()),
                            required("last_error", text_or_null()),
                            required("created_at", Schema::unix_time()),
                            required("updated_at", Schema::unix_time()),
                            required("etag", Schema::string()),
                        })
      .named("Environment");
}

Schema operation() {
  return Schema::object(
             {
                 required("id", id()),
                 required("type", Schema::string()),
                 required("workspace_id", text_or_null()),
                 required("organization_id", text_or_null()),
                 required("parent_operation_id", text_or_null()),
                 required("owner_type", Schema::one_of({"workspace", "cluster"})),
                 required("owner_id", id()),
                 required("html_url", Schema::string().format("uri")),
                 required("state", Schema::one_of({"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"})),
                 required("done", Schema::boolean()),
                 required("stuck", Schema::boolean()),
                 required("metadata", tagged("workspace_id")),
                 required("response", tagged("workspace_id").or_null()),
                 required("error", Schema::object({required("message", Schema::string())}).or_null()),
                 required("last_error", Schema::object({required("message", Schema::string()),
                                                        optional("step_name", Schema::string())})
                                            .or_null()),
                 required("started_at", Schema::unix_time()),
                 required("completed_at", time_or_null()),
                 required("created_at", Schema::unix_time()),
                 required("updated_at", Schema::unix_time()),
                 required("etag", Schema::string()),
                 optional("steps", Schema::array(step())),
             })
      .named("Operation");
}

Schema access_state() {
  return Schema::object(
             {
                 required("workspace_id", id()),
                 required("access_version", Schema::integer().at_least(0)),
                 required("accessible", Schema::boolean()),
                 required("status", Schema::one_of({"active", "payment_grace", "restricted", "suspended",
                                                    "ended", "reactivating"})),
                 required("reason", Schema::one_of(
                                        {"payment_grace", "restricted", "suspended", "ended", "reactivating"})
                                        .or_null()),
                 required("reconciliation_status", Schema::one_of({"pending", "reconciled", "failed"})),
                 required("payment_grace_ends_at", time_or_null()),
                 required("restricted_at", time_or_null()),
                 required("suspend_at", time_or_null()),
                 required("ended_at", time_or_null()),
             })
      .named("WorkspaceAccessState");
}

Schema api_token() {
  return Schema::object({
                            required("id", id()),
                            required("workspace_id", id()),
                            required("name", Schema::string()),
                            required("role", Schema::one_of({"admin", "member"})),
                            required("prefix", Schema::string()),
                            required("created_at", Schema::unix_time()),
                            required("last_used_at", time_or_null()),
                            required("expires_at", time_or_null()),
                        })
      .named("ApiToken");
}

Schema created_api_token() {
  return Schema::object({required("id", id()), required("workspace_id", id()),
                         required("name", Schema::string()), required("token", Schema::string())})
      .named("CreatedApiToken");
}

Schema account() {
  return Schema::object({
                            required("id", id()),
                            required("name", Schema::string()),
                            required("personal", Schema::boolean()),
                            required("created_at", Schema::unix_time()),
                            required("updated_at", Schema::unix_time()),
                            required("etag", Schema::string()),
                        })
      .named("Account");
}

Schema session() {
  return Schema::object({
                            required("id", id()),
                            required("user_id", id()),
                            required("created_at", Schema::unix_time()),
                            required("expires_at", Schema::unix_time()),
                            required("etag", Schema::string()),
                        })
      .named("Session");
}

Schema me() {
  const auto role = Schema::string();
  return Schema::object(
             {
                 required("id", text_or_null()),
                 required("name", text_or_null()),
                 required("email", text_or_null()),
                 required("created_at", time_or_null()),
                 required("accounts",
                          Schema::array(Schema::object(
                              {required("id", id()), required("name", Schema::string()),
                               required("role", role), required("personal", Schema::boolean())}))),
                 required("organizations", Schema::array(Schema::object({required("id", id()),
                                                                         required("name", Schema::string()),
                                                                         required("role", role)}))),
                 required("credential",
                          Schema::object(
                              {required("kind", Schema::one_of({"session", "jwt", "workspace_token"})),
                               required("id", text_or_null()), required("workspace_id", text_or_null()),
                               required("role", text_or_null()), required("expires_at", time_or_null())})),
             })
      .named("Me");
}

Schema audit_entry() {
  const auto named_id = [] {
    return std::vector<http::Member>{required("type", Schema::string()), required("id", Schema::string()),
                                     required("display", Schema::string())};
  };
  auto actor = named_id();
  actor.push_back(optional("via_organization", Schema::string()));
  return Schema::object(
             {
                 required("id", id()),
                 required("sequence", Schema::integer().at_least(0)),
                 required("occurred_at", Schema::string().format("date-time")),
                 required("actor", Schema::object(std::move(actor))),
                 required("action", Schema::string()),
                 required("outcome", Schema::one_of({"success", "denied", "rejected"})),
                 optional("reason", Schema::string()),
                 required("targets", Schema::array(Schema::object(named_id()))),
                 required("changes", Schema::any_object()),
                 required("context", Schema::object({optional("ip", Schema::string()),
                                                     optional("user_agent", Schema::string()),
                                                     optional("request_id", Schema::string()),
                                                     optional("trace_id", Schema::string()),
                                                     optional("idempotency_key", Schema::string())})),
                 required("position", Schema::string()),
                 required("salt", Schema::string()),
                 required("leaf_hash", Schema::string()),
             })
      .named("AuditEntry");
}

Schema raw_event() {
  return Schema::object({
                            required("stream", Schema::string()),
                            required("version", Schema::integer().at_least(1)),
                            required("type", Schema::string()),
                            required("schema", Schema::integer().at_least(1)),
                            required("occurred_at", Schema::string().format("date-time")),
                            required("position", Schema::string()),
                            required("commit_id", id()),
                            required("command", Schema::string()),
                            required("actor", Schema::object({required("type", Schema::string()),
                                                              required("id", Schema::string())})),
                            required("correlation_id", Schema::string()),
                            required("causation_id", text_or_null()),
                            required("data", Schema::any_object()),
                        })
      .named("Event");
}

Schema problem() {
  return Schema::object({
                            required("type", Schema::string().format("uri-reference")),
                            required("title", Schema::string()),
                            required("status", Schema::integer()),
                            required("detail", Schema::string()),
                            optional("instance", Schema::string()),
                            required("reason", Schema::string()),
                            required("request_id", Schema::string()),
                            required("success", Schema::boolean()),
                            required("errors", Schema::array(Schema::object(
                                                   {required("code", Schema::integer()),
                                                    required("message", Schema::string()),
                                                    optional("path", Schema::array(Schema::string())),
                                                    optional("metadata", Schema::any_object())}))),
                            required("result", Schema::any_object()),
                        })
      .named("Problem");
}

Schema list_of(Schema item) {
  return Schema::object({required("data", Schema::array(std::move(item))),
                         required("has_more", Schema::boolean()), required("next_cursor", text_or_null())});
}

std::vector<http::Member> page_and(std::vector<http::Member> others) {
  others.push_back(optional("cursor", Schema::string().chars(1, cursor_chars_max)));
  others.push_back(optional(
      "limit", Schema::integer().at_least(1).at_most(static_cast<std::int64_t>(limits::page_rows_max))));
  return others;
}

}  // namespace tenure::schemas
