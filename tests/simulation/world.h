// The whole system in one thread from a seed: a clock, the unkind log and provisioner, clients that write down what they
// were told, crashes. The same seed gives the same run.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/key_store.h"
#include "sagas/engine.h"
#include "tests/simulation/simulated_log.h"
#include "tests/simulation/simulated_provisioner.h"

namespace tenure::simulation {

// Runs one seed in `directory`, which must be empty. Nothing when all invariants held; otherwise what broke.
[[nodiscard]] std::optional<std::string> run(std::uint64_t seed, const std::filesystem::path& directory);

class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Timestamp time) { now_ = time; }

 private:
  Timestamp now_ = from_unix_millis(1'700'000'000'000);
};

}  // namespace tenure::simulation
