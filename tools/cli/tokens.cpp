#include "tools/cli/online.h"

namespace tenure::cli {

void add_tokens(CLI::App& app, Environment& environment) {
  auto* group = app.add_subcommand("tokens", "API tokens of a workspace")->require_subcommand(1);
  const auto workspace = std::make_shared<std::string>();
  const auto in_workspace = [&](CLI::App* command) {
    command->add_option("--workspace", *workspace, "id, slug or name")->required();
    return command;
  };

  in_workspace(group->add_subcommand("list", "Those that are not revoked"))
      ->callback([&environment, workspace] {
        environment.chosen = with_client([&environment, workspace](Client& client) -> Result<void> {
          const auto id = client.workspace_id(*workspace);
          if (!id) return std::unexpected(id.error());
          return show_rows(environment.format, client.list("/v1/api_tokens", {.workspace = *id, .body = {}}),
                           {{"ID", "id"},
                            {"NAME", "name"},
                            {"ROLE", "role"},
                            {"PREFIX", "prefix"},
                            {"CREATED", "created_at"},
                            {"LAST USED", "last_used_at"},
                            {"EXPIRES", "expires_at"}});
        });
      });

  auto* create = in_workspace(group->add_subcommand("create", "Make one; its secret is shown once"));
  const auto name = std::make_shared<std::string>();
  const auto role = std::make_shared<std::string>("admin");
  create->add_option("name", *name, "for people")->required();
  create->add_option("--role", *role, "admin or member")->check(CLI::IsMember({"admin", "member"}));
  create->callback([&environment, workspace, name, role] {
    environment.chosen = with_client([&environment, workspace, name, role](Client& client) -> Result<void> {
      const auto id = client.workspace_id(*workspace);
      if (!id) return std::unexpected(id.error());
      const json::Object body{{"name", *name}, {"role", *role}};
      return show(environment.format, client.call("POST", "/v1/api_tokens", {.workspace = *id, .body = body}),
                  {{"ID", "id"}, {"NAME", "name"}, {"TOKEN", "token"}});
    });
  });

  auto* revoke = in_workspace(group->add_subcommand("revoke", "Make one useless at once"));
  const auto token = std::make_shared<std::string>();
  revoke->add_option("token", *token, "its id")->required();
  revoke->callback([&environment, workspace, token] {
    environment.chosen = with_client([&environment, workspace, token](Client& client) -> Result<void> {
      if (auto agreed = confirm(environment, "revoke " + *token); !agreed) return agreed;
      const auto id = client.workspace_id(*workspace);
      if (!id) return std::unexpected(id.error());
      auto done = client.call("DELETE", "/v1/api_tokens/" + encode(*token), {.workspace = *id, .body = {}});
      if (!done) return std::unexpected(done.error());
      say("revoked " + *token);
      return {};
    });
  });
}

}  // namespace tenure::cli
