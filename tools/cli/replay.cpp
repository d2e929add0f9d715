// tenure replay: what happened to a stream, event by event, and what each changed. From a running server, or,
// when
// --data-dir or --log is given, from the log alone.
#include <fmt/core.h>

#include "commands/events.h"
#include "projections/history.h"
#include "tools/cli/offline.h"
#include "tools/cli/online.h"
#include "tools/cli/validators.h"

namespace tenure::cli {
namespace {

struct Options {
  std::string stream, until;
  bool diff = false;
  bool json = false;
};

using Rows = std::expected<std::vector<std::string>, std::string>;

// "ws_..." alone means its own stream.
StreamName stream_of(const std::string& text) {
  if (text.find('/') != std::string::npos) return StreamName(text);
  const std::vector<std::pair<std::string_view, std::string_view>> categories{
      {"ws_", workspace::State::category}, {"env_", environment::State::category},
      {"op_", operation::State::category}, {"tok_", api_token::State::category},
      {"acc_", account::State::category},  {"usr_", user::State::category},
      {"ses_", session::State::category}};
  for (const auto& [prefix, category] : categories) {
    if (text.starts_with(prefix)) return {category, text};
  }
  return StreamName(text);
}

json::Value state_json(const AnyState& state) {
  const auto text = encode_state(state);
  if (text.empty()) return json::Object{};
  auto value = json::parse(text).value();
  return value.as_object().begin()->value();
}

void print_diff(const json::Value& before, const json::Value& after) {
  for (const auto& [name, value] : after.as_object()) {
    const auto* old = before.as_object().if_contains(name);
    if (old != nullptr && *old == value) continue;
    fmt::print("      {}: {} -> {}\n", std::string_view(name), old == nullptr ? "-" : json::dump(*old),
               json::dump(value));
  }
  for (const auto& [name, value] : before.as_object()) {
    if (!after.as_object().contains(name))
      fmt::print("      {}: {} -> -\n", std::string_view(name), json::dump(value));
  }
}

// `rows` are raw events (projections/history.h), oldest first.
std::expected<Exit, std::string> print_replay(const std::vector<std::string>& rows, const Options& options) {
  std::optional<Timestamp> until;
  if (!options.until.empty()) until = parse_rfc3339(options.until).value();
  AnyState state;
  for (const auto& row : rows) {
    const auto value = json::parse(row);
    if (!value) return std::unexpected("an event is not JSON: " + value.error().message);
    const auto time = parse_rfc3339(shown(*value, "occurred_at")).value();
    if (until && time > *until) break;
    const auto event = decode_event(
        shown(*value, "type"), static_cast<std::uint32_t>(value->at("schema").as_int64()), value->at("data"));
    if (!event) return std::unexpected(event.error().message);
    const auto before = state_json(state);
    evolve(state, *event, time);
    const auto after = state_json(state);
    if (options.json) {
      json::Object line = value->as_object();
      if (options.diff) line["state"] = after;
      fmt::print("{}\n", json::dump(json::Value(std::move(line))));
      continue;
    }
    fmt::print("{:>4}  {}  {}  by {} {}  at {}\n", shown(*value, "version"), shown(*value, "occurred_at"),
               shown(*value, "type"), shown(*value, "actor.type"), shown(*value, "actor.id"),
               shown(*value, "position"));
    if (options.diff) {
      print_diff(before, after);
    } else {
      fmt::print("      {}\n", json::dump(value->at("data")));
    }
  }
  if (rows.empty()) return std::unexpected("there is no stream " + options.stream);
  return Exit::ok;
}

Rows from_data(Data& data, const StreamName& stream) {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path() / "store", Store::Mode::read_write);
  if (!store) return std::unexpected(store.error().message);
  if (auto folded = data.fold_into(**store, {}); !folded) return std::unexpected(folded.error());
  for (std::uint16_t partition = 0; partition < data.log().partitions(); ++partition) {
    auto rows = history::of_stream(**store, Partition{partition}, stream);
    if (!rows.empty()) return rows;
  }
  return std::vector<std::string>{};
}

// A server shows the history of workspaces; a stream's owner is found by its first event.
Result<std::vector<std::string>> from_server(Client& client, const std::string& workspace,
                                             const StreamName& stream) {
  const auto events = client.list("/v1/workspaces/" + encode(workspace) + "/events");
  if (!events) return std::unexpected(events.error());
  std::vector<std::string> rows;
  for (const auto& event : *events) {
    if (shown(event, "stream") == stream.str()) rows.push_back(json::dump(event));
  }
  return rows;
}

}  // namespace

void add_replay(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("replay", "What happened to a stream, event by event");
  const auto options = std::make_shared<Options>();
  const auto workspace = std::make_shared<std::string>();
  command->add_option("--stream", options->stream, "ws_..., env_..., op_..., or a stream's whole name")
      ->required();
  command->add_option("--until", options->until, "nothing after it")->check(is_time);
  command->add_flag("--diff", options->diff, "what each event changed");
  command->add_flag("--json", options->json, "a JSON object a line, as --output json");
  command->add_option("--workspace", *workspace,
                      "on a server: the workspace that a stream which is none belongs to");
  const auto data = add_data_flags(command);
  command->callback([&environment, options, workspace, data] {
    const auto stream = stream_of(options->stream);
    options->json = options->json || environment.format == Format::json;
    if (!data->at("data-dir").empty() || !data->at("log").empty()) {
      environment.chosen =
          with_data(data, [options, stream](Data& opened) -> std::expected<Exit, std::string> {
            const auto rows = from_data(opened, stream);
            if (!rows) return std::unexpected(rows.error());
            return print_replay(*rows, *options);
          });
      return;
    }
    environment.chosen = with_client([options, workspace, stream](Client& client) -> Result<void> {
      const bool is_workspace = stream.category() == workspace::State::category;
      const auto owner = workspace->empty() && is_workspace ? Result<std::string>(std::string(stream.rest()))
                                                            : client.workspace_id(*workspace);
      if (!owner) return std::unexpected(owner.error());
      const auto rows = from_server(client, *owner, stream);
      if (!rows) return std::unexpected(rows.error());
      if (auto printed = print_replay(*rows, *options); !printed)
        return std::unexpected(Failure{Exit::failed, printed.error()});
      return {};
    });
  });
}

}  // namespace tenure::cli
