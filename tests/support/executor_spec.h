// A node with one workspace, and another node that may overtake it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/json/json.h"
#include "projections/audit.h"
#include "projections/workspaces.h"
#include "tests/support/command_node.h"

namespace tenure::testing {

inline constexpr Partition home{1};

class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    EXPECT_TRUE(world_.keys->put({{user_.str(), crypto::Key::generate(world_.random)}}));
    const auto bootstrapped = node_.run(user::Bootstrap{.user = user_,
                                                        .account = account_,
                                                        .session = session_,
                                                        .name = Sealed("none.none"),
                                                        .session_hash = std::string(64, 'a')},
                                        directory_partition);
    EXPECT_TRUE(bootstrapped);
    workspace_ = make_workspace();
  }

  WorkspaceId make_workspace() {
    const auto id = WorkspaceId::make(world_.clock.now(), world_.random);
    const auto made = node_.run(
        workspace::CreateWorkspace{
            .workspace = id, .account = account_, .owner = user_, .name = "Acme", .slug = {}, .region = {}},
        home);
    EXPECT_TRUE(made);
    return id;
  }
  [[nodiscard]] json::Object row(CommandNode& node) const {
    return json::parse(workspaces::find(node.store(), workspace_).value().json).value().as_object();
  }
  [[nodiscard]] std::string name(CommandNode& node) const {
    return std::string(row(node).at("name").as_string());
  }
  [[nodiscard]] OperationId operation() {
    return OperationId::parse(row(node_).at("operation_id").as_string()).value();
  }
  // The environments become active, and with them the workspace.
  void activate() {
    const auto state = decode_state(
        std::string_view(*node_.store().get(keys::stream_state(home, workspace::stream(workspace_))))
            .substr(24));
    for (const auto& each : std::get<workspace::State>(state).environments) {
      environments_.push_back(each.id);
      EXPECT_TRUE(node_.run(
          environment::RecordProvisioned{{workspace_, operation(), each.id}, "local://there"}, home));
    }
  }
  // Another node that has folded what this one has.
  CommandNode& another_node() {
    another_ = std::make_unique<CommandNode>(world_, 2);
    another_->fold();
    return *another_;
  }
  // What the other node does gets into the log before what waits for it.
  void overtake(CommandNode& other, Command command) {
    const auto result = other.submit(std::move(command), home);
    other.flush();
    world_.log.let_the_last_go_first();
    world_.log.write_next();
    other.fold();
    EXPECT_TRUE(result->has_value() && (*result)->has_value());
  }

  [[nodiscard]] workspace::UpdateWorkspace rename(const std::string& name) const {
    return {workspace_, name, {}};
  }
  [[nodiscard]] workspace::FreezeWorkspace freeze() const { return {workspace_, {}}; }
  [[nodiscard]] workspace::UnfreezeWorkspace unfreeze() const { return {workspace_}; }
  [[nodiscard]] api_token::CreateApiToken create_token() const {
    return {
        .workspace = workspace_, .token = token_, .name = "ci", .prefix = "sk", .hash = std::string(64, 'b')};
  }
  CommandRequest freeze_unless_changed() {
    return if_match(
        freeze(), {.any = false, .versions = {workspaces::find(node_.store(), workspace_)->header.version}});
  }
  CommandRequest with_key(Command command, const std::string& key, const std::string& fingerprint) {
    auto request = node_.request(std::move(command), home);
    request.idempotency = {user_.str(), key, fingerprint};
    return request;
  }
  CommandRequest if_match(Command command, IfMatch condition) {
    auto request = node_.request(std::move(command), home);
    request.if_match = std::move(condition);
    return request;
  }

  [[nodiscard]] std::vector<json::Object> entries(const std::string& feed, const audit::Filter& filter = {}) {
    std::vector<json::Object> found;
    for (const auto& each :
         audit::list(node_.store(), feed, filter, audit::Order::oldest_first, {.limit = 100, .after = {}})
             .rows) {
      found.push_back(json::parse(each).value().as_object());
    }
    return found;
  }
  [[nodiscard]] std::vector<json::Object> rejected() {
    return entries(workspace_.str(), {.outcome = "rejected"});
  }

  static Reason reason(const Result& result) { return result->value().error().reason; }
  static bool is_open(const Result& result) { return !result->has_value(); }

  CommandWorld world_;
  CommandNode node_{world_, 1};
  std::unique_ptr<CommandNode> another_;
  const UserId user_{Uuid{{7}}};
  const AccountId account_{Uuid{{8}}};
  const SessionId session_{Uuid{{9}}};
  const TokenId token_{Uuid{{1}}};
  WorkspaceId workspace_;
  std::vector<EnvironmentId> environments_;
};

}  // namespace tenure::testing
