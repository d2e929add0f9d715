// The log of a node whose broker stands still: it neither answers nor goes away.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <set>

#include "core/log/kafka_log.h"
#include "core/log/kafka_topics.h"
#include "tests/support/kafka_cluster.h"

namespace tenure {
namespace {

using namespace std::chrono_literals;
using test::until_there;
using Clock = std::chrono::steady_clock;

constexpr Partition partition{0};
constexpr std::size_t all_bytes = 64U << 20U;

Clock::duration processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

class StandingBroker : public testing::Test {
 protected:
  void open(std::chrono::milliseconds append_timeout) {
    options_.append_timeout = append_timeout;
    (void)until_there(
        [&] { return kafka::check_topics(options_, {kafka::log_topic(options_, 1)}, true, 5s); });
    log_ = until_there([&] { return open_kafka_log({options_, {Offset{0}}}, 5s); });
  }
  std::future<AppendResult> append(const std::string& record) {
    auto answer = std::make_shared<std::promise<AppendResult>>();
    log_->append(partition, record, [answer](const AppendResult& result) { answer->set_value(result); });
    return answer->get_future();
  }
  // Never two requests under way, so that all but those of the first wait for it.
  std::vector<std::future<AppendResult>> append_without_a_pause(std::chrono::milliseconds time) {
    std::vector<std::future<AppendResult>> answers;
    for (const auto end = Clock::now() + time; Clock::now() < end; std::this_thread::sleep_for(1ms)) {
      for (int times = 0; times < 10; ++times) answers.push_back(append(std::to_string(answers.size())));
    }
    return answers;
  }

  test::KafkaCluster kafka_{1};
  KafkaOptions options_ = test::own_topics(kafka_.bootstrap());
  std::unique_ptr<EventLog> log_;
};

TEST_F(StandingBroker, HasEveryAppendAnsweredAndNoneThatFailedInTheLog) {
  open(500ms);
  ASSERT_EQ(append("before").get().status, AppendStatus::durable);
  kafka_.pause(1);
  auto answers = append_without_a_pause(300ms);
  std::set<std::string> failed;
  for (std::size_t number = 0; number < answers.size(); ++number) {
    ASSERT_EQ(answers[number].wait_for(10s), std::future_status::ready) << number;
    const auto result = answers[number].get();
    EXPECT_NE(result.status, AppendStatus::durable);
    EXPECT_NE(result.detail, "");
    if (result.status == AppendStatus::failed) failed.insert(std::to_string(number));
  }
  EXPECT_GT(failed.size(), answers.size() / 2) << "of those that waited";
  kafka_.resume(1);
  while (append("after").get().status != AppendStatus::durable) {
  }
  std::set<std::string> read;
  for (Offset from{0}; from < log_->end(partition);) {
    const auto records = log_->read(partition, from, all_bytes);
    ASSERT_TRUE(records) << records.error().message;
    for (const auto& record : *records) {
      read.insert(*record.bytes);
      from = next(record.offset);
    }
  }
  EXPECT_TRUE(read.contains("before"));
  EXPECT_TRUE(read.contains("after"));
  for (const auto& record : failed) EXPECT_FALSE(read.contains(record)) << record;
}

// A batch that is handed over while this process is held up may be torn in two, and its second part cost that
// time once: three attempts.
TEST_F(StandingBroker, CostsNoProcessorTime) {
  open(30s);
  std::vector<Clock::duration> costs;
  for (int attempt = 0; attempt < 3; ++attempt) {
    (void)append_without_a_pause(300ms);
    kafka_.pause(1);
    auto answers = append_without_a_pause(100ms);
    const auto before = processor_time();
    EXPECT_EQ(answers.back().wait_for(1s), std::future_status::timeout);
    costs.push_back(processor_time() - before);
    kafka_.resume(1);
    for (auto& answer : answers) EXPECT_EQ(answer.get().status, AppendStatus::durable);
    if (costs.back() < 300ms) return;
  }
  ADD_FAILURE() << testing::PrintToString(costs) << " of a second each";
}

}  // namespace
}  // namespace tenure
