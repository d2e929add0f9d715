// The contract of the log, on a real broker.
#include "core/log/kafka_log.h"
#include "core/log/kafka_topics.h"
#include "tests/contract/event_log_contract.h"
#include "tests/support/kafka_cluster.h"

namespace tenure {
namespace {

using namespace std::chrono_literals;
using test::until_there;

class KafkaPlace final : public LogPlace {
 public:
  std::unique_ptr<EventLog> open(std::uint16_t partitions) override {
    (void)until_there(
        [&] { return kafka::check_topics(options_, {kafka::log_topic(options_, partitions)}, true, 5s); });
    return until_there([&] { return open_kafka_log({options_, std::vector<Offset>(partitions)}, 5s); });
  }

 private:
  const KafkaOptions options_ = test::own_topics();
};

INSTANTIATE_TEST_SUITE_P(Kafka, EventLogContract,
                         testing::Values(LogUnderTest{"kafka",
                                                      [] { return std::make_unique<KafkaPlace>(); }}),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace tenure
