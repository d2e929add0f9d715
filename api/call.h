// One authenticated, authorized request on its way through a route.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/http.h"
#include "commands/execute.h"
#include "commands/permission.h"
#include "core/json/json.h"
#include "projections/credentials.h"
#include "projections/page.h"
#include "projections/workspaces.h"

namespace tenure {

class Api;

// Whose request it is: exactly one of both is set.
struct Principal {
  std::optional<credentials::SessionHolder> session;
  std::optional<credentials::TokenHolder> token;

  [[nodiscard]] bool is_person() const { return session.has_value(); }
  // The id of the user, or of the workspace of a token: the scope of cursors and idempotency keys.
  [[nodiscard]] std::string scope() const { return session ? session->user.str() : token->workspace.str(); }
};

// The workspace that a route works on.
struct WorkspaceScope {
  WorkspaceId id;
  workspaces::Row row;
  Partition partition{};
};

struct Route;

struct Call {
  Api& api;
  http::Request& request;
  const Route* route = nullptr;
  std::vector<std::pair<std::string_view, std::string>> path;  // parameters of the pattern
  Principal principal = {};
  std::optional<WorkspaceScope> workspace = {};  // set on routes of a workspace, but for lists over all

  // Checked against the route's row: handlers need not ask again.
  json::Object body = {};  // {} where the request has none
  std::optional<IfMatch> if_match = {};
  std::optional<std::string> idempotency_key = {};

  [[nodiscard]] const std::string& parameter(std::string_view name) const;
};

using Reply = std::variant<http::Response, boost::asio::awaitable<http::Response>>;

}  // namespace tenure
