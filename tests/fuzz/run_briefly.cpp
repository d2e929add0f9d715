// A fuzz target for a moment: its seeds as they are, and then changed at random, always in the same way.
//
//   NAME_fuzz_briefly RUNS FOLDER_OF_SEEDS...
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

using Random = std::mt19937_64;

constexpr std::size_t changes_max = 8;
constexpr std::size_t bytes_max = 4096;
// Where texts are taken apart.
constexpr std::string_view telling = "\r\n :/?#%&=,;.-_@\"'{}[]\\\t+*0129azAZ\x00\x7f\x80\xc3\xff";

std::size_t below(std::size_t bound, Random& random) { return bound == 0 ? 0 : random() % bound; }

void change(std::string& bytes, const std::vector<std::string>& seeds, Random& random) {
  const auto at = below(bytes.size() + 1, random);
  switch (random() % 5) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
      return;
    case 1:
      bytes.insert(at, 1, telling[below(telling.size(), random)]);
      return;
    case 2:
      bytes.erase(at, 1 + below(8, random));
      return;
    case 3:
      bytes.insert(at, bytes.substr(below(bytes.size() + 1, random), below(32, random)));
      return;
    default: {
      const auto& other = seeds[below(seeds.size(), random)];
      bytes.replace(at, std::string::npos, other.substr(below(other.size() + 1, random)));
    }
  }
}

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> texts;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: " << argv[0] << " RUNS FOLDER_OF_SEEDS...\n";
    return 2;
  }
  std::vector<std::string> seeds;
  for (int i = 2; i < argc; ++i) std::ranges::move(files_in(argv[i]), std::back_inserter(seeds));
  if (seeds.empty()) {
    std::cerr << "no seeds\n";
    return 2;
  }
  for (const auto& seed : seeds) run(seed);
  Random random(1);
  for (auto runs = std::stoull(argv[1]); runs > 0; --runs) {
    auto bytes = seeds[below(seeds.size(), random)];
    for (auto changes = 1 + below(changes_max, random); changes > 0; --changes) change(bytes, seeds, random);
    bytes.resize(std::min(bytes.size(), bytes_max));
    run(bytes);
  }
  return 0;
}
