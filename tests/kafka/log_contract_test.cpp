// The contract of the log, on a real broker.
#include <unistd.h>

#include "core/log/kafka_log.h"
#include "core/log/kafka_topics.h"
#include "tests/contract/event_log_contract.h"

namespace tenure {
namespace {

using namespace std::chrono_literals;

// Repeats what may pass.
template <class Attempt>
auto until_there(Attempt attempt) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (true) {
    auto result = attempt();
    if (result) return std::move(*result);
    if (!result.error().may_pass || std::chrono::steady_clock::now() > end) throw std::runtime_error(result.error().message);
    std::this_thread::sleep_for(20ms);
  }
}

class KafkaPlace final : public LogPlace {
 public:
  KafkaPlace() {
    static int made = 0;
    options_.brokers = std::getenv("TENURE_TEST_KAFKA");
    options_.topic = fmt::format("contract.{}.{}", ::getpid(), ++made);
  }

  std::unique_ptr<EventLog> open(std::uint16_t partitions) override {
    until_there([&] { return kafka::check_topics(options_, {kafka::log_topic(options_, partitions)}, true, 5s); });
    auto log = until_there(
        [&] { return open_kafka_log({options_, std::vector<Offset>(partitions, Offset{0})}, 5s); });
    return log;
  }

 private:
  KafkaOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Kafka, EventLogContract,
                         testing::Values(LogUnderTest{"kafka", [] { return std::make_unique<KafkaPlace>(); }}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace tenure
