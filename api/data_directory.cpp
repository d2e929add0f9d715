#include "api/data_directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <ranges>

#include "api/log.h"
#include "core/crypto/kafka_key_store.h"
#include "core/fold/fold.h"
#include "core/log/embedded_log.h"
#include "core/log/kafka_event_sink.h"
#include "core/log/kafka_log.h"
#include "core/log/kafka_topics.h"
#include "core/log/log_stamp.h"
#include "core/store/database_directory.h"
#include "projections/projector.h"

namespace tenure {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view rows_version_key = "v";
constexpr std::string_view log_name_key = "zlog";  // which log the store is of
constexpr std::chrono::milliseconds answer_timeout{2'000};
constexpr std::chrono::milliseconds try_again_after{300};
constexpr std::chrono::seconds say_again_every{5};
constexpr std::chrono::milliseconds append_timeout_min{100};

std::uint16_t partitions_of(const Settings& settings) {
  return static_cast<std::uint16_t>(settings.partitions + 1);
}

std::expected<crypto::Key, std::string> root_key_for(const Settings& settings, Random& random) {
  if (!settings.root_key_file.empty()) {
    auto key = read_root_key(settings.root_key_file);
    if (!key) return std::unexpected(key.error().message);
    return *key;
  }
  const auto file = settings.data_dir / "root-key";
  if (fs::exists(file)) {
    auto key = read_root_key(file);
    if (!key) return std::unexpected(key.error().message);
    return *key;
  }
  if (fs::exists(settings.data_dir / "keys")) {
    return std::unexpected(
        fmt::format("{}: the root key is missing, but data keys that it wraps are there; put it back, or "
                    "name it with --root-key-file",
                    file.string()));
  }
  auto key = create_root_key(file, random);
  if (!key) return std::unexpected(key.error().message);
  log::warning("made a root key; keep a copy of it apart from the data, without it nothing can be read",
               {{"file", file.string()}});
  return *key;
}

std::expected<NodeId, std::string> node_id_for(const Settings& settings, Random& random) {
  const auto file = settings.data_dir / "node-id";
  if (const auto word = read_word(file)) {
    auto id = NodeId::parse(*word);
    if (!id) return std::unexpected(fmt::format("{}: {}; delete the file", file.string(), id.error()));
    return *id;
  }
  const auto id = NodeId::make(SystemClock().now(), random);
  if (auto written = write_secret_file(file, id.str() + "\n"); !written)
    return std::unexpected(written.error());
  return id;
}

// Rows of another version would be read wrongly: the store begins anew, the log has everything.
std::expected<std::unique_ptr<Store>, std::string> store_for(const Settings& settings) {
  const auto directory = settings.data_dir / "store";
  auto store = Store::open(directory, Store::Mode::read_write);
  if (!store) return std::unexpected(store.error().message);
  const auto version = (*store)->get(rows_version_key);
  if (version && *version != rows_version()) {
    log::info("the views of this version are others: folding the log again", {});
    store->reset();
    std::error_code error;
    fs::remove_all(directory, error);
    if (error) return std::unexpected(fmt::format("{}: {}", directory.string(), error.message()));
    store = Store::open(directory, Store::Mode::read_write);
    if (!store) return std::unexpected(store.error().message);
  }
  Store::Batch batch;
  batch.put(rows_version_key, rows_version());
  (*store)->write(batch);
  return std::move(*store);
}

// In the words of the setting, which does not count the directory's partition.
std::expected<void, std::string> check_partitions(const Settings& settings) {
  const auto directory = settings.data_dir / "log";
  const auto stamp = read_log_stamp(directory);
  if (!stamp || !*stamp || (*stamp)->partitions == partitions_of(settings)) return {};
  const auto made_with = (*stamp)->partitions - 1;
  return std::unexpected(
      fmt::format("the log in {} was made with --partitions {}, not {}, and their number is fixed for ever; "
                  "start with --partitions {}; nothing was changed",
                  directory.string(), made_with, settings.partitions, made_with));
}

std::expected<DataDirectory, std::string> open_embedded(const Settings& settings, Random& random) {
  DataDirectory data;
  if (auto checked = check_partitions(settings); !checked) return std::unexpected(checked.error());
  // The log first: it is what a second process must not get hold of.
  EmbeddedLogOptions options{.directory = settings.data_dir / "log"};
  options.partitions = partitions_of(settings);
  auto log = open_embedded_log(options);
  if (!log) return std::unexpected(log.error().message);
  data.log = std::move(*log);
  auto root_key = root_key_for(settings, random);
  if (!root_key) return std::unexpected(root_key.error());
  data.root_key = *root_key;
  auto keys = open_embedded_key_store(settings.data_dir / "keys", data.root_key, false);
  if (!keys) return std::unexpected(keys.error().message);
  data.keys = std::move(*keys);
  auto node = node_id_for(settings, random);
  if (!node) return std::unexpected(node.error());
  data.node = *node;
  auto store = store_for(settings);
  if (!store) return std::unexpected(store.error());
  data.store = std::move(*store);
  return data;
}

// Tries until it succeeds, fails for good or is told to stop. `attempt` gives an expected whose error says
// `unreachable`.
template <class Attempt, class MayPass>
auto until_answered(const StartOptions& start, Attempt attempt, MayPass may_pass) -> decltype(attempt()) {
  auto said_at = std::chrono::steady_clock::time_point();
  while (true) {
    auto result = attempt();
    if (result || !may_pass(result.error()) || start.stop.stop_requested()) return result;
    const auto now = std::chrono::steady_clock::now();
    if (now - said_at >= say_again_every) {
      start.waiting(result.error().message);
      said_at = now;
    }
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, start.stop, try_again_after, [] { return false; });
  }
}

// On disk at once: whoever finds the directory beside a running node has to know.
void remember_log(Store& store, const std::string& name) {
  if (known_log(store)) return;
  Store::Batch batch;
  batch.put(log_name_key, name);
  store.write(batch);
  store.flush();
}

// From the last record that was folded, so that it can be compared.
std::vector<Offset> read_from(const Store& store, std::uint16_t partitions) {
  auto offsets = folded_offsets(store, partitions);
  for (auto& offset : offsets)
    offset = Offset{to_number(offset) - std::min<std::uint64_t>(1, to_number(offset))};
  return offsets;
}

std::expected<DataDirectory, std::string> open_on_kafka(const Settings& settings, Random& random,
                                                        const StartOptions& start) {
  DataDirectory data;
  auto root_key = read_root_key(settings.root_key_file);
  if (!root_key) return std::unexpected(root_key.error().message);
  data.root_key = *root_key;
  const auto options = kafka_options(settings);
  if (!options) return std::unexpected(options.error());
  auto node = node_id_for(settings, random);
  if (!node) return std::unexpected(node.error());
  data.node = *node;
  auto store = store_for(settings);
  if (!store) return std::unexpected(store.error());
  data.store = std::move(*store);

  const auto partitions = partitions_of(settings);
  const std::vector demands{kafka::log_topic(*options, partitions), kafka::keys_topic(*options),
                            kafka::events_topic(*options, partitions)};
  const auto may_pass = [](const auto& failure) { return failure.may_pass; };
  const auto cluster = until_answered(
      start, [&] { return kafka::check_topics(*options, demands, settings.create_topics, answer_timeout); },
      may_pass);
  if (!cluster) return std::unexpected(cluster.error().message);
  const auto log_name = kafka_log_name(cluster->id, options->topic);
  if (auto same = check_known_log(*data.store, log_name); !same) return std::unexpected(same.error());
  remember_log(*data.store, log_name);

  auto keys = until_answered(
      start, [&] { return open_kafka_key_store(*options, data.root_key, settings.commit_timeout); },
      may_pass);
  if (!keys) return std::unexpected(keys.error().message);
  data.keys = std::move(*keys);
  const KafkaLogOptions log_options{*options, read_from(*data.store, partitions)};
  auto log = until_answered(
      start, [&] { return open_kafka_log(log_options, answer_timeout); }, may_pass);
  if (!log) return std::unexpected(log.error().message);
  data.log = std::move(*log);
  auto sink = open_kafka_event_sink(*options);
  if (!sink) return std::unexpected(sink.error());
  data.sink = std::move(*sink);
  return data;
}

// The value of key=@file.
std::expected<std::string, std::string> read_value(const std::string& key, std::string_view file) {
  auto word = read_word(fs::path(file));
  if (!word)
    return std::unexpected(fmt::format("--kafka-config {}: {} cannot be read or is empty", key, file));
  return *word;
}

}  // namespace

std::expected<KafkaOptions, std::string> kafka_options(const Settings& settings) {
  KafkaOptions options{.brokers = settings.kafka_brokers,
                       .topic = settings.kafka_topic,
                       .keys_topic = settings.kafka_keys_topic,
                       .events_topic = settings.kafka_events_topic,
                       .config = {}};
  // Early enough for the client to hear that it failed rather than that nobody knows.
  options.append_timeout = std::max(append_timeout_min, settings.commit_timeout * 4 / 5);
  for (const auto entry : std::views::split(settings.kafka_config, ';')) {
    const std::string_view pair(entry.begin(), entry.end());
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    std::string key(pair.substr(0, equals));
    std::string value(pair.substr(equals + 1));
    if (value.starts_with('@')) {
      auto read = read_value(key, std::string_view(value).substr(1));
      if (!read) return std::unexpected(read.error());
      value = std::move(*read);
    }
    options.config.emplace_back(std::move(key), std::move(value));
  }
  return options;
}

std::string kafka_log_name(const std::string& cluster, const std::string& topic) {
  return fmt::format("kafka cluster {}, topic {}", cluster, topic);
}

std::optional<std::string> known_log(const Store& store) { return store.get(log_name_key); }

std::expected<void, std::string> check_known_log(const Store& store, const std::string& name) {
  const auto known = known_log(store);
  if (!known || *known == name) return {};
  return std::unexpected(
      fmt::format("this data directory belongs to the log on {}, not on {}; name the right one, or start "
                  "with an empty directory",
                  *known, name));
}

std::expected<DataDirectory, std::string> DataDirectory::open(const Settings& settings, Random& random,
                                                              const StartOptions& start) {
  if (auto made = create_directory_durably(settings.data_dir); !made) return std::unexpected(made.error());
  return settings.log == "kafka" ? open_on_kafka(settings, random, start) : open_embedded(settings, random);
}

std::optional<std::string> read_word(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  if (!(stream >> word)) return std::nullopt;
  return word;
}

std::expected<void, std::string> write_secret_file(const fs::path& file, std::string_view text) {
  const auto refuse = [&] {
    return std::unexpected(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  };
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return refuse();
  const bool written = ::fchmod(descriptor, S_IRUSR | S_IWUSR) == 0 &&
                       ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written) return refuse();
  return {};
}

}  // namespace tenure
