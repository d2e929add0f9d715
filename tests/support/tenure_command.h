// The command line, run to its end as a user runs it, in a directory of the test's own.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/tenured_process.h"

namespace tenure::test {

[[nodiscard]] inline Finished run_tenure(std::vector<std::string> arguments,
                                         const std::filesystem::path& directory,
                                         std::chrono::milliseconds bound = std::chrono::seconds(60)) {
  return run(executable("tenure"),
             {.arguments = std::move(arguments), .environment = {}, .directory = directory, .name = "tenure"},
             bound);
}

}  // namespace tenure::test
