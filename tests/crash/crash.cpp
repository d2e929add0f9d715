// Kills real processes under load, again and again, and keeps a ledger:
//
//   crash [--kills N] [--seed S]             one server on the embedded log
//   crash --kafka [--rounds N] [--seed S]    three servers and three brokers
//
// Several clients rename workspaces and make new ones; each writes down what was acknowledged. At the end every
// acknowledged command must be there, none twice, every operation must have ended, what was seen of shared workspaces
// must be what one register would have answered, and the stores must be what the log folds to.
#include <stdlib.h>

#include <cstring>

#include "tests/crash/ledger.h"
#include "tests/crash/runs.h"

namespace {

namespace fs = std::filesystem;
using namespace tenure::crash;

bool has(int argc, char** argv, const char* name) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return true;
  }
  return false;
}

std::uint64_t number(int argc, char** argv, const char* name, std::uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::stoull(argv[i + 1]);
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const auto seed = number(argc, argv, "--seed", 1);
  auto pattern = (fs::temp_directory_path() / "tenure-crash-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) die("no temporary directory");
  const fs::path folder(pattern);
  bool good = false;
  try {
    good = has(argc, argv, "--kafka") ? run_kafka(folder, number(argc, argv, "--rounds", 20), seed)
                                      : run_embedded(folder, number(argc, argv, "--kills", 1'000), seed);
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
