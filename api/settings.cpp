#include "api/settings.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <variant>

#include "core/limits.h"
#include "core/text/nearest.h"

namespace tenure {
namespace {

using Text = std::string Settings::*;
using Path = std::filesystem::path Settings::*;
using Number = std::uint64_t Settings::*;
using Time = Duration Settings::*;
using PolicyNumber = std::uint64_t Policy::*;
using PolicyCount = std::uint32_t Policy::*;
using PolicyText = std::string Policy::*;
using PolicyTime = Duration Policy::*;
using Target = std::variant<Text, Path, Number, Time, PolicyNumber, PolicyCount, PolicyText, PolicyTime>;

struct Setting {
  std::string_view name;  // as a flag
  Target target;
  std::string_view unit;  // what a value looks like
  std::string_view about;
  std::vector<std::string_view> choices = {};
  std::uint64_t min = 0;
  std::uint64_t max = UINT64_MAX;
};

// THE TABLE OF SETTINGS.
const std::vector<Setting>& table() {
  static const std::vector<Setting> settings{
      {"data-dir", &Settings::data_dir, "directory", "where everything is kept"},
      {"listen", &Settings::listen, "host:port", "where to serve; port 0: the system chooses"},
      {"metrics-listen", &Settings::metrics_listen, "host:port", "serve /metrics here instead"},
      {"log", &Settings::log, "embedded", "where commits go", {"embedded"}},
      {"partitions", &Settings::partitions, "number", "partitions for workspaces, fixed when the log is created", {}, 1, limits::partitions_max - 1},
      {"root-key-file", &Settings::root_key_file, "file", "base64 of 32 bytes; made in the data directory when absent"},
      {"public-url", &Settings::public_url, "URL", "how clients reach this server; default: the listening address"},
      {"log-format", &Settings::log_format, "text|json", "form of the lines on stderr", {"text", "json"}},
      {"log-level", &Settings::log_level, "debug|info|warning|error", "least level of the lines on stderr", {"debug", "info", "warning", "error"}},
      {"http-threads", &Settings::http_threads, "number", "threads that serve; 0: one a core", {}, 0, 256},
      {"request-body-max", &Settings::request_body_max, "bytes", "largest request body", {}, 1024, 64U << 20U},
      {"header-max", &Settings::header_max, "bytes", "largest header block", {}, 1024, 1U << 20U},
      {"header-timeout", &Settings::header_timeout, "duration", "from a request's first byte to the end of its header"},
      {"body-timeout", &Settings::body_timeout, "duration", "to read a request's body"},
      {"idle-timeout", &Settings::idle_timeout, "duration", "between requests on a connection"},
      {"json-depth-max", &Settings::json_depth_max, "number", "deepest nesting of a request body", {}, 1, 512},
      {"connections-max", &Settings::connections_max, "number", "connections at a time", {}, 1, 1'000'000},
      {"commit-timeout", &Settings::commit_timeout, "duration", "then a command answers outcome_unknown"},
      {"provision-timeout", &Settings::provision_timeout, "duration", "then an attempt of a provisioner has failed"},
      {"refusal-window", &Settings::refusal_window, "duration", "equal refusals within it become one audit entry with a count"},
      {"shutdown-timeout", &Settings::shutdown_timeout, "duration", "for requests to end after SIGTERM"},
      {"token-prefix", &Settings::token_prefix, "text", "how API tokens begin"},
      {"provisioner", &Policy::provider, "local", "what makes environments", {"local"}},
      {"saga-lease", &Policy::saga_lease, "duration", "how long a node's claim on an operation lasts"},
      {"retry-base", &Policy::retry_base, "duration", "pause after the first failed attempt of a step"},
      {"retry-max", &Policy::retry_max, "duration", "longest pause between attempts"},
      {"retry-attempts-max", &Policy::retry_attempts_max, "number", "attempts before a step has failed", {}, 1, 1000},
      {"stuck-after", &Policy::stuck_after, "duration", "without progress, then an operation is stuck"},
      {"quota-workspaces-per-account", &Policy::workspaces_per_account_max, "number", "workspaces an account may own"},
      {"quota-tokens-per-workspace", &Policy::tokens_per_workspace_max, "number", "API tokens a workspace may have"},
  };
  return settings;
}

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};

std::optional<std::uint64_t> parse_number(std::string_view text, std::string_view unit) {
  std::uint64_t scale = 1;
  if (unit == "bytes") {
    if (text.ends_with("KiB")) scale = 1U << 10U;
    if (text.ends_with("MiB")) scale = 1U << 20U;
    if (scale > 1) text.remove_suffix(3);
  }
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || text.empty() || number > UINT64_MAX / scale) return std::nullopt;
  return number * scale;
}

std::expected<void, std::string> assign_number(const Setting& setting, std::string_view value,
                                               const std::function<void(std::uint64_t)>& set) {
  const auto number = parse_number(value, setting.unit);
  if (!number || *number < setting.min || *number > setting.max) {
    const auto most = setting.max == UINT64_MAX ? std::string() : fmt::format(" to {}", setting.max);
    return std::unexpected(fmt::format("takes a number of {} from {}{}", setting.unit == "bytes" ? "bytes (or 32KiB, 1MiB)" : "whole units",
                                       setting.min, most));
  }
  set(*number);
  return {};
}

std::expected<void, std::string> assign_time(std::string_view value, Duration& target) {
  const auto duration = parse_duration(value);
  if (!duration) return std::unexpected("takes a duration: " + duration.error());
  target = *duration;
  return {};
}

std::expected<void, std::string> assign(Settings& settings, const Setting& setting, const std::string& value) {
  if (!setting.choices.empty() && std::ranges::find(setting.choices, value) == setting.choices.end()) {
    return std::unexpected(fmt::format("takes {}", setting.unit));
  }
  return std::visit(
      Overload{
          [&](Text target) -> std::expected<void, std::string> {
            if (setting.unit == "host:port" && !value.empty()) {
              if (const auto parsed = parse_host_port(value); !parsed) return std::unexpected(parsed.error());
            }
            settings.*target = value;
            return {};
          },
          [&](Path target) -> std::expected<void, std::string> {
            settings.*target = value;
            return {};
          },
          [&](Number target) { return assign_number(setting, value, [&](std::uint64_t n) { settings.*target = n; }); },
          [&](Time target) { return assign_time(value, settings.*target); },
          [&](PolicyNumber target) {
            return assign_number(setting, value, [&](std::uint64_t n) { settings.policy.*target = n; });
          },
          [&](PolicyCount target) {
            return assign_number(setting, value,
                                 [&](std::uint64_t n) { settings.policy.*target = static_cast<std::uint32_t>(n); });
          },
          [&](PolicyText target) -> std::expected<void, std::string> {
            settings.policy.*target = value;
            return {};
          },
          [&](PolicyTime target) { return assign_time(value, settings.policy.*target); },
      },
      setting.target);
}

std::string show(const Settings& settings, const Setting& setting) {
  return std::visit(Overload{
                        [&](Text target) { return settings.*target; },
                        [&](Path target) { return (settings.*target).string(); },
                        [&](Number target) { return std::to_string(settings.*target); },
                        [&](Time target) { return to_string(settings.*target); },
                        [&](PolicyNumber target) { return std::to_string(settings.policy.*target); },
                        [&](PolicyCount target) { return std::to_string(settings.policy.*target); },
                        [&](PolicyText target) { return settings.policy.*target; },
                        [&](PolicyTime target) { return to_string(settings.policy.*target); },
                    },
                    setting.target);
}

std::string file_key(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '-', '_');
  return key;
}
std::string variable_name(std::string_view name) {
  auto variable = "TENURE_" + file_key(name);
  std::ranges::transform(variable, variable.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return variable;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &Setting::name);
  return found == table().end() ? nullptr : &*found;
}

std::string unknown(std::string_view what, std::string_view shown, std::string_view name) {
  std::vector<std::string_view> known{"config", "help", "version"};
  for (const auto& setting : table()) known.push_back(setting.name);
  auto text = fmt::format("{} {} is not known", what, shown);
  const auto hyphenated = [&] {
    std::string copy(name);
    std::ranges::replace(copy, '_', '-');
    return copy;
  }();
  if (const auto nearest = text::nearest(hyphenated, known)) {
    text += fmt::format("; did you mean {}?", what == "flag" ? "--" + std::string(*nearest) : file_key(*nearest));
  }
  return text;
}

// What somebody gave, and where: later layers replace earlier ones.
struct Given {
  std::string value;
  std::string source;
};
using Layers = std::map<std::string_view, Given>;

std::expected<void, std::string> read_file(const std::string& file, Layers& given) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(file);
  } catch (const YAML::Exception& error) {
    return std::unexpected(fmt::format("{}: {}", file, error.what()));
  }
  if (root.IsNull()) return {};
  if (!root.IsMap()) return std::unexpected(fmt::format("{}: expected `name: value` lines", file));
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>();
    const auto found = std::ranges::find(table(), key, [](const Setting& setting) { return file_key(setting.name); });
    if (found == table().end()) return std::unexpected(fmt::format("{}: {}", file, unknown("key", key, key)));
    if (!entry.second.IsScalar()) return std::unexpected(fmt::format("{}: {} takes one value", file, key));
    given[found->name] = {entry.second.as<std::string>(), file};
  }
  return {};
}

struct Arguments {
  Layers given;
  std::string config_file;
  SettingsRequest::Action action = SettingsRequest::Action::serve;
};

std::expected<Arguments, std::string> read_arguments(const std::vector<std::string>& arguments) {
  Arguments read;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& argument = arguments[i];
    if (argument == "--help" || argument == "-h" || argument == "help") {
      read.action = SettingsRequest::Action::help;
      continue;
    }
    if (argument == "--version") {
      read.action = SettingsRequest::Action::version;
      continue;
    }
    if (argument == "config" && i + 1 < arguments.size() && arguments[i + 1] == "--print") {
      read.action = SettingsRequest::Action::print_settings;
      ++i;
      continue;
    }
    if (!argument.starts_with("--")) {
      return std::unexpected(fmt::format("\"{}\" is not understood; see tenured --help", argument));
    }
    const auto equals = argument.find('=');
    const auto name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto* setting = find_setting(name);
    if (setting == nullptr && name != "config") return std::unexpected(unknown("flag", "--" + name, name));
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return std::unexpected(fmt::format("--{} needs a value", name));
    }
    auto value = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
    if (name == "config") {
      read.config_file = std::move(value);
    } else {
      read.given[setting->name] = {std::move(value), "--" + name};
    }
  }
  return read;
}

std::expected<void, std::string> read_environment(const std::map<std::string, std::string>& environment, Layers& given) {
  // Read by the command line.
  constexpr std::array<std::string_view, 3> of_the_command_line{"TENURE_URL", "TENURE_TOKEN", "TENURE_DATA_DIR"};
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with("TENURE_") || variable == "TENURE_CONFIG") continue;
    const auto found = std::ranges::find(table(), variable, [](const Setting& setting) { return variable_name(setting.name); });
    if (found != table().end()) {
      given[found->name] = {value, variable};
    } else if (std::ranges::find(of_the_command_line, variable) == of_the_command_line.end()) {
      return std::unexpected(fmt::format("the environment variable {} is not known; see tenured --help", variable));
    }
  }
  return {};
}

std::string help_text() {
  std::string text =
      "tenured serves a control plane from a data directory.\n\n"
      "  tenured [--config FILE] [flags]     serve\n"
      "  tenured config --print [flags]      show every setting, its value and where that comes from\n"
      "  tenured --version\n\n"
      "Each flag is also an environment variable (TENURE_DATA_DIR) and a key of the file (data_dir).\n\n";
  const Settings defaults;
  for (const auto& setting : table()) {
    const auto value = show(defaults, setting);
    text += fmt::format("  --{:<30} {}\n  {:<32} {}{}\n", fmt::format("{} <{}>", setting.name, setting.unit), setting.about, "",
                        value.empty() ? "no default" : "default ", value);
  }
  return text;
}

std::string settings_text(const Settings& settings, const Layers& given) {
  std::string text;
  for (const auto& setting : table()) {
    const auto found = given.find(setting.name);
    text += fmt::format("{}: {}  # {}; {}\n", file_key(setting.name), show(settings, setting), setting.unit,
                        found == given.end() ? "default" : "from " + found->second.source);
  }
  return text;
}

}  // namespace

std::expected<SettingsRequest, std::string> read_settings(const std::vector<std::string>& arguments,
                                                          const std::map<std::string, std::string>& environment) {
  auto read = read_arguments(arguments);
  if (!read) return std::unexpected(read.error());
  SettingsRequest request{.action = read->action, .settings = {}, .text = {}};
  if (request.action == SettingsRequest::Action::help) request.text = help_text();
  if (request.action == SettingsRequest::Action::version) request.text = fmt::format("tenured {}\n", TENURE_VERSION);
  if (!request.text.empty()) return request;

  Layers given;
  auto file = read->config_file;
  if (const auto variable = environment.find("TENURE_CONFIG"); file.empty() && variable != environment.end()) file = variable->second;
  if (!file.empty()) {
    if (auto done = read_file(file, given); !done) return std::unexpected(done.error());
  }
  if (auto done = read_environment(environment, given); !done) return std::unexpected(done.error());
  for (auto& [name, value] : read->given) given[name] = std::move(value);
  for (const auto& [name, value] : given) {
    if (auto done = assign(request.settings, *find_setting(name), value.value); !done) {
      return std::unexpected(fmt::format("{}: \"{}\" will not do for {}: it {}", value.source, value.value, name, done.error()));
    }
  }
  if (request.action == SettingsRequest::Action::print_settings) request.text = settings_text(request.settings, given);
  return request;
}

std::expected<HostPort, std::string> parse_host_port(std::string_view text) {
  const auto error = std::unexpected(std::string("takes host:port, such as 127.0.0.1:8080 or [::1]:0"));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return error;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = parse_number(text.substr(colon + 1), "");
  if (host.empty() || !port || *port > UINT16_MAX) return error;
  return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace tenure
