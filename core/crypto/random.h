// Randomness as a parameter, so that a run can be repeated from a seed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tenure {

// Threads: implementations say; SystemRandom may be used from any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;

  [[nodiscard]] std::uint64_t next_u64();
  // Uniform in [0, bound); bound > 0. Without modulo bias.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

// The operating system's generator, through OpenSSL.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

// Repeatable and NOT secret: simulation and tests only. One thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override;

 private:
  std::uint64_t state_;
};

}  // namespace tenure
