// Real Apache Kafka brokers for a test, started by tools/kafka/kafka.py and ended with this object, or with
// the process.
//
// Threads: one object, one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/log/kafka_options.h"

namespace tenure::test {

class KafkaCluster {
 public:
  // The same with TLS and SASL PLAIN, and what a client needs for it.
  struct Secure {
    std::string bootstrap;
    std::string user, password_file;
    std::string ca;  // a PEM file
  };

  // One or three; returns once all of them answer. Throws std::runtime_error.
  explicit KafkaCluster(int brokers, bool secure = false);
  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  // "127.0.0.1:40001,127.0.0.1:40002"
  [[nodiscard]] const std::string& bootstrap() const { return bootstrap_; }
  // Of one that was started secure.
  [[nodiscard]] const Secure& secure() const { return secure_.value(); }

  // Of a broker, numbered from 1: SIGKILL, SIGSTOP, SIGCONT, and again on the same port and data.
  void kill(int broker) { obey("kill", broker); }
  void pause(int broker) { obey("pause", broker); }
  void resume(int broker) { obey("resume", broker); }
  void start(int broker) { obey("start", broker); }

 private:
  void obey(const std::string& verb, int broker);
  [[nodiscard]] std::string read_line();

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  std::string received_;
  std::string bootstrap_;
  std::optional<Secure> secure_;
};

// The one broker that all tests of a run share: that of the test runner, or else one of this process.
struct SharedKafka {
  std::string bootstrap;
  KafkaCluster::Secure secure;
};
[[nodiscard]] const SharedKafka& shared_kafka();

// Topics of a test's own on it, which do not exist yet.
[[nodiscard]] KafkaOptions own_topics(const std::string& bootstrap = shared_kafka().bootstrap);

// Repeats what may pass: an `attempt` that gives an expected whose error says so.
template <class Attempt>
auto until_there(Attempt attempt) -> typename decltype(attempt())::value_type {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (true) {
    auto result = attempt();
    if (result) return std::move(*result);
    if (!result.error().may_pass || std::chrono::steady_clock::now() > end)
      throw std::runtime_error(result.error().message);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// The flags of a tenured that keeps its log in these topics. The root key is made in `directory` if it is not
// there.
[[nodiscard]] std::vector<std::string> kafka_flags(const KafkaOptions& topics, const std::string& directory);
// Those of them that tenure takes.
[[nodiscard]] std::vector<std::string> kafka_tool_flags(const KafkaOptions& topics,
                                                        const std::string& directory);

}  // namespace tenure::test
