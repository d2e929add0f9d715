#include "api/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

#include "core/json/json.h"

namespace tenure {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::IsEmpty;

// What `action` writes to stderr. Little enough for the pipe's buffer.
std::string stderr_of(const std::function<void()>& action) {
  std::array<int, 2> ends{};
  const int kept = ::dup(STDERR_FILENO);
  if (kept < 0 || ::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  std::fflush(stderr);
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  action();
  std::fflush(stderr);
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t count = 0; (count = ::read(ends[0], part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(count));
  ::close(ends[0]);
  return text;
}

TEST(Log, a_text_entry_is_one_line_of_time_level_message_and_fields) {
  log::configure(log::Format::text, log::Level::info);
  const auto text = stderr_of([] { log::info("stopping", {{"signal", "15"}, {"by", "an \"operator\""}}); });
  EXPECT_THAT(text,
              ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info "));
  EXPECT_THAT(text, EndsWith(" info stopping signal=\"15\" by=\"an \\\"operator\\\"\"\n"));
}

TEST(Log, a_json_entry_is_one_object_a_line_whatever_the_values_hold) {
  log::configure(log::Format::json, log::Level::info);
  const std::string hostile = "a\nb\"c\\d\x01{}%v";
  const auto text = stderr_of([&] { log::warning("slow " + hostile, {{"path", hostile}}); });
  ASSERT_THAT(text, EndsWith("\n"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto entry = json::parse(text.substr(0, text.size() - 1), 4);
  ASSERT_TRUE(entry) << text;
  const auto& object = entry->as_object();
  EXPECT_EQ(object.at("level").as_string(), "warning");
  EXPECT_EQ(object.at("msg").as_string(), "slow " + hostile);
  EXPECT_EQ(object.at("path").as_string(), hostile);
  EXPECT_EQ(object.at("ts").as_string().size(), std::string_view("2026-01-31T09:05:00.123Z").size());
}

TEST(Log, a_line_break_in_a_message_does_not_begin_another_entry) {
  log::configure(log::Format::text, log::Level::info);
  EXPECT_THAT(stderr_of([] { log::error("cannot open a\nb"); }), EndsWith("Z error cannot open a b\n"));
}

TEST(Log, bytes_that_are_not_utf_8_are_masked) {
  log::configure(log::Format::json, log::Level::info);
  EXPECT_THAT(stderr_of([] { log::info("m", {{"v", "\xc3\xa4"}}); }), EndsWith("\"v\":\"\xc3\xa4\"}\n"));
  EXPECT_THAT(stderr_of([] { log::info("m", {{"v", "a\xff"}}); }), EndsWith("\"v\":\"a?\"}\n"));
}

TEST(Log, the_format_can_be_chosen_again) {
  log::configure(log::Format::json, log::Level::info);
  log::configure(log::Format::text, log::Level::info);
  EXPECT_THAT(stderr_of([] { log::error("broken"); }), EndsWith("Z error broken\n"));
}

TEST(Log, entries_below_the_least_level_are_left_out) {
  log::configure(log::Format::text, log::Level::warning);
  EXPECT_THAT(stderr_of([] {
                log::debug("d");
                log::info("i");
              }),
              IsEmpty());
  EXPECT_THAT(stderr_of([] { log::warning("w"); }), EndsWith("w\n"));
  log::configure(log::Format::text, log::Level::error);
  EXPECT_THAT(stderr_of([] { log::warning("w"); }), IsEmpty());
  log::configure(log::Format::text, log::Level::debug);
  EXPECT_THAT(stderr_of([] { log::debug("d"); }), EndsWith(" debug d\n"));
}

}  // namespace
}  // namespace tenure
