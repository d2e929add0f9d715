// THE TABLE OF THE COMMAND LINE'S GROUPS: each adds its commands to the tree, with what they do when chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "tools/cli/exit_code.h"
#include "tools/cli/output.h"

namespace tenure::cli {

// What all commands share; set before the chosen one runs.
struct Environment {
  Format format = Format::table;
  bool yes = false;
  // What was chosen; runs after everything is parsed.
  std::function<Exit()> chosen;
};

void add_auth(CLI::App& app, Environment& environment);
void add_workspaces(CLI::App& app, Environment& environment);
void add_environments(CLI::App& app, Environment& environment);
void add_tokens(CLI::App& app, Environment& environment);
void add_operations(CLI::App& app, Environment& environment);
void add_audit(CLI::App& app, Environment& environment);
void add_replay(CLI::App& app, Environment& environment);
void add_log(CLI::App& app, Environment& environment);
void add_doctor(CLI::App& app, Environment& environment);
void add_rebuild(CLI::App& app, Environment& environment);
void add_backup(CLI::App& app, Environment& environment);
void add_restore(CLI::App& app, Environment& environment);
void add_completion(CLI::App& app, Environment& environment);

}  // namespace tenure::cli
