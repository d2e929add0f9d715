// A data directory: everything that a node keeps. With the log on Kafka, keys/ and log/ are topics, and the
// root key is the operator's.
//
//   <data>/root-key            the key that wraps all data keys, unless --root-key-file names another (0600)
//   <data>/node-id             who this node is in claims; never copy it to another node
//   <data>/keys/               data keys
//   <data>/log/                the log: all that cannot be made again
//   <data>/store/              what was folded from the log; may be deleted while the node is stopped
//   <data>/environments/       what the local provisioner made
//   <data>/bootstrap-token     a session of the first user (0600)
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/settings.h"
#include "core/crypto/key_store.h"
#include "core/ids/typeid.h"
#include "core/log/event_log.h"
#include "core/log/event_sink.h"
#include "core/log/kafka_options.h"
#include "core/store/store.h"

namespace tenure {

// What a start does while nobody answers.
struct StartOptions {
  std::stop_token stop;
  std::function<void(const std::string& why)> waiting = [](const std::string&) {};  // every few seconds
};

struct DataDirectory {
  crypto::Key root_key;
  NodeId node;
  std::unique_ptr<KeyStore> keys;
  std::unique_ptr<EventLog> log;
  std::unique_ptr<EventSink> sink;  // of public events; none with the embedded log
  std::unique_ptr<Store> store;

  // For a server: makes what is missing. A store whose rows are of another version is set aside and folded
  // again. With Kafka it waits for brokers until `start.stop` is asked for.
  [[nodiscard]] static std::expected<DataDirectory, std::string> open(const Settings& settings,
                                                                      Random& random,
                                                                      const StartOptions& start);
};

// How a node with these settings reaches Kafka; reads the files that --kafka-config names.
[[nodiscard]] std::expected<KafkaOptions, std::string> kafka_options(const Settings& settings);

// Which log a store was folded from, as its own row says. (That the topic is still the same shows in its
// records: Fold::check_store_is_of_log.)
[[nodiscard]] std::string kafka_log_name(const std::string& cluster, const std::string& topic);
// Nothing with the embedded log, and before the first start.
[[nodiscard]] std::optional<std::string> known_log(const Store& store);
// A store of one log is never filled from another.
[[nodiscard]] std::expected<void, std::string> check_known_log(const Store& store, const std::string& name);

// The first word of a file; nothing when there is none.
[[nodiscard]] std::optional<std::string> read_word(const std::filesystem::path& file);
// Mode 0600, synced, replacing what is there.
[[nodiscard]] std::expected<void, std::string> write_secret_file(const std::filesystem::path& file,
                                                                 std::string_view text);

}  // namespace tenure
