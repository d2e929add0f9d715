#include "tests/support/wire_shapes.h"

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <regex>

#include "core/json/json.h"
#include "core/text/unicode.h"

namespace tenure::test {
namespace {

using Faults = std::vector<std::string>;
// Adds what is wrong with `value`, which stands at `path`.
using Shape = std::function<void(const json::Value& value, const std::string& path, Faults& faults)>;

enum class Presence : std::uint8_t { required, optional };

struct Field {
  std::string_view name;
  Shape shape;
  Presence presence = Presence::required;
};

void complain(Faults& faults, const std::string& path, std::string_view expected, const json::Value& value) {
  faults.push_back(fmt::format("{}: expected {}, got {}", path, expected, json::dump(value)));
}

Shape str(std::size_t min = 0, std::size_t max = std::numeric_limits<std::size_t>::max()) {
  return [=](const json::Value& value, const std::string& path, Faults& faults) {
    const auto* string = value.if_string();
    const auto length = string == nullptr ? 0 : text::count_characters(std::string_view(*string));
    if (string == nullptr || length < min || length > max)
      complain(faults, path, fmt::format("a string of {} to {}", min, max), value);
  };
}

Shape matching(const std::string& pattern) {
  return [pattern, regex = std::regex(pattern)](const json::Value& value, const std::string& path,
                                                Faults& faults) {
    const auto* string = value.if_string();
    if (string == nullptr || !std::regex_match(string->begin(), string->end(), regex))
      complain(faults, path, pattern, value);
  };
}

// A TypeID of one prefix.
Shape id(std::string_view prefix) { return matching(std::string(prefix) + "_[0-7][0-9a-hjkmnp-tv-z]{25}"); }

Shape integer(std::int64_t min) {
  return [min](const json::Value& value, const std::string& path, Faults& faults) {
    if (!value.is_int64() || value.get_int64() < min)
      complain(faults, path, fmt::format("an integer from {} on", min), value);
  };
}

Shape boolean() {
  return [](const json::Value& value, const std::string& path, Faults& faults) {
    if (!value.is_bool()) complain(faults, path, "true or false", value);
  };
}

Shape one_of(std::vector<std::string_view> names) {
  return [names = std::move(names)](const json::Value& value, const std::string& path, Faults& faults) {
    const auto* string = value.if_string();
    for (const auto name : names) {
      if (string != nullptr && std::string_view(*string) == name) return;
    }
    complain(faults, path, fmt::format("one of {} such as {}", names.size(), names.front()), value);
  };
}

Shape or_null(Shape shape) {
  return [shape = std::move(shape)](const json::Value& value, const std::string& path, Faults& faults) {
    if (!value.is_null()) shape(value, path, faults);
  };
}

Shape object(std::vector<Field> fields) {
  return [fields = std::move(fields)](const json::Value& value, const std::string& path, Faults& faults) {
    const auto* members = value.if_object();
    if (members == nullptr) return complain(faults, path, "an object", value);
    for (const auto& field : fields) {
      const auto* member = members->if_contains(field.name);
      const auto at = fmt::format("{}.{}", path, field.name);
      if (member != nullptr) {
        field.shape(*member, at, faults);
      } else if (field.presence == Presence::required) {
        faults.push_back(at + " is missing");
      }
    }
  };
}

Shape list(Shape item) {
  return [item = std::move(item)](const json::Value& value, const std::string& path, Faults& faults) {
    const auto* rows = value.if_array();
    if (rows == nullptr) return complain(faults, path, "an array", value);
    for (std::size_t i = 0; i < rows->size(); ++i) item((*rows)[i], fmt::format("{}[{}]", path, i), faults);
  };
}

Shape map_of(Shape item) {
  return [item = std::move(item)](const json::Value& value, const std::string& path, Faults& faults) {
    const auto* members = value.if_object();
    if (members == nullptr) return complain(faults, path, "an object", value);
    for (const auto& [name, member] : *members)
      item(member, fmt::format("{}.{}", path, std::string_view(name)), faults);
  };
}

Shape both(Shape first, Shape second) {
  return [first = std::move(first), second = std::move(second)](const json::Value& value,
                                                                const std::string& path, Faults& faults) {
    first(value, path, faults);
    second(value, path, faults);
  };
}

Shape unix_seconds() { return integer(0); }
Shape uri() { return matching("https?://[^ ]{1,2040}"); }
Shape iso_millis() { return matching(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"); }
Field optional(std::string_view name, Shape shape) { return {name, std::move(shape), Presence::optional}; }

// A list's cursor is there exactly when there is more.
void cursor_fits(const json::Value& value, const std::string& path, Faults& faults) {
  const auto* page = value.if_object();
  if (page == nullptr || !page->contains("has_more") || !page->contains("next_cursor")) return;
  const bool has_more = page->at("has_more") == json::Value(true);
  if (has_more != page->at("next_cursor").is_string())
    faults.push_back(path + ": has_more and next_cursor disagree");
}

Shape page_of(Shape item) {
  return both(
      object({{"data", list(std::move(item))}, {"has_more", boolean()}, {"next_cursor", or_null(str())}}),
      cursor_fits);
}

Shape error() {
  const auto entry = object({{"code", integer(100)},
                             {"message", str(1)},
                             optional("path", list(str())),
                             optional("metadata", map_of(str()))});
  return object({{"success",
                  [](const json::Value& value, const std::string& path, Faults& faults) {
                    if (value != json::Value(false)) complain(faults, path, "false", value);
                  }},
                 {"result", object({})},
                 {"errors", list(entry)},
                 {"type", str(1)},
                 {"title", str(1)},
                 {"reason", matching("[a-z_]+")},
                 {"request_id", str(1)},
                 {"status", integer(400)},
                 optional("detail", str(1)),
                 optional("instance", str(1))});
}

Shape workspace() {
  return object(
      {{"id", id("ws")},
       {"name", str(1, 100)},
       {"slug", matching("[a-z0-9](?:[a-z0-9-]{1,37}[a-z0-9])")},
       {"etag", str(1)},
       {"created_at", unix_seconds()},
       {"updated_at", unix_seconds()},
       {"plan", object({{"tier", str(1)}, {"billed_by", one_of({"platform", "seller"})}})},
       {"workspace_class", one_of({"standard", "platform", "sandbox"})},
       {"uuid", matching("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")},
       {"account_id", id("acc")},
       {"region", or_null(str())},
       {"operation_id", or_null(id("op"))},
       {"tenancy_model", one_of({"shared", "dedicated"})},
       {"status", one_of({"provisioning", "active", "frozen", "offboarding", "deleting", "deleted"})},
       {"reconciling", boolean()},
       {"managing_organization", or_null(object({{"id", id("org")}, {"name", str()}}))},
       {"frozen_at", or_null(unix_seconds())},
       {"purge_time", or_null(unix_seconds())}});
}

Shape access_state() {
  const auto time = or_null(unix_seconds());
  return object(
      {{"workspace_id", id("ws")},
       {"access_version", integer(0)},
       {"accessible", boolean()},
       {"status", one_of({"active", "payment_grace", "restricted", "suspended", "ended", "reactivating"})},
       {"reason", or_null(one_of({"payment_grace", "restricted", "suspended", "ended", "reactivating"}))},
       {"reconciliation_status", one_of({"pending", "reconciled", "failed"})},
       {"payment_grace_ends_at", time},
       {"restricted_at", time},
       {"suspend_at", time},
       {"ended_at", time}});
}

Shape environment() {
  return object(
      {{"id", id("env")},
       {"provider", str(1)},
       {"etag", str(1)},
       {"slug", one_of({"dev", "staging", "prod"})},
       {"reconciling", boolean()},
       {"created_at", unix_seconds()},
       {"updated_at", unix_seconds()},
       {"status", one_of({"pending", "provisioning", "active", "failed", "deprovisioning", "deprovisioned"})},
       {"attempts", integer(0)},
       {"next_attempt_at", or_null(unix_seconds())},
       {"provider_ref", or_null(str())},
       {"last_error", or_null(str())}});
}

Shape audit_entry() {
  return object({{"id", str(1)},
                 {"action", matching(R"([a-z_]+\.[a-z_]+)")},
                 {"position", str(1)},
                 {"leaf_hash", matching("[0-9a-f]{64}")},
                 {"salt", matching("[0-9a-f]{32}")},
                 {"sequence", integer(0)},
                 {"occurred_at", iso_millis()},
                 {"actor", object({{"type", one_of({"user", "token", "system"})},
                                   {"id", str(1)},
                                   {"display", str()},
                                   optional("via_organization", str())})},
                 {"changes", object({})},
                 {"outcome", one_of({"success", "denied", "rejected"})},
                 optional("reason", str(1)),
                 {"targets", list(object({{"type", str(1)}, {"id", str(1)}, {"display", str()}}))},
                 {"context",
                  object({optional("ip", str()), optional("user_agent", str()), optional("request_id", str()),
                          optional("trace_id", str()), optional("idempotency_key", str())})}});
}

Shape operation_step() {
  return object({{"name", str(1)},
                 {"completed_at", or_null(unix_seconds())},
                 {"error_message", or_null(str())},
                 {"retryable", boolean()},
                 {"skippable", boolean()},
                 {"status", one_of({"pending", "running", "completed", "failed", "skipped"})},
                 {"execution_type", one_of({"system", "user", "approval", "skipped"})},
                 {"started_at", unix_seconds()},
                 {"attempts", integer(0)},
                 {"next_attempt_at", or_null(unix_seconds())},
                 {"last_error", or_null(str())},
                 {"compensated", boolean()}});
}

// What an operation's state says about its other members.
void operation_agrees(const json::Value& value, const std::string& path, Faults& faults) {
  const auto* members = value.if_object();
  const auto is_null = [&](std::string_view name) {
    return !members->contains(name) || members->at(name).is_null();
  };
  if (members == nullptr || !members->contains("state") || !members->contains("done")) return;
  const bool running = members->at("state") == json::Value("RUNNING");
  const bool succeeded = members->at("state") == json::Value("SUCCEEDED");
  if (members->at("done") == json::Value(running)) faults.push_back(path + ".done does not fit its state");
  if (is_null("completed_at") != running) faults.push_back(path + ".completed_at does not fit its state");
  if (is_null("response") == succeeded) faults.push_back(path + ".response does not fit its state");
  if (is_null("error") != (running || succeeded)) faults.push_back(path + ".error does not fit its state");
}

std::vector<Field> operation_fields() {
  const auto workspace_typed = object(
      {{"type", one_of({"workspace.provision", "workspace.export", "environment.retry", "workspace.delete"})},
       {"workspace_id", id("ws")}});
  return {{"id", id("op")},
          {"workspace_id", or_null(id("ws"))},
          {"parent_operation_id", or_null(id("op"))},
          {"organization_id", or_null(id("org"))},
          {"html_url", uri()},
          {"owner_type", one_of({"install", "repository_change_request", "repository", "workspace", "machine",
                                 "cluster", "package"})},
          {"owner_id", id("ws")},
          {"state", one_of({"RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"})},
          {"done", boolean()},
          {"metadata", workspace_typed},
          {"response", or_null(workspace_typed)},
          {"error", or_null(object({{"message", str(1)}}))},
          {"last_error", or_null(object({{"message", str(1)}, optional("step_name", str(1))}))},
          {"started_at", unix_seconds()},
          {"completed_at", or_null(unix_seconds())},
          {"type", str(1)},
          {"stuck", boolean()},
          {"created_at", unix_seconds()},
          {"updated_at", unix_seconds()}};
}

Shape operation() {
  auto fields = operation_fields();
  fields.push_back(optional("steps", list(operation_step())));
  return both(object(std::move(fields)), operation_agrees);
}

Shape operation_row() {
  return both(both(object(operation_fields()), operation_agrees),
              [](const json::Value& value, const std::string& path, Faults& faults) {
                if (value.is_object() && value.get_object().contains("steps"))
                  faults.push_back(path + ".steps has no place in a list");
              });
}

Shape api_token() {
  return object({{"id", id("tok")},
                 {"workspace_id", id("ws")},
                 {"name", str(1, 100)},
                 {"prefix", str(1)},
                 {"created_at", unix_seconds()},
                 {"last_used_at", or_null(unix_seconds())},
                 {"expires_at", or_null(unix_seconds())},
                 {"role", one_of({"admin", "member"})}});
}

Shape created_api_token() {
  return object({{"id", id("tok")}, {"workspace_id", id("ws")}, {"name", str(1, 100)}, {"token", str()}});
}

Shape me() {
  return object(
      {{"id", or_null(id("usr"))},
       {"name", or_null(str())},
       {"email", or_null(str())},
       {"created_at", or_null(unix_seconds())},
       {"accounts", or_null(list(object({{"id", id("acc")},
                                         {"name", str()},
                                         {"role", one_of({"owner", "admin", "billing_admin", "member"})},
                                         {"personal", boolean()}})))},
       {"organizations", or_null(list(object({{"id", id("org")}, {"name", str()}, {"role", str()}})))},
       {"credential", object({{"kind", one_of({"session", "jwt", "workspace_token"})},
                              {"id", or_null(str(1))},
                              {"workspace_id", or_null(id("ws"))},
                              {"role", or_null(one_of({"admin", "member"}))},
                              {"expires_at", or_null(unix_seconds())}})}});
}

Shape session() {
  return object({{"id", id("ses")}, {"created_at", unix_seconds()}, {"expires_at", unix_seconds()}});
}
Shape account() { return object({{"id", id("acc")}, {"name", str()}}); }
Shape raw_event() { return object({{"type", str(1)}, {"commit_id", str(1)}, {"position", str(1)}}); }

struct Row {
  std::string_view method;
  std::regex path;
  int success;
  Shape shape;  // none: no body
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = [] {
    const auto row = [](std::string_view method, const std::string& path, int success, Shape shape) {
      return Row{method, std::regex("/v1/" + path), success, std::move(shape)};
    };
    const std::string ws = "workspaces/[^/:]+";
    const std::string op = "operations/[^/:]+";
    return std::vector<Row>{
        row("GET", "workspaces", 200, page_of(workspace())),
        row("POST", "workspaces", 201, workspace()),
        row("GET", ws, 200, workspace()),
        row("PATCH", ws, 200, workspace()),
        row("POST", ws + "(:|%3[aA])(freeze|unfreeze)", 200, workspace()),
        row("GET", ws + "/access_state", 200, access_state()),
        row("GET", ws + "/environments", 200, page_of(environment())),
        row("POST", ws + "/environments/[^/:]+:retry", 202, operation()),
        row("GET", ws + "/audit", 200, page_of(audit_entry())),
        row("GET", ws + "/events", 200, page_of(raw_event())),
        row("GET", ws + "/operations", 200, page_of(operation_row())),
        row("GET", "operations", 200, page_of(operation_row())),
        row("GET", op, 200, operation()),
        row("POST", op + "(:|%3[aA])wait", 200, operation()),
        row("POST", op + ":cancel", 202, operation()),
        row("POST", op + ":retry", 202, operation()),
        row("GET", "api_tokens", 200, page_of(api_token())),
        row("POST", "api_tokens", 201, created_api_token()),
        row("DELETE", "api_tokens/[^/:]+", 204, nullptr),
        row("GET", "me", 200, me()),
        row("GET", "auth/session", 200, session()),
        row("DELETE", "auth/session", 204, nullptr),
        row("GET", "auth/sessions", 200, page_of(session())),
        row("DELETE", "auth/sessions/[^/:]+", 204, nullptr),
        row("GET", "accounts", 200, page_of(account())),
        row("GET", "accounts/[^/:]+", 200, account()),
    };
  }();
  return table;
}

std::string header(const Exchange& exchange, const std::string& name) {
  const auto found = exchange.headers.find(name);
  return found == exchange.headers.end() ? std::string() : found->second;
}

void check_body(const Exchange& exchange, const Shape& shape, std::string_view media_type, Faults& faults) {
  if (!header(exchange, "content-type").starts_with(media_type))
    faults.push_back("content-type is " + header(exchange, "content-type"));
  const auto parsed = json::parse(exchange.body);
  if (!parsed) {
    faults.push_back("the body is not JSON: " + parsed.error().message);
  } else {
    shape(*parsed, "body", faults);
  }
}

void check_success(const Exchange& exchange, std::string_view path, Faults& faults) {
  for (const auto& row : rows()) {
    if (row.method != exchange.method || !std::regex_match(path.begin(), path.end(), row.path)) continue;
    if (row.success != exchange.status) faults.push_back(fmt::format("the status has to be {}", row.success));
    if (row.shape) return check_body(exchange, row.shape, "application/json", faults);
    if (!exchange.body.empty()) faults.push_back("there has to be no body");
    return;
  }
  faults.push_back("the wire knows no such call");
}

}  // namespace

std::vector<std::string> wire_faults(const Exchange& exchange) {
  Faults faults;
  const auto path = exchange.target.substr(0, exchange.target.find('?'));
  if (!path.starts_with("/v1/") || path == "/v1/openapi.json") return faults;
  if (header(exchange, "tenure-position").empty()) faults.emplace_back("Tenure-Position is missing");
  if (header(exchange, "x-request-id").empty()) faults.emplace_back("X-Request-Id is missing");
  if (exchange.method == "HEAD" || exchange.method == "OPTIONS") {
    if (!exchange.body.empty()) faults.emplace_back("there has to be no body");
  } else if (exchange.status >= 400) {
    static const Shape problem = error();
    check_body(exchange, problem, "application/problem+json", faults);
  } else {
    check_success(exchange, path, faults);
  }
  return faults;
}

}  // namespace tenure::test
