#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "tools/cli/online.h"
#include "tools/cli/validators.h"

namespace tenure::cli {
namespace {

constexpr auto follow_pause_min = std::chrono::milliseconds(200);
constexpr auto follow_pause_max = std::chrono::milliseconds(2'000);

const std::vector<Column> entry_columns{
    {"SEQ", "sequence"},    {"WHEN", "occurred_at"}, {"WHO", "actor.display"}, {"WHAT", "action"},
    {"OUTCOME", "outcome"}, {"REASON", "reason"},    {"CHANGES", "changes"}};

struct Options {
  std::string workspace, action, actor, outcome, from, to;
  std::size_t limit = 50;
  bool follow = false;
};

std::string target(const std::string& workspace, const Options& options, std::string_view order) {
  auto text = fmt::format("/v1/workspaces/{}/audit?order={}", encode(workspace), order);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("&{}={}", name, encode(value));
  };
  add("action", options.action);
  add("actor", options.actor);
  add("outcome", options.outcome);
  add("from", options.from);
  add("to", options.to);
  return text;
}

void print_line(Format format, const json::Value& entry) {
  if (format == Format::json) {
    fmt::print("{}\n", json::dump(entry));
  } else {
    std::string line;
    for (const auto& column : entry_columns) line += shown(entry, column.member) + "  ";
    fmt::print("{}\n", line);
  }
  std::fflush(stdout);
}

// The newest entries, and then each one as it comes.
Result<void> follow(Client& client, Format format, const std::string& workspace, const Options& options) {
  std::int64_t last = -1;
  auto pause = follow_pause_min;
  for (auto wanted = options.limit;; wanted = 100) {
    auto entries = client.list(target(workspace, options, "desc"), {}, wanted);
    if (!entries) return std::unexpected(entries.error());
    std::ranges::reverse(*entries);
    bool any = false;
    for (const auto& entry : *entries) {
      const auto sequence = entry.at("sequence").as_int64();
      if (sequence <= last) continue;
      print_line(format, entry);
      last = sequence;
      any = true;
    }
    pause = any ? follow_pause_min : std::min(pause * 2, follow_pause_max);
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void add_audit(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("audit", "Who did what in a workspace, newest first");
  const auto options = std::make_shared<Options>();
  command->add_option("--workspace", options->workspace, "id, slug or name")->required();
  command->add_option("--limit", options->limit, "entries")->check(CLI::Range(1, 1'000'000));
  command->add_option("--action", options->action, "such as workspace.frozen, or token.*");
  command->add_option("--actor", options->actor, "id");
  command->add_option("--outcome", options->outcome, "success, denied or rejected")
      ->check(CLI::IsMember({"success", "denied", "rejected"}));
  command->add_option("--from", options->from, "the first moment")->check(is_time);
  command->add_option("--to", options->to, "the last moment")->check(is_time);
  command->add_flag("--follow", options->follow, "go on with new entries, oldest first");
  command->callback([&environment, options] {
    environment.chosen = with_client([&environment, options](Client& client) -> Result<void> {
      const auto id = client.workspace_id(options->workspace);
      if (!id) return std::unexpected(id.error());
      if (options->follow) return follow(client, environment.format, *id, *options);
      return show_rows(environment.format, client.list(target(*id, *options, "desc"), {}, options->limit),
                       entry_columns);
    });
  });
}

}  // namespace tenure::cli
