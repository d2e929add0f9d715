// Steps 1 and 2 of the one path for requests over HTTP: whose is the credential, which workspace is meant,
// and may the caller do that there?
#include <algorithm>

#include "api/api.h"
#include "api/route.h"
#include "projections/accounts.h"
#include "projections/operations.h"
#include "projections/users.h"

namespace tenure {
namespace {

constexpr std::size_t token_checksum_chars = 6;

std::string_view bearer_of(const http::Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.header("Authorization");
  if (header.size() <= scheme.size() || !http::equal_ignoring_case(header.substr(0, scheme.size()), scheme))
    return {};
  return header.substr(scheme.size());
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// What cannot be a credential is refused before any look-up.
bool is_well_formed(std::string_view credential, std::string_view token_prefix) {
  if (credential.starts_with(token_prefix)) {
    credential.remove_prefix(token_prefix.size());
    if (credential.size() <= token_checksum_chars || !std::ranges::all_of(credential, is_letter_or_digit))
      return false;
    const auto random = credential.substr(0, credential.size() - token_checksum_chars);
    return crypto::to_base62(crypto::crc32(random), token_checksum_chars) == credential.substr(random.size());
  }
  return credential.size() == session::token_chars && std::ranges::all_of(credential, is_letter_or_digit);
}

bool is_over_all(const Call& call) {
  return call.route->over_all && call.principal.is_person() && call.request.header("Akua-Context") == "*";
}

Rejection not_found() { return {Reason::not_found, "", {}, {}}; }

}  // namespace

std::expected<Principal, Rejection> Api::authenticate(const http::Request& request) {
  const auto unauthenticated = std::unexpected(Rejection{Reason::unauthenticated, "", {}, {}});
  const auto credential = bearer_of(request);
  if (request.count_headers("Authorization") != 1 || !is_well_formed(credential, settings_.token_prefix))
    return unauthenticated;
  const auto holder = credentials::find(node_.store(), crypto::view(crypto::sha256(credential)));
  const auto now = node_.clock().now();
  if (holder.token) {
    if (holder.token->expires_at && *holder.token->expires_at <= now) return unauthenticated;
    last_used_.touch(holder.token->token, now);
    return Principal{.session = {}, .token = holder.token};
  }
  if (!holder.session || holder.session->expires_at <= now) return unauthenticated;
  if (now - holder.session->extended_at >= session::extended_every) {
    CommandRequest extend;
    extend.command = session::ExtendSession{holder.session->user, holder.session->personal_account,
                                            holder.session->session};
    extend.partition = directory_partition;
    extend.caller = {.actor = {ActorType::system, "sessions"},
                     .display = "Tenure",
                     .display_sealed = {},
                     .via_organization = {}};
    extend.done = [](const CommandResult&) {};
    node_.submit(std::move(extend));
  }
  return Principal{.session = holder.session, .token = {}};
}

std::optional<WorkspaceScope> Api::find_workspace(std::string_view id_or_uuid) {
  std::optional<WorkspaceId> id;
  if (const auto parsed = WorkspaceId::parse(id_or_uuid)) id = *parsed;
  if (const auto parsed = Uuid::parse(id_or_uuid); !id && parsed) id = WorkspaceId(*parsed);
  if (!id) return std::nullopt;
  auto row = workspaces::find(node_.store(), *id);
  if (!row) return std::nullopt;
  const auto partition = node_.home_of(row->header.account);
  return WorkspaceScope{*id, std::move(*row), partition};
}

Verdict Api::may(const Principal& principal, const WorkspaceScope& workspace, Permission permission) {
  WorkspaceAccess access;
  if (principal.token) {
    if (principal.token->workspace == workspace.id) {
      access.role =
          principal.token->role == api_token::Role::admin ? WorkspaceRole::admin : WorkspaceRole::member;
    }
  } else {
    if (workspace.row.header.owner == principal.session->user) access.role = WorkspaceRole::owner;
    access.account_role =
        accounts::role_of(node_.store(), principal.session->user, workspace.row.header.account);
  }
  return authorize(access, permission);
}

workspaces::Filter Api::visible_to(const Principal& principal) const {
  workspaces::Filter filter{.accounts = {}, .member = principal.session->user, .account = {}, .status = {}};
  for (const auto& membership : accounts::of_user(node_.store(), principal.session->user))
    filter.accounts.push_back(membership.account);
  return filter;
}

// The workspace that the credential or Akua-Context names; nothing where neither does.
std::expected<std::optional<WorkspaceScope>, Rejection> Api::context_of(const Call& call) {
  const auto header = call.request.header("Akua-Context");
  const bool named = call.request.count_headers("Akua-Context") > 0;
  if (call.principal.token) {
    const auto own = call.principal.token->workspace;
    const auto uuid = Uuid::parse(header);
    const bool is_own = header == own.str() || (uuid && *uuid == own.uuid());
    if (named && !is_own) return std::unexpected(Rejection{Reason::context_mismatch, "", {}, {}});
    return find_workspace(own.str());
  }
  if (!named || is_over_all(call)) return std::nullopt;
  auto workspace = find_workspace(header);
  if (!workspace || may(call.principal, *workspace, Permission::read) != Verdict::allowed) {
    return std::unexpected(Rejection{Reason::context_forbidden, "", {}, {}});
  }
  return workspace;
}

// Finds what the route works on and whether the caller may: on a refusal for want of permission,
// `call.workspace` says in whose feed it belongs.
std::expected<void, Rejection> Api::resolve(Call& call) {
  const auto access = call.route->access;
  if (access == Access::person && !call.principal.is_person()) {
    return std::unexpected(Rejection{Reason::credential_not_allowed, "", {}, {}});
  }
  auto context = context_of(call);
  if (!context) return std::unexpected(context.error());
  switch (access) {
    case Access::open:
    case Access::any:
    case Access::person:
      return {};
    case Access::workspace_of_context:
      if (is_over_all(call)) return {};
      if (!*context) return std::unexpected(Rejection{Reason::context_required, "", {}, {}});
      return permit(call, std::move(**context));
    case Access::workspace_of_path: {
      auto workspace = find_workspace(call.parameter("workspace"));
      if (!workspace) return std::unexpected(not_found());
      const bool broad_names_another =
          call.principal.is_person() && *context && (*context)->id != workspace->id;
      if (broad_names_another) return std::unexpected(Rejection{Reason::context_mismatch, "", {}, {}});
      return permit(call, std::move(*workspace));
    }
    case Access::operation_of_path: {
      const auto id = OperationId::parse(call.parameter("operation"));
      const auto operation = id ? operations::find(node_.store(), *id) : std::nullopt;
      auto workspace = operation ? find_workspace(operation->workspace.str()) : std::nullopt;
      if (!workspace) return std::unexpected(not_found());
      const bool broad_names_another =
          call.principal.is_person() && *context && (*context)->id != workspace->id;
      if (broad_names_another) return std::unexpected(Rejection{Reason::context_mismatch, "", {}, {}});
      return permit(call, std::move(*workspace));
    }
  }
  return {};
}

std::expected<void, Rejection> Api::permit(Call& call, WorkspaceScope workspace) {
  const auto verdict = may(call.principal, workspace, call.route->permission);
  call.workspace = std::move(workspace);
  if (verdict == Verdict::denied) return std::unexpected(Rejection{Reason::permission_denied, "", {}, {}});
  if (verdict == Verdict::invisible) return std::unexpected(not_found());
  return {};
}

Caller Api::caller(const Principal& principal) {
  if (principal.token) {
    return {.actor = {ActorType::token, principal.token->token.str()},
            .display = principal.token->name,
            .display_sealed = {},
            .via_organization = {}};
  }
  auto [display, sealed] = display_of(principal.session->user);
  return {.actor = {ActorType::user, principal.session->user.str()},
          .display = std::move(display),
          .display_sealed = std::move(sealed),
          .via_organization = {}};
}

std::pair<std::string, Sealed> Api::display_of(UserId id) {
  const auto user = users::find(node_.store(), id);
  if (!user) return {};
  return {user->name.open(node_.keys()).value_or(""), user->name};
}

}  // namespace tenure
