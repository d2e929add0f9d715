// The flags of the programs that run for as long as one wants: crash and simulate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tenure::test {

class Arguments {
 public:
  Arguments(int argc, char** argv) : argc_(argc), argv_(argv) {}

  [[nodiscard]] bool has(std::string_view flag) const { return find(flag) > 0; }
  [[nodiscard]] std::uint64_t number(std::string_view flag, std::uint64_t otherwise) const {
    const int at = find(flag);
    return at > 0 && at + 1 < argc_ ? std::stoull(argv_[at + 1]) : otherwise;
  }

 private:
  [[nodiscard]] int find(std::string_view flag) const {
    for (int i = 1; i < argc_; ++i) {
      if (argv_[i] == flag) return i;
    }
    return 0;
  }

  int argc_;
  char** argv_;
};

}  // namespace tenure::test
