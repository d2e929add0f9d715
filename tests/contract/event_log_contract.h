// The one suite that every implementation of EventLog passes. An implementation instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, EventLogContract, testing::Values(LogUnderTest{"embedded", make}));
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/limits.h"
#include "core/log/event_log.h"

namespace tenure {

// One log that can be closed and opened again. Gone with this object.
class LogPlace {
 public:
  virtual ~LogPlace() = default;
  // With `partitions` partitions; keeps what an earlier one has stored.
  [[nodiscard]] virtual std::unique_ptr<EventLog> open(std::uint16_t partitions) = 0;
};

struct LogUnderTest {
  std::string name;
  std::function<std::unique_ptr<LogPlace>()> make;
};
inline std::ostream& operator<<(std::ostream& out, const LogUnderTest& log) { return out << log.name; }

inline AppendResult append_and_wait(EventLog& log, Partition partition, std::string record) {
  std::promise<AppendResult> answered;
  auto result = answered.get_future();
  log.append(partition, std::move(record), [&](const AppendResult& answer) { answered.set_value(answer); });
  return result.get();
}

// Everything from `from` on, in as many reads as it takes.
inline std::vector<std::string> read_all(EventLog& log, Partition partition, Offset from = Offset{0},
                                         std::size_t bytes_max = limits::log_read_bytes) {
  std::vector<std::string> records;
  for (;;) {
    const auto batch = log.read(partition, from, bytes_max);
    if (!batch) throw std::runtime_error(batch.error().message);
    if (batch->empty()) return records;
    for (const LogRecord& record : *batch) {
      if (record.offset != from) throw std::runtime_error("the offsets have a gap");
      records.push_back(*record.bytes);
      from = next(from);
    }
  }
}

class EventLogContract : public testing::TestWithParam<LogUnderTest> {
 protected:
  static constexpr std::uint16_t partitions = 3;
  static constexpr Partition first{1};
  static constexpr Partition second{2};
  static constexpr auto long_enough = std::chrono::seconds(30);

  void SetUp() override {
    place_ = GetParam().make();
    reopen();
  }
  void reopen() {
    log_.reset();
    log_ = place_->open(partitions);
  }

  std::unique_ptr<LogPlace> place_;
  std::unique_ptr<EventLog> log_;
};

TEST_P(EventLogContract, ANewLogIsEmpty) {
  EXPECT_EQ(log_->partitions(), partitions);
  for (std::uint16_t number = 0; number < partitions; ++number) {
    EXPECT_EQ(log_->end(Partition{number}), Offset{0});
    EXPECT_TRUE(read_all(*log_, Partition{number}).empty());
  }
}

TEST_P(EventLogContract, RecordsGetOffsetsFromZeroWithoutGapsInEachPartition) {
  for (std::uint64_t number = 0; number < 5; ++number) {
    for (const Partition partition : {first, second}) {
      const AppendResult result =
          append_and_wait(*log_, partition, fmt::format("{}-{}", to_number(partition), number));
      ASSERT_EQ(result.status, AppendStatus::durable) << result.detail;
      EXPECT_EQ(result.offset, Offset{number});
      EXPECT_EQ(log_->end(partition), Offset{number + 1});
    }
  }
  EXPECT_EQ(read_all(*log_, first), (std::vector<std::string>{"1-0", "1-1", "1-2", "1-3", "1-4"}));
  EXPECT_EQ(read_all(*log_, second, Offset{3}), (std::vector<std::string>{"2-3", "2-4"}));
  EXPECT_TRUE(read_all(*log_, directory_partition).empty());
}

TEST_P(EventLogContract, AnyBytesComeBackAsTheyWere) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::vector<std::string> records{every_byte, "", std::string(1, '\0'), std::string(100'000, '\xff')};
  for (const std::string& record : records) {
    ASSERT_EQ(append_and_wait(*log_, first, record).status, AppendStatus::durable);
  }
  EXPECT_EQ(read_all(*log_, first), records);
  reopen();
  EXPECT_EQ(read_all(*log_, first), records);
}

TEST_P(EventLogContract, TheLargestRecordFitsAndALargerOneFailsWithoutATrace) {
  const std::string largest(limits::log_record_bytes_max, 'x');
  ASSERT_EQ(append_and_wait(*log_, first, largest).status, AppendStatus::durable);
  const AppendResult result = append_and_wait(*log_, first, largest + "x");
  EXPECT_EQ(result.status, AppendStatus::failed);
  EXPECT_FALSE(result.detail.empty());
  const AppendResult after = append_and_wait(*log_, first, "after");
  EXPECT_EQ(after.status, AppendStatus::durable);
  EXPECT_EQ(after.offset, Offset{1});
  EXPECT_EQ(read_all(*log_, first), (std::vector<std::string>{largest, "after"}));
}

TEST_P(EventLogContract, AReadAtOrBehindTheEndIsEmpty) {
  ASSERT_EQ(append_and_wait(*log_, first, "a").status, AppendStatus::durable);
  EXPECT_TRUE(log_->read(first, Offset{1}, 1000)->empty());
  EXPECT_TRUE(log_->read(first, Offset{7}, 1000)->empty());
}

TEST_P(EventLogContract, AReadKeepsItsLimitButGivesAtLeastOneRecord) {
  for (int number = 0; number < 10; ++number) {
    ASSERT_EQ(append_and_wait(*log_, first, std::string(1000, 'x')).status, AppendStatus::durable);
  }
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(log_->read(first, Offset{0}, 1)->size(), 1U);
    EXPECT_EQ(log_->read(first, Offset{2}, 3500)->size(), 3U);
    EXPECT_EQ(log_->read(first, Offset{0}, 1'000'000)->size(), 10U);
    reopen();
  }
}

TEST_P(EventLogContract, ManyCallersEachKeepTheirOrderAndAreAnsweredOnce) {
  constexpr int callers = 16;
  constexpr int each = 500;
  std::atomic<int> answers{0};
  std::atomic<int> wrong{0};
  std::array<std::array<std::atomic<int>, each>, callers> answered{};
  std::array<std::array<std::atomic<std::uint64_t>, each>, callers> offsets{};
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int number = 0; number < each; ++number) {
        log_->append(Partition{static_cast<std::uint16_t>(1 + caller % 2)},
                     fmt::format("{} {}", caller, number), [&, caller, number](const AppendResult& result) {
                       if (result.status != AppendStatus::durable) ++wrong;
                       offsets[caller][number] = to_number(result.offset);
                       ++answered[caller][number];
                       ++answers;
                       answers.notify_one();
                     });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int seen = answers; seen < callers * each; seen = answers) answers.wait(seen);
  EXPECT_EQ(wrong, 0);
  for (int again = 0; again < 2; ++again) {
    const std::vector<std::vector<std::string>> stored{
        {}, read_all(*log_, first), read_all(*log_, second, Offset{0}, 777)};
    EXPECT_EQ(stored[1].size() + stored[2].size(), static_cast<std::size_t>(callers * each));
    for (int caller = 0; caller < callers; ++caller) {
      const auto& partition = stored[1 + caller % 2];
      for (int number = 0; number < each; ++number) {
        ASSERT_EQ(answered[caller][number], 1);
        ASSERT_LT(offsets[caller][number], partition.size());
        ASSERT_EQ(partition[offsets[caller][number]], fmt::format("{} {}", caller, number));
        if (number > 0) {
          ASSERT_GT(offsets[caller][number], offsets[caller][number - 1]);
        }
      }
    }
    reopen();
  }
}

TEST_P(EventLogContract, WhatIsDurableIsReadableWhenItsCallerHearsOfIt) {
  EventLog& log = *log_;
  for (int number = 0; number < 50; ++number) {
    const AppendResult result = append_and_wait(log, first, std::to_string(number));
    ASSERT_GT(log.end(first), result.offset);
    const auto found = log.read(first, result.offset, 10);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(*found->at(0).bytes, std::to_string(number));
  }
}

TEST_P(EventLogContract, AReaderThatFollowsSeesEveryRecordWhileOthersAppend) {
  constexpr std::size_t count = 3000;
  std::thread appending([&] {
    for (std::size_t number = 0; number < count; ++number) log_->append(first, std::to_string(number), {});
  });
  std::size_t read = 0;
  while (read < count) {
    ASSERT_TRUE(log_->wait(first, Offset{read}, long_enough));
    const auto batch = log_->read(first, Offset{read}, 2000);
    ASSERT_TRUE(batch.has_value()) << batch.error().message;
    ASSERT_FALSE(batch->empty());
    for (const LogRecord& record : *batch) ASSERT_EQ(*record.bytes, std::to_string(read++));
  }
  appending.join();
}

TEST_P(EventLogContract, AWaitEndsWithItsTimeOrWithARecord) {
  EXPECT_FALSE(log_->wait(first, Offset{0}, std::chrono::milliseconds(1)));
  std::future<bool> woken =
      std::async(std::launch::async, [&] { return log_->wait(first, Offset{1}, long_enough); });
  ASSERT_EQ(append_and_wait(*log_, first, "a").status, AppendStatus::durable);
  EXPECT_EQ(woken.wait_for(std::chrono::milliseconds(5)), std::future_status::timeout);
  ASSERT_EQ(append_and_wait(*log_, first, "b").status, AppendStatus::durable);
  EXPECT_TRUE(woken.get());
  EXPECT_TRUE(log_->wait(first, Offset{1}, std::chrono::milliseconds(0)));
}

TEST_P(EventLogContract, AWatcherHearsOfEveryAdvanceUntilItIsTakenAway) {
  std::mutex mutex;
  std::condition_variable called;
  int calls = 0;
  Offset seen{0};
  log_->watch([&] {
    const std::lock_guard lock(mutex);
    ++calls;
    seen = log_->end(first);
    called.notify_one();
  });
  constexpr std::uint64_t count = 1000;
  for (std::uint64_t number = 0; number < count; ++number) log_->append(first, "x", {});
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(called.wait_for(lock, long_enough, [&] { return seen == Offset{count}; }));
    EXPECT_GE(calls, 1);
    EXPECT_LE(calls, static_cast<int>(count));
  }
  log_->watch({});
  calls = 0;
  ASSERT_EQ(append_and_wait(*log_, first, "x").status, AppendStatus::durable);
  reopen();
  EXPECT_EQ(calls, 0);
}

TEST_P(EventLogContract, ARestartKeepsEverythingAndGoesOnBehindIt) {
  for (std::uint64_t round = 0; round < 4; ++round) {
    for (std::uint64_t number = 0; number < 50; ++number) {
      const AppendResult result = append_and_wait(*log_, first, fmt::format("{}-{}", round, number));
      ASSERT_EQ(result.offset, Offset{round * 50 + number});
    }
    reopen();
    ASSERT_EQ(log_->end(first), Offset{(round + 1) * 50});
    ASSERT_EQ(read_all(*log_, first).size(), (round + 1) * 50);
  }
}

TEST_P(EventLogContract, ClosingAnswersEveryAppendExactlyOnceAndTruthfully) {
  constexpr std::size_t count = 5000;
  std::vector<std::atomic<int>> answered(count);
  std::vector<AppendResult> results(count);
  for (std::size_t number = 0; number < count; ++number) {
    log_->append(first, std::to_string(number), [&, number](const AppendResult& result) {
      results[number] = result;
      ++answered[number];
    });
  }
  log_.reset();
  for (const auto& times : answered) ASSERT_EQ(times, 1);
  reopen();
  const auto stored = read_all(*log_, first);
  std::size_t durable = 0;
  for (std::size_t number = 0; number < count; ++number) {
    if (results[number].status != AppendStatus::durable) continue;
    ++durable;
    ASSERT_EQ(stored.at(to_number(results[number].offset)), std::to_string(number));
  }
  for (const std::string& record : stored) {
    ASSERT_NE(results[std::stoul(record)].status, AppendStatus::failed);
  }
  EXPECT_LE(durable, stored.size());
}

}  // namespace tenure
