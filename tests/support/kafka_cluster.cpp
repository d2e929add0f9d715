#include "tests/support/kafka_cluster.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "core/crypto/key_store.h"
#include "core/json/json.h"

namespace tenure::test {
namespace {

namespace fs = std::filesystem;

const char* script() { return TENURE_SOURCE_DIR "/tools/kafka/kafka.py"; }

std::string text_of(const json::Value& object, const char* name) {
  return std::string(object.at(name).as_string());
}

KafkaCluster::Secure secure_of(const json::Value& about) {
  const auto& secure = about.at("secure");
  return {.bootstrap = text_of(secure, "bootstrap"),
          .user = text_of(secure, "user"),
          .password_file = text_of(secure, "password_file"),
          .ca = text_of(secure, "ca")};
}

// What the runner's fixture started (tests/CMakeLists.txt).
std::optional<SharedKafka> kafka_of_the_runner() {
  const auto* file = std::getenv("TENURE_KAFKA_STATE");
  if (file == nullptr) return std::nullopt;
  std::ifstream stream(file);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  const auto state = json::parse(text);
  if (!state) return std::nullopt;
  // A run that was killed leaves its file behind.
  const auto pid = static_cast<pid_t>(state->at("pid").as_int64());
  if (::kill(pid, 0) != 0) return std::nullopt;
  return SharedKafka{text_of(*state, "bootstrap"), secure_of(*state)};
}

}  // namespace

KafkaCluster::KafkaCluster(int brokers, bool secure) {
  int to[2];
  int from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipes for Kafka");
  const auto count = std::to_string(brokers);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(to[0], STDIN_FILENO);
    ::dup2(from[1], STDOUT_FILENO);
    ::execlp("python3", "python3", script(), "run", "--brokers", count.c_str(), secure ? "--secure" : nullptr,
             nullptr);
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  to_ = to[1];
  from_ = from[0];
  const auto about = json::parse(read_line()).value();
  bootstrap_ = text_of(about, "bootstrap");
  if (secure) secure_ = secure_of(about);
}

KafkaCluster::~KafkaCluster() {
  ::close(to_);
  ::close(from_);
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

void KafkaCluster::obey(const std::string& verb, int broker) {
  const auto line = verb + " " + std::to_string(broker) + "\n";
  if (::write(to_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("Kafka's keeper is gone");
  if (const auto answer = read_line(); answer != "ok") throw std::runtime_error(verb + ": " + answer);
}

std::string KafkaCluster::read_line() {
  while (received_.find('\n') == std::string::npos) {
    char bytes[4096];
    const auto count = ::read(from_, bytes, sizeof bytes);
    if (count <= 0) throw std::runtime_error("Kafka did not start; see above");
    received_.append(bytes, static_cast<std::size_t>(count));
  }
  auto line = received_.substr(0, received_.find('\n'));
  received_.erase(0, line.size() + 1);
  return line;
}

const SharedKafka& shared_kafka() {
  static std::unique_ptr<KafkaCluster> own;
  static const SharedKafka shared = [] {
    if (const auto running = kafka_of_the_runner()) return *running;
    own = std::make_unique<KafkaCluster>(1, true);
    return SharedKafka{own->bootstrap(), own->secure()};
  }();
  return shared;
}

KafkaOptions own_topics(const std::string& bootstrap) {
  static std::atomic<int> made{0};
  const auto name = "test." + std::to_string(::getpid()) + "." + std::to_string(++made);
  KafkaOptions options;
  options.brokers = bootstrap;
  options.topic = name + ".log";
  options.keys_topic = name + ".keys";
  options.events_topic = name + ".events";
  return options;
}

std::vector<std::string> kafka_tool_flags(const KafkaOptions& topics, const std::string& directory) {
  const auto root_key = fs::path(directory) / "root-key";
  if (!fs::exists(root_key)) {
    SystemRandom random;
    if (auto made = create_root_key(root_key, random); !made) throw std::runtime_error(made.error().message);
  }
  return {"--log",           "kafka",          "--kafka-brokers",    topics.brokers,
          "--kafka-topic",   topics.topic,     "--kafka-keys-topic", topics.keys_topic,
          "--root-key-file", root_key.string()};
}

std::vector<std::string> kafka_flags(const KafkaOptions& topics, const std::string& directory) {
  auto flags = kafka_tool_flags(topics, directory);
  flags.insert(flags.end(), {"--kafka-events-topic", topics.events_topic, "--create-topics"});
  return flags;
}

}  // namespace tenure::test
