#include "core/crypto/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace tenure {

std::uint64_t Random::next_u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // The values below `skew` would make the first ones likelier.
  const auto skew = (0 - bound) % bound;
  auto value = next_u64();
  while (value < skew) value = next_u64();
  return value % bound;
}

namespace {

// Most wishes are for a few bytes, and each call of the generator costs as much as hundreds: each thread
// keeps some in stock. What was given out is wiped.
struct Stock {
  std::array<std::uint8_t, 512> bytes;
  std::size_t used = sizeof(bytes);
};

void generate(std::span<std::uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("the operating system gives no randomness");
  }
}

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  thread_local Stock stock;
  if (bytes.size() > stock.bytes.size()) return generate(bytes);
  if (stock.bytes.size() - stock.used < bytes.size()) {
    generate(stock.bytes);
    stock.used = 0;
  }
  const auto given = std::span(stock.bytes).subspan(stock.used, bytes.size());
  std::ranges::copy(given, bytes.begin());
  OPENSSL_cleanse(given.data(), given.size());
  stock.used += bytes.size();
}

// SplitMix64 (Steele, Lea, Flood 2014).
void SeededRandom::fill(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    state_ += 0x9e3779b97f4a7c15ULL;
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    mixed ^= mixed >> 31U;
    const auto count = std::min<std::size_t>(bytes.size(), sizeof(mixed));
    std::memcpy(bytes.data(), &mixed, count);
    bytes = bytes.subspan(count);
  }
}

}  // namespace tenure
