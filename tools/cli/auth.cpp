#include <fmt/core.h>

#include <fstream>

#include "api/data_directory.h"
#include "tools/cli/online.h"
#include "tools/cli/session_file.h"

namespace tenure::cli {
namespace {

const std::vector<Column> me_columns{{"USER", "id"},
                                     {"NAME", "name"},
                                     {"CREDENTIAL", "credential.kind"},
                                     {"WORKSPACE", "credential.workspace_id"},
                                     {"EXPIRES", "credential.expires_at"}};

Exit login(const std::string& url, const std::string& token_file, Format format) {
  const auto token = read_word(token_file);
  if (!token) {
    say("tenure: " + token_file + ": there is no token in it");
    return Exit::usage;
  }
  auto client = Client::to(url, *token);
  auto me = client ? client->call("GET", "/v1/me") : Result<json::Value>(std::unexpected(client.error()));
  if (!me) {
    say("tenure: " + me.error().message);
    return me.error().exit;
  }
  if (const auto written = write_session({url, *token}); !written) {
    say("tenure: " + written.error());
    return Exit::failed;
  }
  print_one(format, *me, me_columns);
  say("logged in to " + url);
  return Exit::ok;
}

}  // namespace

void add_auth(CLI::App& app, Environment& environment) {
  auto* auth = app.add_subcommand("auth", "Log in and out")->require_subcommand(1);

  auto* login_command = auth->add_subcommand("login", "Keep a session for the commands that follow");
  const auto url = std::make_shared<std::string>(default_url);
  const auto file = std::make_shared<std::string>();
  login_command->add_option("--url", *url, "the server")->envname("TENURE_URL");
  login_command->add_option("--token-file", *file, "file with the token")->required();
  login_command->callback([&environment, url, file] {
    environment.chosen = [&environment, url, file] { return login(*url, *file, environment.format); };
  });

  auth->add_subcommand("status", "Who is logged in, and where")->callback([&environment] {
    environment.chosen = with_client([&environment](Client& client) {
      return show(environment.format, client.call("GET", "/v1/me"), me_columns);
    });
  });

  auth->add_subcommand("logout", "End the session")->callback([&environment] {
    environment.chosen = with_client([](Client& client) -> Result<void> {
      auto ended = client.call("DELETE", "/v1/auth/session");
      forget_session();
      if (!ended) return std::unexpected(ended.error());
      say("logged out");
      return {};
    });
  });
}

}  // namespace tenure::cli
