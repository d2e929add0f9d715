#include "tools/cli/data.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "api/data_directory.h"
#include "core/crypto/kafka_key_store.h"
#include "core/log/embedded_log.h"
#include "core/log/kafka_log.h"
#include "core/log/kafka_topics.h"
#include "projections/projector.h"

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t streams_in_memory = 65'536;
constexpr std::size_t commits_per_step = 4'096;
constexpr std::chrono::seconds patience{20};  // with brokers that do not answer
constexpr std::chrono::seconds answer_timeout{2};
constexpr std::chrono::milliseconds try_again_after{100};
constexpr std::chrono::milliseconds key_pause{5};

// A log that ends where somebody says, and that fails when nobody answers for long.
class LogUpTo final : public EventLog {
 public:
  LogUpTo(EventLog& log, std::vector<Offset> until) : log_(log), until_(std::move(until)) {}

  std::uint16_t partitions() const override { return log_.partitions(); }
  void append(Partition, std::string, Appended done) override {
    done({AppendStatus::failed, {}, "this log is only read"});
  }
  std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from,
                                                       std::size_t bytes_max) override {
    for (const auto began = SteadyClock::now();;) {
      auto records = log_.read(partition, from, bytes_max);
      if (!records) return records;
      std::erase_if(*records, [&](const LogRecord& record) { return record.offset >= end(partition); });
      if (!records->empty() || from >= end(partition)) return records;
      if (SteadyClock::now() - began > patience)
        return std::unexpected(LogError{"the log does not answer: " + log_.status().trouble, true});
    }
  }
  Offset end(Partition partition) override {
    return std::min(log_.end(partition), until_[to_number(partition)]);
  }
  bool wait(Partition, Offset, std::chrono::milliseconds) override { return false; }
  void watch(std::function<void()>) override {}

 private:
  EventLog& log_;
  std::vector<Offset> until_;
};

// Again and again while it may pass.
template <class Attempt>
auto patiently(Attempt attempt) -> decltype(attempt()) {
  for (const auto began = SteadyClock::now();;) {
    auto result = attempt();
    if (result || !result.error().may_pass || SteadyClock::now() - began > patience) return result;
    std::this_thread::sleep_for(try_again_after);
  }
}

}  // namespace

std::expected<Data, std::string> Data::open(const Settings& settings) {
  Data data;
  data.directory_ = settings.data_dir;
  auto opened = settings.log == "kafka" ? data.open_kafka(settings) : data.open_embedded(settings);
  if (!opened) return std::unexpected(opened.error());
  data.log_ = std::make_unique<LogUpTo>(*data.stored_, data.stored_->ends());
  return data;
}

std::expected<void, std::string> Data::open_embedded(const Settings& settings) {
  std::error_code error;
  if (!fs::is_directory(directory_, error))
    return std::unexpected(directory_.string() + ": there is no data directory here");
  const auto root_key =
      read_root_key(settings.root_key_file.empty() ? directory_ / "root-key" : settings.root_key_file);
  if (!root_key) return std::unexpected(root_key.error().message);
  auto keys = open_embedded_key_store(directory_ / "keys", *root_key, true);
  if (!keys) return std::unexpected(keys.error().message);
  keys_ = std::move(*keys);
  EmbeddedLogOptions options{.directory = directory_ / "log"};
  options.mode = EmbeddedLogOptions::Mode::read_only;
  auto log = open_embedded_log(options);
  if (!log) return std::unexpected(log.error().message);
  stored_ = std::move(*log);
  return {};
}

// The log before the keys: then the key of every commit that is read is there.
std::expected<void, std::string> Data::open_kafka(const Settings& settings) {
  const auto root_key = read_root_key(settings.root_key_file);
  if (!root_key) return std::unexpected(root_key.error().message);
  auto options = kafka_options(settings);
  if (!options) return std::unexpected(options.error());
  options->client_id = "tenure";
  const auto cluster = patiently([&] {
    return kafka::find_topics(*options, {options->topic, options->keys_topic}, answer_timeout);
  });
  if (!cluster) return std::unexpected(cluster.error().message);
  log_name_ = kafka_log_name(cluster->id, options->topic);
  const KafkaLogOptions log_options{
      .kafka = *options,
      .from = std::vector<Offset>(static_cast<std::size_t>(cluster->partitions.at(options->topic))),
      .read_only = true};
  auto log = patiently([&] { return open_kafka_log(log_options, answer_timeout); });
  if (!log) return std::unexpected(log.error().message);
  stored_ = std::move(*log);
  auto keys = patiently(
      [&] { return open_kafka_key_store(*options, *root_key, answer_timeout, /*read_only=*/true); });
  if (!keys) return std::unexpected(keys.error().message);
  keys_ = std::move(*keys);
  return {};
}

std::expected<void, std::string> Data::check_is_of_log(const Store& store) const {
  if (log_name_.empty()) return {};
  return check_known_log(store, log_name_);
}

std::expected<std::uint64_t, std::string> Data::fold_into(Store& store, const std::vector<Offset>& until) {
  LogUpTo bounded(*log_, until.empty() ? log_->ends() : until);
  StreamStates states(store, streams_in_memory);
  Projector projector(
      store, states, [](Partition, const StreamName&) {},
      log_name_.empty() ? Projector::Publishing::off : Projector::Publishing::on);
  Fold fold(bounded, store, *keys_, projector);
  std::uint64_t commits = 0;
  auto moved_at = SteadyClock::now();
  while (fold.behind() || fold.waits_for_key()) {
    const auto folded = fold.step(commits_per_step).size();
    commits += folded;
    if (folded > 0) moved_at = SteadyClock::now();
    if (folded > 0 || !fold.waits_for_key()) continue;
    if (SteadyClock::now() - moved_at > patience)
      return std::unexpected("a data key is missing and the topic of keys does not answer; try again");
    std::this_thread::sleep_for(key_pause);
  }
  if (!fold.stopped().empty()) return std::unexpected(fold.stopped().front().message);
  return commits;
}

TemporaryFolder::TemporaryFolder() {
  auto pattern = (fs::temp_directory_path() / "tenure-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error(pattern + ": cannot be made");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

}  // namespace tenure::cli
