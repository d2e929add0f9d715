#include "tools/cli/offline.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/settings_table.h"

namespace tenure::cli {
namespace {

void add_flag(CLI::App* command, DataFlags& flags, const std::string& name, std::string_view about) {
  command->add_option("--" + name, flags[name], std::string(about))
      ->envname(variable_name(name))
      ->allow_extra_args(false);
}

void add_settings(CLI::App* command, DataFlags& flags, const std::vector<std::string_view>& names) {
  for (const auto name : names) {
    const auto setting = std::ranges::find(settings_table(), name, &Setting::name);
    add_flag(command, flags, std::string(name), setting->about);
  }
}

}  // namespace

std::shared_ptr<DataFlags> add_data_flags(CLI::App* command) {
  auto flags = std::make_shared<DataFlags>();
  add_settings(command, *flags,
               {"data-dir", "root-key-file", "log", "kafka-brokers", "kafka-topic", "kafka-keys-topic",
                "kafka-config"});
  add_flag(command, *flags, "config", "tenured's settings as YAML");
  return flags;
}

std::shared_ptr<DataFlags> add_directory_flag(CLI::App* command) {
  auto flags = std::make_shared<DataFlags>();
  add_settings(command, *flags, {"data-dir"});
  return flags;
}

std::expected<Settings, std::string> read_flags(const DataFlags& flags) {
  std::vector<std::string> arguments;
  for (const auto& [name, values] : flags) {
    for (const auto& value : values) arguments.push_back(fmt::format("--{}={}", name, value));
  }
  auto read = read_settings(arguments, {});
  if (!read) return std::unexpected(read.error());
  return std::move(read->settings);
}

std::function<Exit()> with_settings(std::shared_ptr<DataFlags> flags, OnSettings run) {
  return [flags = std::move(flags), run = std::move(run)] {
    const auto settings = read_flags(*flags);
    if (!settings) {
      say("tenure: " + settings.error());
      return Exit::usage;
    }
    const auto done = run(*settings);
    if (done) return *done;
    say("tenure: " + done.error());
    return Exit::failed;
  };
}

std::function<Exit()> with_data(std::shared_ptr<DataFlags> flags, OnData run) {
  return with_settings(std::move(flags),
                       [run = std::move(run)](const Settings& settings) -> std::expected<Exit, std::string> {
                         auto data = Data::open(settings);
                         if (!data) return std::unexpected(data.error());
                         return run(*data);
                       });
}

}  // namespace tenure::cli
