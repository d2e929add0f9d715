#include "api/api.h"
#include "api/routes/handlers.h"
#include "api/routes/request_parts.h"
#include "projections/accounts.h"

namespace tenure::routes {
namespace {

using workspaces::Order;

Order order_of(std::string_view text) {
  if (text == "created_at") return Order::created_ascending;
  if (text == "name") return Order::name_ascending;
  return text == "name desc" ? Order::name_descending : Order::created_descending;
}

workspaces::Filter filter_of(const Call& call) {
  workspaces::Filter filter;
  if (call.principal.is_person()) filter = call.api.visible_to(call.principal);
  if (const auto account = call.request.query_value("account_id"))
    filter.account = AccountId::parse(*account).value();
  if (const auto status = call.request.query_value("status"))
    filter.status = from_spelling<workspace::Status>(*status);
  return filter;
}

// The one that the token belongs to, if it passes.
Page of_token(const Call& call, const workspaces::Filter& filter) {
  Page page;
  auto own = workspaces::find(call.api.store(), call.principal.token->workspace).value();
  if (workspaces::passes(filter, own.header)) page.rows.push_back(std::move(own.json));
  return page;
}

// The account that a new workspace goes to: the one that is named, or the caller's personal one.
std::expected<AccountId, Rejection> account_for(Call& call) {
  const auto& session = *call.principal.session;
  const auto named = text_of(call.body, "account_id");
  if (!named) return session.personal_account;
  const auto account = AccountId::parse(*named);
  const auto role = account ? accounts::role_of(call.api.store(), session.user, *account) : std::nullopt;
  switch (authorize(role, Permission::administer)) {
    case Verdict::allowed:
      return *account;
    case Verdict::denied:
      return std::unexpected(Rejection{Reason::permission_denied, "", {}, {}});
    case Verdict::invisible:
      break;
  }
  return std::unexpected(Rejection{Reason::not_found, "You have no account with this account_id.", {}, {}});
}

}  // namespace

Reply list_workspaces(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  // Nothing is managed by an organization yet.
  if (call.request.query_value("managed") == "true") return call.api.list(call, {});
  const auto filter = filter_of(call);
  if (call.principal.token) return call.api.list(call, of_token(call, filter));
  const auto order = order_of(call.request.query_value("order_by").value_or(""));
  return call.api.list(call, workspaces::list(call.api.store(), filter, order, *page));
}

Reply create_workspace(Call& call) {
  const auto account = account_for(call);
  if (!account) return call.api.refuse(call, account.error());
  auto& node = call.api.node();
  workspace::CreateWorkspace command{
      .workspace = WorkspaceId::make(node.clock().now(), node.random()),
      .account = *account,
      .owner = call.principal.session->user,
      .name = text_of(call.body, "name").value(),
      .slug = slug_of(call.body),
      .region = text_of(call.body, "region"),
      .tenancy_model =
          from_spelling<workspace::TenancyModel>(text_of(call.body, "tenancy_model").value_or("shared"))
              .value()};
  return call.api.execute(call, std::move(command), node.home_of(*account));
}

Reply get_workspace(Call& call) {
  auto& row = call.workspace->row;
  return call.api.ok(std::move(row.json), row.header.version);
}

Reply update_workspace(Call& call) {
  workspace::UpdateWorkspace command{call.workspace->id, text_of(call.body, "name"), slug_of(call.body)};
  return call.api.execute(call, std::move(command), call.workspace->partition);
}

Reply freeze_workspace(Call& call) {
  workspace::FreezeWorkspace command{call.workspace->id, text_of(call.body, "reason")};
  return call.api.execute(call, std::move(command), call.workspace->partition);
}

Reply unfreeze_workspace(Call& call) {
  return call.api.execute(call, workspace::UnfreezeWorkspace{call.workspace->id}, call.workspace->partition);
}

Reply get_access_state(Call& call) {
  using enum workspace::Status;
  const auto& header = call.workspace->row.header;
  std::string_view status = "active";
  if (header.status == frozen) status = "restricted";
  if (header.status == offboarding) status = "suspended";
  if (header.status == deleting || header.status == deleted) status = "ended";
  std::string body;
  json::Writer out(body);
  out.begin_object()
      .member("workspace_id", call.workspace->id.str())
      .member("access_version", header.access_version)
      .member("accessible", status != "ended")
      .member("status", status);
  status == "active" ? out.null_member("reason") : out.member("reason", status);
  out.member("reconciliation_status", "reconciled").null_member("payment_grace_ends_at").key("restricted_at");
  header.frozen_at ? out.integer(to_unix_seconds(*header.frozen_at)) : out.null();
  out.null_member("suspend_at").null_member("ended_at").end_object();
  return call.api.ok(std::move(body));
}

}  // namespace tenure::routes
