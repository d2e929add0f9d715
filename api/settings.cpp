#include "api/settings.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>

#include "api/settings_table.h"
#include "core/json/json.h"
#include "core/text/nearest.h"

namespace tenure {
namespace {

std::string file_key(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '-', '_');
  return key;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(settings_table(), name, &Setting::name);
  return found == settings_table().end() ? nullptr : &*found;
}

// How a setting is written as a flag, as a variable or in the file.
using Spelling = std::string (*)(std::string_view name);
std::string flag(std::string_view name) { return "--" + std::string(name); }

std::string unknown(std::string_view what, std::string_view written, Spelling spelling) {
  std::vector<std::string> spelled;
  if (spelling != file_key) spelled.push_back(spelling("config"));  // a file does not name another
  if (spelling == flag) spelled.insert(spelled.end(), {flag("help"), flag("version")});
  for (const auto& setting : settings_table()) spelled.push_back(spelling(setting.name));
  const std::vector<std::string_view> known(spelled.begin(), spelled.end());
  const auto nearest = text::nearest(written, known);
  return fmt::format("{} {} is not known; {}", what, written,
                     nearest ? fmt::format("did you mean {}?", *nearest) : "see tenured --help");
}

// What somebody gave, and where: later layers replace earlier ones.
struct Given {
  std::string value;
  std::string source;
};
using Layers = std::map<std::string_view, Given>;

std::expected<YAML::Node, std::string> load_yaml(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::unexpected(fmt::format("{}: cannot be read: {}", file, std::strerror(errno)));
  try {
    // Not from the stream itself: yaml-cpp 0.7 leaks its buffer when that throws.
    return YAML::Load(std::string(std::istreambuf_iterator<char>(stream), {}));
  } catch (const YAML::Exception& error) {
    return std::unexpected(fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
  } catch (const std::ios_base::failure&) {  // a directory, or a disk that fails
    return std::unexpected(fmt::format("{}: cannot be read", file));
  }
}

Checked read_file(const std::string& file, Layers& given) {
  const auto root = load_yaml(file);
  if (!root) return std::unexpected(root.error());
  if (root->IsNull()) return {};
  if (!root->IsMap()) {
    return std::unexpected(fmt::format("{}: expected lines such as listen: 127.0.0.1:8080", file));
  }
  for (const auto& entry : *root) {
    const auto at = fmt::format("{}:{}: ", file, entry.first.Mark().line + 1);
    if (!entry.first.IsScalar()) {
      return std::unexpected(at + "expected a line such as listen: 127.0.0.1:8080");
    }
    const auto& key = entry.first.Scalar();
    const auto found = std::ranges::find(settings_table(), key,
                                         [](const Setting& setting) { return file_key(setting.name); });
    if (found == settings_table().end()) return std::unexpected(at + unknown("key", key, file_key));
    if (!entry.second.IsScalar()) return std::unexpected(at + key + " takes one value");
    if (!given.emplace(found->name, Given{entry.second.Scalar(), at + key}).second) {
      return std::unexpected(at + key + " is there twice");
    }
  }
  return {};
}

struct Arguments {
  Layers given;
  std::optional<std::string> config_file;
  SettingsRequest::Action action = SettingsRequest::Action::serve;
};

// `--name value` or `--name=value` at arguments[at]; moves `at` to its last word. Of a repeated flag the last
// counts, unless it may be repeated.
Checked read_flag(const std::vector<std::string>& arguments, std::size_t& at, Arguments& read) {
  const auto& argument = arguments[at];
  const auto equals = argument.find('=');
  const auto written = argument.substr(0, equals);
  const auto* setting = find_setting(std::string_view(written).substr(2));
  if (setting == nullptr && written != "--config") return std::unexpected(unknown("flag", written, flag));
  std::string value;
  if (equals != std::string::npos) {
    value = argument.substr(equals + 1);
  } else if (setting != nullptr && std::holds_alternative<Switch>(setting->rule)) {
    value = "true";
  } else if (at + 1 < arguments.size() && !arguments[at + 1].starts_with("--")) {
    value = arguments[++at];
  } else {
    return std::unexpected(fmt::format("{} needs a value, such as {}", written,
                                       setting == nullptr ? "/etc/tenure/tenured.yaml" : example(*setting)));
  }
  if (setting == nullptr) {
    read.config_file = std::move(value);
  } else {
    auto& given = read.given[setting->name];
    const bool more = setting->repeatable && !given.source.empty();
    given = {more ? given.value + ";" + value : std::move(value), written};
  }
  return {};
}

std::expected<Arguments, std::string> read_arguments(const std::vector<std::string>& arguments) {
  Arguments read;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const auto& argument = arguments[at];
    if (argument == "--help" || argument == "-h" || argument == "help") {
      read.action = SettingsRequest::Action::help;
    } else if (argument == "--version") {
      read.action = SettingsRequest::Action::version;
    } else if (argument == "config" && at + 1 < arguments.size() && arguments[at + 1] == "--print") {
      read.action = SettingsRequest::Action::print_settings;
      ++at;
    } else if (argument.starts_with("--")) {
      if (auto done = read_flag(arguments, at, read); !done) return std::unexpected(done.error());
    } else {
      return std::unexpected(fmt::format("\"{}\" is not understood; see tenured --help", argument));
    }
  }
  return read;
}

// In Kubernetes a service called tenure puts variables such as TENURE_SERVICE_HOST and
// TENURE_PORT_8080_TCP_ADDR into every container beside it. No setting's name ends like theirs.
bool is_of_a_kubernetes_service(const std::string& variable) {
  static const std::regex form(
      "TENURE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|"
      "PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)");
  return std::regex_match(variable, form);
}

Checked read_environment(const std::map<std::string, std::string>& environment, Layers& given) {
  // Read by the command line.
  constexpr std::array<std::string_view, 2> of_the_command_line{"TENURE_URL", "TENURE_TOKEN"};
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with("TENURE_") || variable == variable_name("config")) continue;
    if (std::ranges::find(of_the_command_line, variable) != of_the_command_line.end()) continue;
    const auto found = std::ranges::find(settings_table(), variable,
                                         [](const Setting& setting) { return variable_name(setting.name); });
    if (found != settings_table().end()) {
      given[found->name] = {value, variable};
    } else if (!is_of_a_kubernetes_service(variable)) {
      return std::unexpected(unknown("environment variable", variable, variable_name));
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
      "Each flag is also an environment variable (TENURE_DATA_DIR) and a key of the YAML file (data_dir).\n"
      "Flags beat the environment, the environment beats the file.\n"
      "Durations: 500ms, 30s, 10m, 24h, 30d. Bytes: 4096, 32KiB, 1MiB.\n\n"
      "  --config <file>\n      settings as YAML\n";
  const Settings defaults;
  for (const auto& setting : settings_table()) {
    const auto value = show(defaults, setting);
    text += fmt::format("  --{} <{}>\n      {}{}\n", setting.name, setting.unit, setting.about,
                        value.empty() ? "" : fmt::format(" (default {})", value));
  }
  return text;
}

// Is itself a file that --config takes.
std::string settings_text(const Settings& settings, const Layers& given) {
  std::string text;
  for (const auto& setting : settings_table()) {
    const auto found = given.find(setting.name);
    std::string value;
    json::append_string(value, show(settings, setting));
    text += fmt::format("{}: {}  # {}; {}\n", file_key(setting.name), value, setting.unit,
                        found == given.end() ? "default" : "from " + found->second.source);
  }
  return text;
}

// Nodes share the root key, so none of them may make one.
Checked check_kafka(const Settings& settings) {
  if (settings.kafka_brokers.empty())
    return std::unexpected("--log kafka needs --kafka-brokers, such as 127.0.0.1:9092");
  if (settings.root_key_file.empty()) {
    return std::unexpected(
        "--log kafka needs --root-key-file: every node has to have the same key. Make one with: "
        "(umask 077; head -c 32 /dev/urandom | base64 > root-key)");
  }
  return {};
}

Checked assign_all(Settings& settings, const Layers& given) {
  for (const auto& [name, value] : given) {
    if (auto done = assign(settings, *find_setting(name), value.value); !done) {
      return std::unexpected(fmt::format("{}: \"{}\" {}", value.source, value.value, done.error()));
    }
  }
  if (settings.policy.retry_base > settings.policy.retry_max) {
    return std::unexpected(fmt::format("retry-base ({}) is longer than retry-max ({})",
                                       to_string(settings.policy.retry_base),
                                       to_string(settings.policy.retry_max)));
  }
  if (settings.log == "kafka") return check_kafka(settings);
  return {};
}

}  // namespace

std::string variable_name(std::string_view setting) {
  auto variable = "TENURE_" + file_key(setting);
  std::ranges::transform(variable, variable.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return variable;
}

std::expected<SettingsRequest, std::string> read_settings(
    const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
  auto read = read_arguments(arguments);
  if (!read) return std::unexpected(read.error());
  SettingsRequest request{.action = read->action, .settings = {}, .text = {}};
  if (request.action == SettingsRequest::Action::help) request.text = help_text();
  if (request.action == SettingsRequest::Action::version) {
    request.text = fmt::format("tenured {}\n", TENURE_VERSION);
  }
  if (!request.text.empty()) return request;

  Layers given;
  auto file = read->config_file;
  const auto variable = environment.find(variable_name("config"));
  if (!file && variable != environment.end()) file = variable->second;
  if (file) {
    if (auto done = read_file(*file, given); !done) return std::unexpected(done.error());
  }
  if (auto done = read_environment(environment, given); !done) return std::unexpected(done.error());
  for (auto& [name, value] : read->given) given[name] = std::move(value);
  if (auto done = assign_all(request.settings, given); !done) return std::unexpected(done.error());
  if (request.action == SettingsRequest::Action::print_settings) {
    request.text = settings_text(request.settings, given);
  }
  return request;
}

}  // namespace tenure
