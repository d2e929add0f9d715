#include "tools/cli/online.h"

#include <fmt/core.h>
#include <unistd.h>

#include <iostream>

namespace tenure::cli {

const std::vector<Column> workspace_columns{
    {"ID", "id"},         {"NAME", "name"},          {"SLUG", "slug"},
    {"STATUS", "status"}, {"CREATED", "created_at"}, {"ETAG", "etag"}};
const std::vector<Column> operation_columns{{"ID", "id"},
                                            {"TYPE", "type"},
                                            {"STATE", "state"},
                                            {"STARTED", "started_at"},
                                            {"COMPLETED", "completed_at"},
                                            {"LAST ERROR", "last_error.message"}};

std::function<Exit()> with_client(std::function<Result<void>(Client&)> run) {
  return [run = std::move(run)] {
    auto client = Client::from_environment();
    const auto done = client ? run(*client) : Result<void>(std::unexpected(client.error()));
    if (done) return Exit::ok;
    say("tenure: " + done.error().message);
    return done.error().exit;
  };
}

Result<void> show(Format format, const Result<json::Value>& answer, const std::vector<Column>& columns) {
  if (!answer) return std::unexpected(answer.error());
  print_one(format, *answer, columns);
  return {};
}

Result<void> show_rows(Format format, const Result<json::Array>& rows, const std::vector<Column>& columns) {
  if (!rows) return std::unexpected(rows.error());
  print_rows(format, *rows, columns);
  return {};
}

Result<json::Value> wait_for_operation(Client& client, const std::string& operation,
                                       std::chrono::seconds timeout) {
  constexpr std::chrono::seconds longest_call{60};
  const auto end = std::chrono::steady_clock::now() + timeout;
  const bool somebody_looks_on = ::isatty(STDERR_FILENO) == 1;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(end - std::chrono::steady_clock::now());
    const auto once =
        std::clamp(left, std::chrono::seconds(1), somebody_looks_on ? std::chrono::seconds(2) : longest_call);
    auto answer = client.call(
        "POST", fmt::format("/v1/operations/{}:wait?timeout={}", encode(operation), once.count()));
    if (!answer || answer->at("done").as_bool() || left <= once) return answer;
    if (somebody_looks_on) say(fmt::format("{}: {}", shown(*answer, "id"), shown(*answer, "state")));
  }
}

Result<void> confirm(const Environment& environment, const std::string& what) {
  if (environment.yes) return {};
  if (::isatty(STDIN_FILENO) != 1)
    return std::unexpected(Failure{Exit::refused, what + ": repeat with --yes"});
  fmt::print(stderr, "{}? [y/N] ", what);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "yes") return {};
  return std::unexpected(Failure{Exit::refused, "nothing was done"});
}

}  // namespace tenure::cli
