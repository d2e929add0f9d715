// What the routes stand on: the node, and the steps that every request goes through before and after its
// handler.
//
// Threads: any; one request stays on one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "api/call.h"
#include "api/last_used.h"
#include "api/metrics.h"
#include "api/node.h"
#include "api/router.h"
#include "commands/authorize.h"
#include "core/error.h"

namespace tenure {

class Api {
 public:
  Api(Node& node, const Settings& settings, std::string public_url);

  // The whole way of a request: position, authentication, context, permission, checks, handler.
  [[nodiscard]] Reply dispatch(http::Request& request);

  // Every answer says how far this node is; a command's answer says where its commit is.
  void stamp(http::Response& response) const;

  [[nodiscard]] Node& node() { return node_; }
  [[nodiscard]] const Store& store() const { return node_.store(); }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] LastUsed& last_used() { return last_used_; }
  [[nodiscard]] Metrics& metrics() { return metrics_; }
  [[nodiscard]] const std::string& public_url() const { return public_url_; }
  [[nodiscard]] const crypto::Key& cursor_key() const { return cursor_key_; }

  // ---- For handlers
  // -------------------------------------------------------------------------------------------

  // Steps 3 to 7 of the one path (commands/execute.h). If-Match and Idempotency-Key come from the request.
  [[nodiscard]] boost::asio::awaitable<http::Response> execute(Call& call, Command command,
                                                               Partition partition);
  // The same, with the answer still in parts.
  [[nodiscard]] boost::asio::awaitable<CommandResult> execute_parts(Call& call, Command command,
                                                                    Partition partition);
  [[nodiscard]] http::Response respond(const Call& call, const CommandResult& result);

  // A row, its placeholders filled in.
  [[nodiscard]] std::string fill(std::string row);
  [[nodiscard]] http::Response ok(std::string json, std::optional<std::uint64_t> version = {});
  [[nodiscard]] http::Response refuse(const Call& call, const Rejection& rejection);

  // limit and cursor of a list; the cursor is bound to the route, the query and the caller.
  [[nodiscard]] std::expected<PageRequest, Rejection> page_request(const Call& call);
  [[nodiscard]] http::Response list(const Call& call, Page page);

  // What the audit feed says of the caller.
  [[nodiscard]] Caller caller(const Principal& principal);
  [[nodiscard]] std::optional<WorkspaceScope> find_workspace(std::string_view id_or_uuid);
  // The workspaces of a person: of their accounts, and those that they are a member of.
  [[nodiscard]] workspaces::Filter visible_to(const Principal& principal) const;
  [[nodiscard]] Verdict may(const Principal& principal, const WorkspaceScope& workspace,
                            Permission permission);

 private:
  [[nodiscard]] Reply dispatch_folded(http::Request& request);
  [[nodiscard]] boost::asio::awaitable<http::Response> dispatch_when_folded(http::Request& request,
                                                                            std::vector<Position> positions);
  [[nodiscard]] boost::asio::awaitable<http::Response> serve_later(
      std::unique_ptr<Call> call, boost::asio::awaitable<http::Response> reply);
  [[nodiscard]] std::expected<Principal, Rejection> authenticate(const http::Request& request);
  // The workspace of a route: resolved, and allowed.
  [[nodiscard]] std::expected<void, Rejection> resolve(Call& call);
  [[nodiscard]] std::expected<std::optional<WorkspaceScope>, Rejection> context_of(const Call& call);
  [[nodiscard]] std::expected<void, Rejection> permit(Call& call, WorkspaceScope workspace);
  [[nodiscard]] boost::asio::awaitable<http::Response> denied(std::unique_ptr<Call> call,
                                                              WorkspaceScope workspace, Rejection rejection);
  // Query, headers and body; what is found in them goes into the call.
  [[nodiscard]] std::expected<void, Rejection> check_request(Call& call) const;
  [[nodiscard]] std::string cursor_binding(const Call& call);
  [[nodiscard]] std::pair<std::string, Sealed> display_of(UserId user);

  Node& node_;
  const Settings& settings_;
  const std::string public_url_;
  const crypto::Key cursor_key_;
  const Router router_;
  LastUsed last_used_;
  Metrics metrics_;
};

[[nodiscard]] RequestContext request_context(const http::Request& request);

}  // namespace tenure
