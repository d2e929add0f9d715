// The two kinds of run. Each prints what it saw and gives whether all was well; what went wrong leaves its
// folder.
#pragma once

#include <cstdint>
#include <filesystem>

namespace tenure::crash {

// One server on the embedded log, killed with SIGKILL at random moments.
[[nodiscard]] bool run_embedded(const std::filesystem::path& folder, std::uint64_t kills, std::uint64_t seed);

// Three servers and three brokers, each round with every kind of death that this may meet.
[[nodiscard]] bool run_kafka(const std::filesystem::path& folder, std::uint64_t rounds, std::uint64_t seed);

}  // namespace tenure::crash
