#include "core/crypto/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tenure {
namespace {

constexpr auto u64_max = std::numeric_limits<std::uint64_t>::max();

// Gives out whole numbers that it is told.
class GivenNumbers final : public Random {
 public:
  explicit GivenNumbers(std::deque<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}
  void fill(std::span<std::uint8_t> bytes) override {
    ASSERT_EQ(bytes.size(), sizeof(std::uint64_t));
    ASSERT_FALSE(numbers_.empty());
    const auto number = numbers_.front();
    numbers_.pop_front();
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&number), sizeof(number), bytes.begin());
  }

 private:
  std::deque<std::uint64_t> numbers_;
};

std::string taken(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

RC_GTEST_PROP(RandomBelow, StaysBelowItsBound, (std::uint64_t seed)) {
  SeededRandom random(seed);
  const auto bound = *rc::gen::inRange<std::uint64_t>(1, u64_max);
  RC_ASSERT(random.below(bound) < bound);
  RC_ASSERT(random.below(1) == 0);
}
// 2^64 leaves 1 modulo 3, so one of the numbers would make one remainder likelier.
TEST(RandomBelow, DrawsAgainWhereANumberWouldMakeOneValueLikelier) {
  EXPECT_EQ(GivenNumbers({0, 5}).below(3), 2U);
  EXPECT_EQ(GivenNumbers({1}).below(3), 1U);
  EXPECT_EQ(GivenNumbers({u64_max}).below(3), 0U);
  EXPECT_EQ(GivenNumbers({0}).below(4), 0U);
}
TEST(RandomBelow, ReachesEveryValue) {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000 && seen.size() < 62; ++i) seen.insert(random.below(62));
  EXPECT_EQ(seen.size(), 62U);
}

TEST(SystemRandom, GivesNothingTwiceWhateverIsAskedFor) {
  SystemRandom random;
  std::set<std::string> seen;
  int asked = 0;
  for (const std::size_t size : {16, 12, 31, 500, 512, 513, 4096, 16, 300, 300}) {
    for (int i = 0; i < 100; ++i, ++asked) seen.insert(taken(random, size).substr(0, 12));
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(asked));
  EXPECT_EQ(taken(random, 0), "");
}
TEST(SystemRandom, GivesEveryThreadItsOwn) {
  SystemRandom random;
  std::mutex mutex;
  std::set<std::string> seen;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        auto bytes = taken(random, 12);
        const std::lock_guard lock(mutex);
        seen.insert(std::move(bytes));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), 4000U);
}

// The first outputs of SplitMix64 from the seed 1234567 in its authors' reference code.
TEST(SeededRandom, IsSplitMix64) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.next_u64(), 6457827717110365317U);
  EXPECT_EQ(random.next_u64(), 3203168211198807973U);
  EXPECT_EQ(random.next_u64(), 9817491932198370423U);
}
TEST(SeededRandom, RepeatsItselfFromTheSameSeedOnly) {
  SeededRandom one(7);
  SeededRandom same(7);
  SeededRandom other(8);
  const auto bytes = taken(one, 100);
  EXPECT_EQ(taken(same, 100), bytes);
  EXPECT_NE(taken(other, 100), bytes);
}

}  // namespace
}  // namespace tenure
