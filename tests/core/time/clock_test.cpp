#include "core/time/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tenure {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t minutes_of_year_9999 = 4'223'371'680;  // from 1970 to the end of it

std::string utc(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? to_rfc3339(*time) : "refused";
}

TEST(Rfc3339, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(from_unix_millis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(from_unix_millis(1'769'850'300'123)), "2026-01-31T09:05:00.123Z");
  EXPECT_EQ(to_rfc3339(from_unix_millis(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(from_unix_millis(951'782'400'000)), "2000-02-29T00:00:00.000Z");
}
// The examples of RFC 3339, 5.8.
TEST(Rfc3339, TakesTheExamplesOfTheRfc) {
  EXPECT_EQ(utc("1985-04-12T23:20:50.52Z"), "1985-04-12T23:20:50.520Z");
  EXPECT_EQ(utc("1996-12-19T16:39:57-08:00"), "1996-12-20T00:39:57.000Z");
  EXPECT_EQ(utc("1990-12-31T23:59:60Z"), "1991-01-01T00:00:00.000Z");
  EXPECT_EQ(utc("1990-12-31T15:59:60-08:00"), "1991-01-01T00:00:00.000Z");
  EXPECT_EQ(utc("1937-01-01T12:00:27.87+00:20"), "1937-01-01T11:40:27.870Z");
}
TEST(Rfc3339, TakesWhatTheGrammarAllowsBesideTheUsualForm) {
  EXPECT_EQ(utc("2026-01-31t09:05:00z"), "2026-01-31T09:05:00.000Z");
  EXPECT_EQ(utc("2026-01-31 09:05:00Z"), "2026-01-31T09:05:00.000Z");
  EXPECT_EQ(utc("2026-01-31T09:05:00-00:00"), "2026-01-31T09:05:00.000Z");
  EXPECT_EQ(utc("2026-01-31T09:05:00+23:59"), "2026-01-30T09:06:00.000Z");
}
TEST(Rfc3339, CutsAFractionToMilliseconds) {
  EXPECT_EQ(utc("2026-01-31T09:05:00.1Z"), "2026-01-31T09:05:00.100Z");
  EXPECT_EQ(utc("2026-01-31T09:05:00.123999999Z"), "2026-01-31T09:05:00.123Z");
  EXPECT_EQ(utc("2026-01-31T09:05:00.1234567890Z"), "refused");
}
TEST(Rfc3339, RefusesDaysAndTimesThatDoNotExist) {
  for (const auto* text :
       {"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60"}) {
    EXPECT_EQ(utc(text), "refused") << text;
  }
  EXPECT_EQ(utc("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(utc("2000-02-29T00:00:00Z"), "2000-02-29T00:00:00.000Z");
}
TEST(Rfc3339, TakesALeapSecondOnlyAtTheEndOfADayInUtc) {
  EXPECT_EQ(utc("2016-12-31T23:59:60.500Z"), "2017-01-01T00:00:00.500Z");
  EXPECT_EQ(utc("2016-12-31T12:59:60Z"), "refused");
  EXPECT_EQ(utc("2016-12-31T23:59:60+01:00"), "refused");
}
TEST(Rfc3339, RefusesOtherForms) {
  for (const auto* text :
       {"", "2026-01-31", "2026-01-31T09:05Z", "2026-01-31T09:05:00", "2026-01-31T09:05:00.Z",
        "2026-01-31T09:05:00,5Z", "2026-1-31T09:05:00Z", "26-01-31T09:05:00Z", "20260131T090500Z",
        "2026-01-31T09:05:00+0100", "2026-01-31T09:05:00+01", "2026-01-31T09:05:00ZZ",
        " 2026-01-31T09:05:00Z", "2026-01-31T09:05:00Z ", "2026-01-31T09:05:00UTC", "+026-01-31T09:05:00Z",
        "-026-01-31T09:05:00Z", "2026-W05-6T09:05:00Z", "1769850300"}) {
    EXPECT_EQ(utc(text), "refused") << text;
  }
}
TEST(Rfc3339, RefusesATimeWhoseUtcYearHasNotFourDigits) {
  EXPECT_EQ(utc("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(utc("9999-12-31T23:59:59-00:01"), "refused");
  EXPECT_EQ(utc("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(utc("0000-01-01T00:00:00+00:01"), "refused");
}
RC_GTEST_PROP(Rfc3339, ReadsBackAsItWasWritten, ()) {
  const auto time =
      from_unix_millis(*rc::gen::inRange<std::int64_t>(-60'000'000'000'000, minutes_of_year_9999 * 60'000));
  RC_ASSERT((parse_rfc3339(to_rfc3339(time)) == time));
}

TEST(UnixTime, CountsSecondsDownwards) {
  EXPECT_EQ(to_unix_seconds(from_unix_millis(1'999)), 1);
  EXPECT_EQ(to_unix_seconds(from_unix_millis(-1)), -1);
  EXPECT_EQ(to_unix_millis(from_unix_millis(-1)), -1);
}
TEST(SystemClock, IsTheTimeOfTheMachine) {
  const auto before = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto now = SystemClock().now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(DurationText, IsANumberWithAUnit) {
  EXPECT_EQ(parse_duration("500ms"), Duration(500ms));
  EXPECT_EQ(parse_duration("30s"), Duration(30s));
  EXPECT_EQ(parse_duration("10m"), Duration(10min));
  EXPECT_EQ(parse_duration("24h"), Duration(24h));
  EXPECT_EQ(parse_duration("30d"), Duration(720h));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
}
TEST(DurationText, RefusesOtherForms) {
  for (const auto* text : {"", "0", "30", "s", "-1s", "-0s", "+1s", " 1s", "1 s", "1s ", "1.5s", "1S", "1w",
                           "1m30s", "1e3s", "0x1s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}
TEST(DurationText, RefusesWhatIsTooLong) {
  EXPECT_FALSE(parse_duration("106751991168d"));
  EXPECT_EQ(parse_duration("99999999999999999999s").error(), "is too long");
  EXPECT_TRUE(parse_duration("106751991167d"));
}
TEST(DurationText, IsWrittenInTheLargestUnitThatFits) {
  EXPECT_EQ(to_string(Duration(0)), "0s");
  EXPECT_EQ(to_string(1'500ms), "1500ms");
  EXPECT_EQ(to_string(90s), "90s");
  EXPECT_EQ(to_string(24h), "1d");
  EXPECT_EQ(to_string(36h), "36h");
}
RC_GTEST_PROP(DurationText, ReadsBackAsItWasWritten, ()) {
  const Duration duration(*rc::gen::inRange<std::int64_t>(0, INT64_MAX));
  RC_ASSERT((parse_duration(to_string(duration)) == duration));
}

}  // namespace
}  // namespace tenure
