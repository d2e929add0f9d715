// What the commands on a data directory share.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/cli/commands.h"
#include "tools/cli/data.h"

namespace tenure::cli {

// Those of tenured's flags that say where its data is, as they were given here or in the environment.
using DataFlags = std::map<std::string, std::vector<std::string>>;

[[nodiscard]] std::shared_ptr<DataFlags> add_data_flags(CLI::App* command);
// --data-dir alone, for a command that asks no log.
[[nodiscard]] std::shared_ptr<DataFlags> add_directory_flag(CLI::App* command);

// Read as tenured reads them.
[[nodiscard]] std::expected<Settings, std::string> read_flags(const DataFlags& flags);

using OnSettings = std::function<std::expected<Exit, std::string>(const Settings&)>;
using OnData = std::function<std::expected<Exit, std::string>(Data&)>;
// What is wrong is said on stderr.
[[nodiscard]] std::function<Exit()> with_settings(std::shared_ptr<DataFlags> flags, OnSettings run);
// Opens the data and runs.
[[nodiscard]] std::function<Exit()> with_data(std::shared_ptr<DataFlags> flags, OnData run);

}  // namespace tenure::cli
