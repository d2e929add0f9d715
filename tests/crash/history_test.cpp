#include "tests/crash/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenure::crash {
namespace {

using testing::HasSubstr;
using testing::Optional;
using Kind = Operation::Kind;

Instant at(int millis) { return Instant(std::chrono::milliseconds(millis)); }

Operation wrote(std::uint64_t version, const std::string& value, int asked, int answered,
                std::uint64_t expected = 0) {
  return {Kind::wrote, "w", version, value, expected, at(asked), at(answered)};
}
Operation saw(std::uint64_t version, const std::string& value, int asked, int answered) {
  return {Kind::saw, "w", version, value, 0, at(asked), at(answered)};
}
Operation refused(std::uint64_t version, std::uint64_t expected, int asked, int answered) {
  return {Kind::refused, "w", version, "", expected, at(asked), at(answered)};
}

TEST(History, OfOneClientHolds) {
  EXPECT_EQ(find_violation({wrote(1, "a", 1, 2), saw(1, "a", 3, 4), wrote(2, "b", 5, 6, 1),
                            refused(2, 1, 7, 8), saw(2, "b", 9, 10)}),
            std::nullopt);
}

TEST(History, MayHaveAnyOrderWhereRequestsOverlap) {
  EXPECT_EQ(find_violation({wrote(2, "b", 1, 9), wrote(1, "a", 2, 8), saw(1, "a", 3, 7), saw(2, "b", 4, 6)}),
            std::nullopt);
}

TEST(History, ReadsAnOldValueOnlyUntilTheNewOneIsAnswered) {
  EXPECT_EQ(find_violation({wrote(1, "a", 1, 2), wrote(2, "b", 3, 5), saw(1, "a", 4, 6)}), std::nullopt);
  EXPECT_THAT(find_violation({wrote(1, "a", 1, 2), wrote(2, "b", 3, 4), saw(1, "a", 5, 6)}),
              Optional(HasSubstr("before an earlier version was asked for")));
}

TEST(History, NeverReadsWhatIsNotAskedForYet) {
  EXPECT_THAT(find_violation({saw(1, "a", 1, 2), wrote(1, "a", 3, 4)}), Optional(HasSubstr("before")));
}

TEST(History, DoesNotGoBackBetweenTwoReads) {
  EXPECT_THAT(
      find_violation({wrote(1, "a", 1, 2), wrote(2, "b", 3, 20), saw(2, "b", 4, 5), saw(1, "a", 6, 7)}),
      Optional(HasSubstr("before")));
}

TEST(History, TakesEffectWhileSomebodyWaitsForIt) {
  EXPECT_THAT(find_violation({wrote(1, "a", 1, 2), wrote(3, "c", 3, 4), wrote(2, "b", 5, 6)}),
              Optional(HasSubstr("before")));
}

TEST(History, GivesAVersionToOneWriteOnly) {
  EXPECT_THAT(find_violation({wrote(1, "a", 1, 4), wrote(1, "b", 2, 3)}),
              Optional(HasSubstr("another write")));
}

TEST(History, GivesAVersionOneValue) {
  EXPECT_THAT(find_violation({wrote(1, "a", 1, 2), saw(1, "b", 3, 4)}), Optional(HasSubstr("which is 'a'")));
}

TEST(History, RefusesNoWriteForTheVersionThatIsThere) {
  EXPECT_THAT(find_violation({wrote(1, "a", 1, 2), refused(1, 1, 3, 4)}), Optional(HasSubstr("asked for")));
}

TEST(History, PutsAWriteForAVersionOnTopOfThatVersion) {
  EXPECT_THAT(find_violation({wrote(1, "a", 1, 9), wrote(2, "b", 1, 9), wrote(3, "c", 1, 9, 1)}),
              Optional(HasSubstr("after which there was version 2")));
}

TEST(History, KeepsRegistersApart) {
  auto other = wrote(1, "b", 3, 4);
  other.what = "v";
  EXPECT_EQ(find_violation({wrote(1, "a", 1, 2), other, saw(1, "a", 5, 6)}), std::nullopt);
}

}  // namespace
}  // namespace tenure::crash
