// Settings: each is a flag (--idle-timeout 75s), an environment variable (TENURE_IDLE_TIMEOUT) and a key of
// the YAML file (idle_timeout), all from one table in settings.cpp. Flags beat the environment, the
// environment beats the file. Secrets are named by file, so every value here may be shown.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "commands/policy.h"
#include "core/time/clock.h"

namespace tenure {

// Numbers named `..._max` of bodies and headers are bytes.
struct Settings {
  std::filesystem::path data_dir = "data";
  std::string listen = "127.0.0.1:8080";
  std::string metrics_listen;
  std::filesystem::path tls_cert, tls_key;  // both or neither
  std::string log = "embedded";
  std::uint64_t partitions = 4;  // beside the directory's
  std::string kafka_brokers;
  std::string kafka_topic = "tenure.log";
  std::string kafka_keys_topic = "tenure.keys";
  std::string kafka_events_topic = "tenure.events";
  std::string kafka_config;  // KEY=VALUE;KEY=VALUE; a VALUE of @FILE is read from the file
  bool create_topics = false;
  std::filesystem::path root_key_file;  // empty: in the data directory
  std::string public_url;               // empty: the listening address
  std::string log_format = "text";
  std::string log_level = "info";
  std::uint64_t http_threads = 0;  // 0: one a core
  std::uint64_t request_body_max = 1U << 20U;
  std::uint64_t header_max = 32U << 10U;
  Duration header_timeout = std::chrono::seconds{10};
  Duration body_timeout = std::chrono::seconds{30};
  Duration idle_timeout = std::chrono::seconds{75};
  std::uint64_t json_depth_max = 64;
  std::uint64_t connections_max = 10'000;
  Duration commit_timeout = std::chrono::seconds{5};
  Duration provision_timeout = std::chrono::seconds{60};
  Duration refusal_window = std::chrono::minutes{1};
  Duration drain_delay = std::chrono::seconds{0};
  Duration shutdown_timeout = std::chrono::seconds{20};  // leaves time to flush within 30 s of SIGTERM
  std::string token_prefix = "sk_akua_";
  Policy policy;
};

struct SettingsRequest {
  enum class Action { serve, help, version, print_settings };
  Action action = Action::serve;
  Settings settings;
  std::string text;  // for help, version and print_settings: what goes to stdout
};

// `arguments` without the program's name. An error is a sentence that names the setting, its value and what
// it takes. Reads nothing but its parameters and the YAML file that they name.
[[nodiscard]] std::expected<SettingsRequest, std::string> read_settings(
    const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment);

// "data-dir" -> "TENURE_DATA_DIR"
[[nodiscard]] std::string variable_name(std::string_view setting);

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};
// "127.0.0.1:8080", "[::1]:0".
[[nodiscard]] std::expected<HostPort, std::string> parse_host_port(std::string_view text);

}  // namespace tenure
