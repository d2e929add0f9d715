#include "tools/cli/online.h"

namespace tenure::cli {

void add_operations(CLI::App& app, Environment& environment) {
  auto* group = app.add_subcommand("operations", "What goes on in the background")->require_subcommand(1);
  const auto operation = std::make_shared<std::string>();
  const auto takes_operation = [&](CLI::App* command) {
    command->add_option("operation", *operation, "its id")->required();
    return command;
  };

  auto* list = group->add_subcommand("list", "Those of a workspace, newest first");
  const auto workspace = std::make_shared<std::string>();
  list->add_option("--workspace", *workspace, "id, slug or name")->required();
  list->callback([&environment, workspace] {
    environment.chosen = with_client([&environment, workspace](Client& client) -> Result<void> {
      const auto id = client.workspace_id(*workspace);
      if (!id) return std::unexpected(id.error());
      return show_rows(environment.format, client.list("/v1/workspaces/" + encode(*id) + "/operations"),
                       operation_columns);
    });
  });

  auto* wait = takes_operation(group->add_subcommand("wait", "Until it is done; fails unless it succeeded"));
  const auto seconds = std::make_shared<int>(300);
  wait->add_option("--timeout", *seconds, "seconds")->check(CLI::Range(1, 86'400));
  wait->callback([&environment, operation, seconds] {
    environment.chosen = with_client([&environment, operation, seconds](Client& client) -> Result<void> {
      const auto ended = wait_for_operation(client, *operation, std::chrono::seconds(*seconds));
      if (auto printed = show(environment.format, ended, operation_columns); !printed) return printed;
      if (!ended->at("done").as_bool())
        return std::unexpected(Failure{Exit::try_again, "it is still running"});
      if (shown(*ended, "state") == "SUCCEEDED") return {};
      return std::unexpected(Failure{Exit::failed, "it ended as " + shown(*ended, "state")});
    });
  });

  for (const auto& [name, verb, about] :
       {std::tuple{"get", "", "One of them"}, std::tuple{"cancel", ":cancel", "Undo what it has done"},
        std::tuple{"retry", ":retry", "Try again what it left undone"}}) {
    takes_operation(group->add_subcommand(name, about))
        ->callback([&environment, operation, verb = std::string(verb)] {
          environment.chosen = with_client([&environment, operation, verb](Client& client) {
            const auto method = verb.empty() ? "GET" : "POST";
            return show(environment.format,
                        client.call(method, "/v1/operations/" + encode(*operation) + verb),
                        operation_columns);
          });
        });
  }
}

}  // namespace tenure::cli
