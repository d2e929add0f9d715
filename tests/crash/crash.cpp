// Kills real processes under load, again and again, and keeps a ledger:
//
//   crash [--kills N] [--seed S]             one server on the embedded log
//   crash --kafka [--rounds N] [--seed S]    three servers and three brokers
//
// Several clients rename workspaces and make new ones; each writes down what was acknowledged. At the end
// every acknowledged command must be there, none twice, every operation must have ended, what was seen of
// shared workspaces must be what one register would have answered, and the stores must be what the log folds
// to.
#include <stdlib.h>

#include "tests/crash/ledger.h"
#include "tests/crash/runs.h"
#include "tests/support/arguments.h"

namespace fs = std::filesystem;
using namespace tenure::crash;

int main(int argc, char** argv) {
  bool on_kafka = false;
  std::uint64_t kills = 1'000;
  std::uint64_t rounds = 20;
  std::uint64_t seed = 1;
  CLI::App app("Kills real processes under load and keeps a ledger.");
  app.option_defaults()->always_capture_default();
  app.add_flag("--kafka", on_kafka, "three servers and three brokers, instead of one on the embedded log");
  app.add_option("--kills", kills, "of the server on the embedded log");
  app.add_option("--rounds", rounds, "through every kind of death on Kafka");
  app.add_option("--seed", seed, "of the moments and the load");
  tenure::test::parse_or_exit(app, argc, argv);
  auto pattern = (fs::temp_directory_path() / "tenure-crash-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) die("no temporary directory");
  const fs::path folder(pattern);
  bool good = false;
  try {
    good = on_kafka ? run_kafka(folder, rounds, seed) : run_embedded(folder, kills, seed);
  } catch (const std::exception& error) {
    fmt::print(stderr, "crash: {}\n", error.what());
  }
  if (!good) {
    fmt::print(stderr, "crash: see {}\n", folder.string());
    return 1;
  }
  fs::remove_all(folder);
  return 0;
}
