// A row of the table of routes: from it come dispatch, 405 with Allow, OPTIONS, and the OpenAPI document.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/schema.h"
#include "commands/commands.h"

namespace tenure {

// Who may call, and which workspace it is about.
enum class Access : std::uint8_t {
  open,                  // no credential
  any,                   // any credential
  person,                // a session: about people, accounts and sessions
  workspace_of_path,     // {workspace} in the path, with `permission`
  workspace_of_context,  // the token's workspace, or the one that Akua-Context names, with `permission`
  operation_of_path,     // {operation} in the path, with `permission` on its workspace
};

struct Route {
  using Handler = Reply (*)(Call& call);
  using Exists = bool (*)(const Call& call);

  http::Method method{};
  std::string_view pattern;  // "/v1/workspaces/{workspace}:freeze"
  std::string_view operation_id, summary;
  Access access = Access::any;
  Permission permission = Permission::read;
  bool over_all = false;    // a list that Akua-Context: * asks for over all workspaces of a person
  Exists exists = nullptr;  // what else the path names; false is 404, before any check
  const CommandInfo* command = nullptr;  // that the route runs: what the feed calls a denied one
  std::vector<http::Member> query;
  std::optional<http::Schema> body;
  int success = 200;
  std::optional<http::Schema> answer;  // none: no body
  Handler handler = nullptr;
};

// THE TABLE OF ROUTES.
[[nodiscard]] const std::vector<Route>& route_table();

}  // namespace tenure
