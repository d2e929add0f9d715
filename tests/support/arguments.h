// The flags of the programs that run for as long as one wants: crash and simulate.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace tenure::test {

// Ends the process after --help, and with exit code 2 when a flag is unknown or its value is no number.
inline void parse_or_exit(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
}

}  // namespace tenure::test
