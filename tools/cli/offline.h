// What the commands on a data directory share.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <memory>
#include <string>

#include "tools/cli/commands.h"
#include "tools/cli/data.h"

namespace tenure::cli {

// --data-dir and --root-key-file.
[[nodiscard]] inline std::shared_ptr<DataOptions> add_data_options(CLI::App* command, const std::string& default_directory) {
  auto options = std::make_shared<DataOptions>();
  options->directory = default_directory;
  command->add_option("--data-dir", options->directory, "a data directory, or a copy of one")->envname("TENURE_DATA_DIR");
  command->add_option("--root-key-file", options->root_key_file, "the root key, where it is not in the directory");
  return options;
}

// Opens the data and runs; what is wrong is said on stderr.
[[nodiscard]] inline std::function<Exit()> with_data(std::shared_ptr<DataOptions> options,
                                                     std::function<std::expected<Exit, std::string>(Data&)> run) {
  return [options, run = std::move(run)] {
    auto data = Data::open(*options);
    const auto done = data ? run(*data) : std::expected<Exit, std::string>(std::unexpected(data.error()));
    if (done) return *done;
    say("tenure: " + done.error());
    return Exit::failed;
  };
}

}  // namespace tenure::cli
