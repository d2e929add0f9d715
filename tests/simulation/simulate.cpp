// Runs seeds of the simulation: simulate [--seeds N] [--first SEED]. Prints a failing seed, which repeats
// exactly.
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>

#include "tests/simulation/world.h"
#include "tests/support/arguments.h"

int main(int argc, char** argv) {
  std::uint64_t seeds = 1000;
  std::uint64_t first = 1;
  CLI::App app("Runs seeds of the simulation; prints a failing one, which repeats exactly.");
  app.option_defaults()->always_capture_default();
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--first", first, "the first of them");
  tenure::test::parse_or_exit(app, argc, argv);
  // In memory where possible: the simulation crashes processes, not disks.
  const auto root = std::filesystem::exists("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                        : std::filesystem::temp_directory_path();
  const auto directory = root / fmt::format("tenure-simulation-{}", ::getpid());
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  for (auto seed = first; seed < first + seeds; ++seed) {
    if (const auto broken = tenure::simulation::run(seed, directory)) {
      fmt::print("seed {}: {}\n  repeat with: tools/dev simulate --first {} --seeds 1\n", seed, *broken,
                 seed);
      ++failed;
      if (failed == 5) break;
    }
  }
  std::filesystem::remove_all(directory);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("{} seeds from {}, {} failed, {:.1f} s\n", seeds, first, failed, seconds);
  return failed == 0 ? 0 : 1;
}
