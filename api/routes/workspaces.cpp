#include "api/api.h"
#include "api/routes/handlers.h"
#include "api/routes/request_parts.h"
#include "projections/accounts.h"

namespace tenure::routes {
namespace {

using workspaces::Order;

std::optional<Order> order_of(std::string_view text) {
  if (text.empty() || text == "created_at desc" || text == "created desc") return Order::created_descending;
  if (text == "created_at" || text == "created") return Order::created_ascending;
  if (text == "name") return Order::name_ascending;
  if (text == "name desc") return Order::name_descending;
  return std::nullopt;
}

// The account that a new workspace goes to: the one that is named, or the caller's personal one.
std::expected<AccountId, Rejection> account_for(Call& call, const json::Object& body) {
  const auto& session = *call.principal.session;
  const auto named = text_of(body, "account_id");
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

boost::asio::awaitable<http::Response> create(Call& call) {
  const auto body = call.api.body(call);
  if (!body) co_return call.api.refuse(call, body.error());
  const auto account = account_for(call, *body);
  if (!account) co_return call.api.refuse(call, account.error());
  const auto slug = slug_of(*body);
  if (!slug) co_return call.api.refuse(call, slug.error());
  auto& node = call.api.node();
  workspace::CreateWorkspace command{
      .workspace = WorkspaceId::make(node.clock().now(), node.random()),
      .account = *account,
      .owner = call.principal.session->user,
      .name = text_of(*body, "name").value(),
      .slug = *slug,
      .region = text_of(*body, "region"),
      .tenancy_model =
          from_spelling<workspace::TenancyModel>(text_of(*body, "tenancy_model").value_or("shared")).value()};
  co_return co_await call.api.execute(call, std::move(command), node.home_of(*account));
}

boost::asio::awaitable<http::Response> update(Call& call) {
  const auto body = call.api.body(call);
  if (!body) co_return call.api.refuse(call, body.error());
  const auto slug = slug_of(*body);
  if (!slug) co_return call.api.refuse(call, slug.error());
  workspace::UpdateWorkspace command{call.workspace->id, text_of(*body, "name"), *slug};
  co_return co_await call.api.execute(call, std::move(command), call.workspace->partition);
}

boost::asio::awaitable<http::Response> freeze(Call& call) {
  const auto body = call.api.body(call);
  if (!body) co_return call.api.refuse(call, body.error());
  workspace::FreezeWorkspace command{call.workspace->id, text_of(*body, "reason")};
  co_return co_await call.api.execute(call, std::move(command), call.workspace->partition);
}

boost::asio::awaitable<http::Response> unfreeze(Call& call) {
  if (const auto body = call.api.body(call); !body) co_return call.api.refuse(call, body.error());
  co_return co_await call.api.execute(call, workspace::UnfreezeWorkspace{call.workspace->id},
                                      call.workspace->partition);
}

}  // namespace

Reply list_workspaces(Call& call) {
  const auto order = order_of(call.request.query_value("order_by").value_or(""));
  if (!order)
    return call.api.refuse(
        call, invalid({"query", "order_by"}, "must be name or created_at, with an optional \" desc\""));
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  if (call.principal.token) {
    Page own;
    if (!page->after)
      own.rows.push_back(workspaces::find(call.api.store(), call.principal.token->workspace).value().json);
    return call.api.list(call, std::move(own));
  }
  workspaces::Filter filter;
  const auto managed = call.request.query_value("managed");
  if (managed == "true") return call.api.list(call, {});  // nothing is managed by an organization yet
  for (const auto& membership : accounts::of_user(call.api.store(), call.principal.session->user)) {
    filter.accounts.push_back(membership.account);
  }
  filter.member = call.principal.session->user;
  if (const auto account = query_text(call, "account_id")) {
    const auto id = AccountId::parse(*account);
    if (!id) return call.api.refuse(call, invalid({"query", "account_id"}, id.error()));
    filter.account = *id;
  }
  if (const auto status = call.request.query_value("status"))
    filter.status = from_spelling<workspace::Status>(*status);
  return call.api.list(call, workspaces::list(call.api.store(), filter, *order, *page));
}

Reply create_workspace(Call& call) { return create(call); }

Reply get_workspace(Call& call) {
  auto& row = call.workspace->row;
  return call.api.ok(std::move(row.json), row.header.version);
}

Reply update_workspace(Call& call) { return update(call); }
Reply freeze_workspace(Call& call) { return freeze(call); }
Reply unfreeze_workspace(Call& call) { return unfreeze(call); }

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
