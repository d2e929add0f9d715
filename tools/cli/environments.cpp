#include "tools/cli/online.h"

namespace tenure::cli {

void add_environments(CLI::App& app, Environment& environment) {
  auto* group =
      app.add_subcommand("environments", "dev, staging and prod of a workspace")->require_subcommand(1);
  const auto workspace = std::make_shared<std::string>();
  const auto in_workspace = [&](CLI::App* command) {
    command->add_option("--workspace", *workspace, "id, slug or name")->required();
    return command;
  };

  in_workspace(group->add_subcommand("list", "All three"))->callback([&environment, workspace] {
    environment.chosen = with_client([&environment, workspace](Client& client) -> Result<void> {
      const auto id = client.workspace_id(*workspace);
      if (!id) return std::unexpected(id.error());
      return show_rows(environment.format, client.list("/v1/workspaces/" + encode(*id) + "/environments"),
                       {{"ID", "id"},
                        {"SLUG", "slug"},
                        {"STATUS", "status"},
                        {"ATTEMPTS", "attempts"},
                        {"WHERE", "provider_ref"},
                        {"LAST ERROR", "last_error"}});
    });
  });

  auto* retry = in_workspace(group->add_subcommand("retry", "Provision a failed one again"));
  const auto chosen = std::make_shared<std::string>();
  retry->add_option("environment", *chosen, "dev, staging, prod, or an id")->required();
  retry->callback([&environment, workspace, chosen] {
    environment.chosen = with_client([&environment, workspace, chosen](Client& client) -> Result<void> {
      const auto id = client.workspace_id(*workspace);
      if (!id) return std::unexpected(id.error());
      const auto target = "/v1/workspaces/" + encode(*id) + "/environments/" + encode(*chosen) + ":retry";
      return show(environment.format, client.call("POST", target), operation_columns);
    });
  });
}

}  // namespace tenure::cli
