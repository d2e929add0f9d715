// The caller, sessions and accounts.
#include "api/api.h"
#include "api/routes/handlers.h"
#include "projections/accounts.h"
#include "projections/sessions.h"
#include "projections/users.h"

namespace tenure::routes {
namespace {

constexpr auto role_names = std::to_array<std::string_view>({"member", "billing_admin", "admin", "owner"});

void write_person(json::Writer& out, Call& call, UserId id) {
  auto& keys = call.api.node().keys();
  const auto user = users::find(call.api.store(), id).value();
  out.member("id", id.str()).member("name", user.name.open(keys).value_or(""));
  const auto email = user.email ? user.email->open(keys) : std::nullopt;
  email ? out.member("email", *email) : out.null_member("email");
  out.member("created_at", to_unix_seconds(user.created_at)).key("accounts").begin_array();
  for (const auto& membership : accounts::of_user(call.api.store(), id)) {
    const auto account = accounts::find(call.api.store(), membership.account).value();
    out.begin_object()
        .member("id", membership.account.str())
        .member("name", account.name)
        .member("role", role_names[static_cast<std::size_t>(membership.role)])
        .member("personal", account.personal)
        .end_object();
  }
  out.end_array().key("organizations").begin_array().end_array();
}

void write_credential(json::Writer& out, const Principal& principal) {
  out.key("credential").begin_object();
  if (principal.session) {
    out.member("kind", "session")
        .member("id", principal.session->session.str())
        .null_member("workspace_id")
        .null_member("role")
        .member("expires_at", to_unix_seconds(principal.session->expires_at));
  } else {
    const auto& token = *principal.token;
    out.member("kind", "workspace_token")
        .member("id", token.token.str())
        .member("workspace_id", token.workspace.str())
        .member("role", spelling(token.role));
    token.expires_at ? out.member("expires_at", to_unix_seconds(*token.expires_at))
                     : out.null_member("expires_at");
  }
  out.end_object();
}

boost::asio::awaitable<http::Response> end(Call& call, SessionId session) {
  const auto& own = *call.principal.session;
  const auto result = co_await call.api.execute_parts(
      call, session::EndSession{own.user, own.personal_account, session}, directory_partition);
  if (result) call.api.node().scrub_credential(directory_partition, session::stream(session));
  co_return call.api.respond(call, result);
}

}  // namespace

Reply get_me(Call& call) {
  std::string body;
  json::Writer out(body);
  out.begin_object();
  if (call.principal.session) {
    write_person(out, call, call.principal.session->user);
  } else {
    out.null_member("id").null_member("name").null_member("email").null_member("created_at");
    out.key("accounts").begin_array().end_array().key("organizations").begin_array().end_array();
  }
  write_credential(out, call.principal);
  out.end_object();
  return call.api.ok(std::move(body));
}

Reply get_session(Call& call) {
  const auto& own = *call.principal.session;
  auto row = sessions::find(call.api.store(), own.user, own.session);
  if (!row) return call.api.refuse(call, {Reason::unauthenticated, "", {}, {}});  // ended meanwhile
  return call.api.ok(std::move(row->json), row->version);
}

bool came_with_session(const Call& call) { return call.principal.is_person(); }

Reply list_sessions(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  return call.api.list(call, sessions::list(call.api.store(), call.principal.session->user, *page));
}

Reply end_current_session(Call& call) { return end(call, call.principal.session->session); }

Reply end_session(Call& call) { return end(call, SessionId::parse(call.parameter("session")).value()); }

// A repeated end has its kept answer though the session is gone.
bool session_exists(const Call& call) {
  const auto session = SessionId::parse(call.parameter("session"));
  return session && (sessions::find(call.api.store(), call.principal.session->user, *session) ||
                     call.request.count_headers("Idempotency-Key") > 0);
}

Reply list_accounts(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  return call.api.list(call, accounts::list(call.api.store(), call.principal.session->user, *page));
}

Reply get_account(Call& call) {
  auto row = accounts::find(call.api.store(), AccountId::parse(call.parameter("account")).value()).value();
  return call.api.ok(std::move(row.json), row.version);
}

bool account_exists(const Call& call) {
  const auto id = AccountId::parse(call.parameter("account"));
  const auto role =
      id ? accounts::role_of(call.api.store(), call.principal.session->user, *id) : std::nullopt;
  return authorize(role, Permission::read) == Verdict::allowed;
}

}  // namespace tenure::routes
