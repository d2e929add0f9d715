// The whole system in one thread from a seed: one to three nodes on one unkind log, a provisioner that they
// share, clients that write down what they were told, crashes. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tenure::simulation {

// Runs one seed in `directory`, which it empties. Nothing when all invariants held; otherwise what broke.
[[nodiscard]] std::optional<std::string> run(std::uint64_t seed, const std::filesystem::path& directory);

}  // namespace tenure::simulation
