// The flags of the programs that run for as long as one wants: crash and simulate.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace tenure::test {

// Ends the process after --help, and with exit code 2 when a flag is unknown or its value is no number.
class Arguments {
 public:
  explicit Arguments(const std::string& description) : app_(description) {}

  Arguments& flag(const std::string& name, bool& value, const std::string& description) {
    app_.add_flag(name, value, description);
    return *this;
  }
  Arguments& number(const std::string& name, std::uint64_t& value, const std::string& description) {
    app_.add_option(name, value, description)->capture_default_str();
    return *this;
  }
  void parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      std::exit(app_.exit(error) == 0 ? 0 : 2);
    }
  }

 private:
  CLI::App app_;
};

}  // namespace tenure::test
