// tenure: the command line.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/cli/commands.h"

int main(int argc, char** argv) {
  using namespace tenure::cli;
  CLI::App app("The command line of Tenure, the system of record for who owns what.", "tenure");
  Environment environment;
  app.set_version_flag("--version", std::string("tenure ") + TENURE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--output", environment.format, "table or json")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Format>{{"table", Format::table}, {"json", Format::json}}));
  app.add_flag("--yes", environment.yes, "do what cannot be undone without asking");
  for (auto* add :
       {&add_auth, &add_workspaces, &add_environments, &add_tokens, &add_operations, &add_audit, &add_replay,
        &add_log, &add_doctor, &add_rebuild, &add_backup, &add_restore, &add_completion}) {
    add(app, environment);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  try {
    return static_cast<int>(environment.chosen ? environment.chosen() : Exit::usage);
  } catch (const std::exception& fault) {
    say(fault.what());
    return static_cast<int>(Exit::failed);
  }
}
