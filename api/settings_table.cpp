#include "api/settings_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <charconv>
#include <optional>
#include <ranges>

#include "core/limits.h"

namespace tenure {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kib = 1U << 10U;
constexpr std::uint64_t mib = 1U << 20U;

// Functions, where braces would do: the rows of the table stay rows.
Rule one_of(std::vector<std::string_view> words, std::vector<std::string_view> not_yet = {}) {
  return OneOf{std::move(words), std::move(not_yet)};
}
Rule numbers(std::uint64_t min, std::uint64_t max) { return Numbers{min, max}; }
Rule durations(Duration min, Duration max) { return Durations{min, max}; }

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t scale = 1;
  if (text.ends_with("KiB")) scale = 1U << 10U;
  if (text.ends_with("MiB")) scale = 1U << 20U;
  if (scale > 1) text.remove_suffix(3);
  const auto number = parse_number(text);
  if (!number || *number > UINT64_MAX / scale) return std::nullopt;
  return *number * scale;
}

std::string show_bytes(std::uint64_t bytes) {
  if (bytes > 0 && bytes % (1U << 20U) == 0) return fmt::format("{}MiB", bytes >> 20U);
  if (bytes > 0 && bytes % (1U << 10U) == 0) return fmt::format("{}KiB", bytes >> 10U);
  return std::to_string(bytes);
}

Checked is_host_port(std::string_view value) {
  if (!parse_host_port(value)) return std::unexpected("is not a host and a port");
  return {};
}

Checked is_url(std::string_view value) {
  const auto url = boost::urls::parse_uri(value);
  const bool web = url && (url->scheme() == "http" || url->scheme() == "https") && !url->host().empty();
  // Paths are appended to it.
  if (!web || url->has_userinfo() || url->has_query() || url->has_fragment() || value.ends_with('/')) {
    return std::unexpected("is not an http or https URL that ends without a slash");
  }
  return {};
}

// Without the underline a session token, which is letters and digits, could begin with it.
Checked is_token_prefix(std::string_view value) {
  constexpr std::size_t chars_max = 32;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (value.size() > chars_max || !value.ends_with('_') || !std::ranges::all_of(value, fits)) {
    return std::unexpected(fmt::format(
        "is not up to {} letters, digits and underlines with an underline at the end", chars_max));
  }
  return {};
}

// As Kafka says: Topic.validate.
Checked is_topic(std::string_view value) {
  constexpr std::size_t chars_max = 249;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (value.empty() || value.size() > chars_max || value == "." || value == ".." ||
      !std::ranges::all_of(value, fits)) {
    return std::unexpected("is not the name of a topic");
  }
  return {};
}

// What it takes is for librdkafka to say; a secret in it would show in `config --print` and in lists of
// processes.
Checked is_kafka_config(std::string_view value) {
  constexpr std::array<std::string_view, 6> secrets{
      "sasl.password", "ssl.key.password", "ssl.keystore.password",
      "ssl.key.pem",   "ssl_key",          "sasl.oauthbearer.client.secret"};
  for (const auto entry : std::views::split(value, ';')) {
    const std::string_view pair(entry.begin(), entry.end());
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::unexpected("is not key=value");
    const bool secret = std::ranges::find(secrets, pair.substr(0, equals)) != secrets.end();
    if (secret && !pair.substr(equals + 1).starts_with('@')) {
      return std::unexpected(
          "holds a secret; write it to a file and name that, as in "
          "sasl.password=@/etc/tenure/kafka-password");
    }
  }
  return {};
}

Checked is_path(std::string_view value) {
  if (value.empty()) return std::unexpected("is not a path");
  return {};
}

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;  // which Clang 16 does not find by itself

bool in_bytes(const Setting& setting) { return setting.unit == "bytes"; }

std::string show_number(const Setting& setting, std::uint64_t number) {
  return in_bytes(setting) ? show_bytes(number) : std::to_string(number);
}

template <class Int>
Checked assign_number(const Setting& setting, std::string_view value, Int& target) {
  const auto& [min, max] = std::get<Numbers>(setting.rule);
  const auto number = in_bytes(setting) ? parse_bytes(value) : parse_number(value);
  if (!number || *number < min || *number > max) {
    return std::unexpected(fmt::format("is not a number{} from {} to {}, such as {}",
                                       in_bytes(setting) ? " of bytes" : "", show_number(setting, min),
                                       show_number(setting, max), example(setting)));
  }
  target = static_cast<Int>(*number);
  return {};
}

Checked assign_duration(const Setting& setting, std::string_view value, Duration& target) {
  const auto& [min, max] = std::get<Durations>(setting.rule);
  const auto duration = parse_duration(value);
  if (!duration || *duration < min || *duration > max) {
    return std::unexpected(fmt::format("is not a duration (ms, s, m, h or d) from {} to {}, such as {}",
                                       to_string(min), to_string(max), example(setting)));
  }
  target = *duration;
  return {};
}

Checked assign_switch(std::string_view value, bool& target) {
  if (value != "true" && value != "false") return std::unexpected("is neither true nor false");
  target = value == "true";
  return {};
}

Checked check_word(const OneOf& rule, const std::string& value) {
  if (std::ranges::find(rule.words, value) != rule.words.end()) return {};
  const bool later = std::ranges::find(rule.not_yet, value) != rule.not_yet.end();
  return std::unexpected(fmt::format("{} {}",
                                     later ? "is not part of this version, which takes" : "is none of",
                                     fmt::join(rule.words, ", ")));
}

template <class Words>
Checked assign_words(const Setting& setting, const std::string& value, Words& target) {
  if (const auto* words = std::get_if<OneOf>(&setting.rule)) {
    if (auto checked = check_word(*words, value); !checked) return checked;
  }
  const bool not_given = value.empty() && !setting.example_when_no_default.empty();
  if (const auto* check = std::get_if<Check>(&setting.rule); check != nullptr && !not_given) {
    if (const auto checked = (*check)(value); !checked) {
      return std::unexpected(fmt::format("{}, such as {}", checked.error(), example(setting)));
    }
  }
  target = value;
  return {};
}

}  // namespace

const std::vector<Setting>& settings_table() {
  static const std::vector<Setting> settings{
      {"data-dir", &Settings::data_dir, "directory", is_path, "where everything is kept"},
      {"listen", &Settings::listen, "host:port", is_host_port, "where to serve; port 0: the system chooses"},
      {"tls-cert", &Settings::tls_cert, "file", Anything(),
       "serve https with this certificate and its chain, PEM; needs --tls-key", "/etc/tenure/tls.crt"},
      {"tls-key", &Settings::tls_key, "file", Anything(), "private key of --tls-cert, PEM",
       "/etc/tenure/tls.key"},
      {"metrics-listen", &Settings::metrics_listen, "host:port", is_host_port, "serve /metrics here instead",
       "127.0.0.1:9090"},
      {"log", &Settings::log, "embedded|kafka", one_of({"embedded", "kafka"}), "where commits go"},
      {"partitions", &Settings::partitions, "number", numbers(1, limits::partitions_max - 1),
       "partitions for workspaces, fixed when the log is created"},
      {"kafka-brokers", &Settings::kafka_brokers, "host:port,...", Anything(),
       "where the Kafka cluster is, with --log kafka", "127.0.0.1:9092"},
      {"kafka-topic", &Settings::kafka_topic, "topic", is_topic, "the log"},
      {"kafka-keys-topic", &Settings::kafka_keys_topic, "topic", is_topic,
       "data keys, wrapped by the root key"},
      {"kafka-events-topic", &Settings::kafka_events_topic, "topic", is_topic,
       "what happened, for other systems"},
      {"kafka-config", &Settings::kafka_config, "key=value", is_kafka_config,
       "a setting of librdkafka, such as TLS and SASL; repeatable, or several with ; between. key=@file "
       "reads the value "
       "from a file, as secrets must be",
       "security.protocol=SSL", true},
      {"create-topics", &Settings::create_topics, "true|false", Switch(), "make the topics that are missing"},
      {"root-key-file", &Settings::root_key_file, "file", Anything(),
       "base64 of 32 bytes; made in the data directory when not given", "/etc/tenure/root-key"},
      {"public-url", &Settings::public_url, "URL", is_url,
       "how clients reach this server; when not given, the listening address", "https://tenure.example.com"},
      {"log-format", &Settings::log_format, "text|json", one_of({"text", "json"}),
       "form of the lines on stderr"},
      {"log-level", &Settings::log_level, "level", one_of({"debug", "info", "warning", "error"}),
       "least level of the lines on stderr: debug, info, warning or error"},
      {"http-threads", &Settings::http_threads, "number", numbers(0, 256),
       "threads that serve; 0: one a core"},
      {"request-body-max", &Settings::request_body_max, "bytes", numbers(kib, 64 * mib),
       "largest request body"},
      {"header-max", &Settings::header_max, "bytes", numbers(kib, mib), "largest header block"},
      {"header-timeout", &Settings::header_timeout, "duration", durations(1ms, 1h),
       "from a request's first byte to the end of its header"},
      {"body-timeout", &Settings::body_timeout, "duration", durations(1ms, 1h), "to read a request's body"},
      {"idle-timeout", &Settings::idle_timeout, "duration", durations(1ms, 24h),
       "between requests on a connection"},
      {"json-depth-max", &Settings::json_depth_max, "number", numbers(1, 512),
       "deepest nesting of a request body"},
      {"connections-max", &Settings::connections_max, "number", numbers(1, 1'000'000),
       "connections at a time"},
      {"commit-timeout", &Settings::commit_timeout, "duration", durations(1ms, 1h),
       "then a command answers outcome_unknown"},
      {"provision-timeout", &Settings::provision_timeout, "duration", durations(1ms, 24h),
       "then an attempt of a provisioner has failed"},
      {"refusal-window", &Settings::refusal_window, "duration", durations(1ms, 1h),
       "equal refusals within it become one audit entry with a count"},
      {"drain-delay", &Settings::drain_delay, "duration", durations(0ms, 5min),
       "after SIGTERM, how long requests are still taken while /readyz says no"},
      {"shutdown-timeout", &Settings::shutdown_timeout, "duration", durations(0ms, 1h),
       "for requests to end after SIGTERM"},
      {"token-prefix", &Settings::token_prefix, "text", is_token_prefix, "how API tokens begin"},
      {"provisioner", &Policy::provider, "local", one_of({"local"}, {"webhook", "kubernetes"}),
       "what makes environments"},
      {"saga-lease", &Policy::saga_lease, "duration", durations(1ms, 1h),
       "how long a node's claim on an operation lasts"},
      {"retry-base", &Policy::retry_base, "duration", durations(1ms, 1h),
       "pause after the first failed attempt of a step"},
      {"retry-max", &Policy::retry_max, "duration", durations(1ms, 24h), "longest pause between attempts"},
      {"retry-attempts-max", &Policy::retry_attempts_max, "number", numbers(1, 1'000),
       "attempts before a step has failed"},
      {"stuck-after", &Policy::stuck_after, "duration", durations(1ms, 365 * 24h),
       "without progress, then an operation is stuck"},
      {"quota-workspaces-per-account", &Policy::workspaces_per_account_max, "number", numbers(0, 10'000'000),
       "workspaces an account may own"},
      {"quota-tokens-per-workspace", &Policy::tokens_per_workspace_max, "number", numbers(0, 1'000'000),
       "API tokens a workspace may have"},
  };
  return settings;
}

Checked assign(Settings& settings, const Setting& setting, const std::string& value) {
  return std::visit(
      Overload{
          [&](std::string Settings::*field) { return assign_words(setting, value, settings.*field); },
          [&](std::filesystem::path Settings::*field) {
            return assign_words(setting, value, settings.*field);
          },
          [&](std::uint64_t Settings::*field) { return assign_number(setting, value, settings.*field); },
          [&](Duration Settings::*field) { return assign_duration(setting, value, settings.*field); },
          [&](bool Settings::*field) { return assign_switch(value, settings.*field); },
          [&](std::string Policy::*field) { return assign_words(setting, value, settings.policy.*field); },
          [&](std::uint64_t Policy::*field) { return assign_number(setting, value, settings.policy.*field); },
          [&](std::uint32_t Policy::*field) { return assign_number(setting, value, settings.policy.*field); },
          [&](Duration Policy::*field) { return assign_duration(setting, value, settings.policy.*field); },
      },
      setting.field);
}

std::string show(const Settings& settings, const Setting& setting) {
  return std::visit(
      Overload{
          [&](std::string Settings::*field) { return settings.*field; },
          [&](std::filesystem::path Settings::*field) { return (settings.*field).string(); },
          [&](std::uint64_t Settings::*field) { return show_number(setting, settings.*field); },
          [&](Duration Settings::*field) { return to_string(settings.*field); },
          [&](bool Settings::*field) { return std::string(settings.*field ? "true" : "false"); },
          [&](std::string Policy::*field) { return settings.policy.*field; },
          [&](std::uint64_t Policy::*field) { return show_number(setting, settings.policy.*field); },
          [&](std::uint32_t Policy::*field) { return show_number(setting, settings.policy.*field); },
          [&](Duration Policy::*field) { return to_string(settings.policy.*field); },
      },
      setting.field);
}

std::string example(const Setting& setting) {
  return setting.example_when_no_default.empty() ? show(Settings(), setting)
                                                 : std::string(setting.example_when_no_default);
}

std::expected<HostPort, std::string> parse_host_port(std::string_view text) {
  const auto error = std::unexpected(std::string("takes host:port, such as 127.0.0.1:8080 or [::1]:0"));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return error;
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  // An IPv6 address without brackets would lose its last group to the port.
  const bool ambiguous = !bracketed && host.find(':') != std::string_view::npos;
  const auto port = parse_number(text.substr(colon + 1));
  if (host.empty() || ambiguous || !port || *port > UINT16_MAX) return error;
  return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace tenure
