#include <fmt/core.h>

#include "tools/cli/online.h"

namespace tenure::cli {
namespace {

constexpr std::chrono::seconds provision_wait{300};

struct Create {
  std::string name, slug, region, account, tenancy_model;
  bool wait = false;
};

Result<void> create(Client& client, const Environment& environment, const Create& options) {
  json::Object body{{"name", options.name}};
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  put("slug", options.slug);
  put("region", options.region);
  put("account_id", options.account);
  put("tenancy_model", options.tenancy_model);
  auto made = client.call("POST", "/v1/workspaces", {.workspace = {}, .body = std::move(body)});
  if (!made || !options.wait) return show(environment.format, made, workspace_columns);
  const auto operation = wait_for_operation(client, shown(*made, "operation_id"), provision_wait);
  if (!operation) return std::unexpected(operation.error());
  if (shown(*operation, "state") != "SUCCEEDED") {
    return std::unexpected(
        Failure{Exit::failed, fmt::format("operation {} is {}: {}", shown(*operation, "id"),
                                          shown(*operation, "state"), shown(*operation, "error.message"))});
  }
  return show(environment.format, client.call("GET", "/v1/workspaces/" + shown(*made, "id")),
              workspace_columns);
}

// A command on one workspace: `verb` as in ":freeze"; or none, for a change of its fields.
Result<void> change(Client& client, const Environment& environment, const std::string& workspace,
                    const std::string& method, const std::string& verb, json::Object body) {
  const auto id = client.workspace_id(workspace);
  if (!id) return std::unexpected(id.error());
  return show(
      environment.format,
      client.call(method, "/v1/workspaces/" + encode(*id) + verb, {.workspace = {}, .body = std::move(body)}),
      workspace_columns);
}

}  // namespace

void add_workspaces(CLI::App& app, Environment& environment) {
  auto* group = app.add_subcommand("workspaces", "Workspaces")->require_subcommand(1);
  const auto workspace = std::make_shared<std::string>();
  const auto takes_workspace = [&](CLI::App* command) {
    command->add_option("workspace", *workspace, "id, slug or name")->required();
    return command;
  };

  group->add_subcommand("list", "All that you can see")->callback([&environment] {
    environment.chosen = with_client([&environment](Client& client) {
      return show_rows(environment.format, client.list("/v1/workspaces"), workspace_columns);
    });
  });

  auto* create_command = group->add_subcommand("create", "Make one, with dev, staging and prod");
  const auto options = std::make_shared<Create>();
  create_command->add_option("name", options->name, "1 to 100 characters")->required();
  create_command->add_option("--slug", options->slug, "made from the name where absent");
  create_command->add_option("--region", options->region, "a label");
  create_command->add_option("--account", options->account, "your personal one where absent");
  create_command->add_option("--tenancy-model", options->tenancy_model, "shared or dedicated");
  create_command->add_flag("--wait", options->wait, "until its environments are there");
  create_command->callback([&environment, options] {
    environment.chosen = with_client(
        [&environment, options](Client& client) { return create(client, environment, *options); });
  });

  takes_workspace(group->add_subcommand("get", "One of them"))->callback([&environment, workspace] {
    environment.chosen = with_client([&environment, workspace](Client& client) -> Result<void> {
      const auto id = client.workspace_id(*workspace);
      if (!id) return std::unexpected(id.error());
      return show(environment.format, client.call("GET", "/v1/workspaces/" + encode(*id)), workspace_columns);
    });
  });

  auto* rename = takes_workspace(group->add_subcommand("rename", "Change its name, or its slug"));
  const auto name = std::make_shared<std::string>();
  const auto slug = std::make_shared<std::string>();
  rename->add_option("name", *name, "the new name");
  rename->add_option("--slug", *slug, "the new slug");
  rename->callback([&environment, workspace, name, slug] {
    json::Object body;
    if (!name->empty()) body["name"] = *name;
    if (!slug->empty()) body["slug"] = *slug;
    environment.chosen = with_client([&environment, workspace, body](Client& client) {
      return change(client, environment, *workspace, "PATCH", "", body);
    });
  });

  auto* freeze = takes_workspace(group->add_subcommand("freeze", "Block every write inside it"));
  const auto reason = std::make_shared<std::string>();
  freeze->add_option("--reason", *reason, "for the audit feed");
  freeze->callback([&environment, workspace, reason] {
    json::Object body;
    if (!reason->empty()) body["reason"] = *reason;
    environment.chosen = with_client([&environment, workspace, body](Client& client) {
      return change(client, environment, *workspace, "POST", ":freeze", body);
    });
  });

  takes_workspace(group->add_subcommand("unfreeze", "End a freeze"))->callback([&environment, workspace] {
    environment.chosen = with_client([&environment, workspace](Client& client) {
      return change(client, environment, *workspace, "POST", ":unfreeze", {});
    });
  });
}

}  // namespace tenure::cli
