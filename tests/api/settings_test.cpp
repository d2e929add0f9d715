#include "api/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "api/settings_table.h"

namespace tenure {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Arguments = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = testing::TempDir() + "tenure-settings-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot create " + pattern);
    directory_ = pattern;
  }
  ~SettingsTest() override { std::filesystem::remove_all(directory_); }

  std::string file(std::string_view text) const {
    const auto path = directory_ / "tenured.yaml";
    std::ofstream(path) << text;
    return path.string();
  }

  std::filesystem::path directory_;
};

Settings settings_of(const Arguments& arguments, const Environment& environment = {}) {
  const auto request = read_settings(arguments, environment);
  if (!request) throw std::runtime_error(request.error());
  return request->settings;
}

std::string error_of(const Arguments& arguments, const Environment& environment = {}) {
  const auto request = read_settings(arguments, environment);
  return request ? "no error" : request.error();
}

std::string key_of(const Setting& setting) {
  std::string key(setting.name);
  std::ranges::replace(key, '-', '_');
  return key;
}

std::string variable_of(const Setting& setting) {
  auto variable = "TENURE_" + key_of(setting);
  std::ranges::transform(variable, variable.begin(), [](unsigned char c) { return std::toupper(c); });
  return variable;
}

// A value that the setting takes and that is not its default, where there is one.
std::string other_value(const Setting& setting) {
  if (setting.name == "log") return "embedded";  // the other one needs more settings
  if (setting.name == "kafka-config") return "security.protocol=SSL";
  if (std::holds_alternative<Switch>(setting.rule)) return "true";
  if (const auto* words = std::get_if<OneOf>(&setting.rule)) return std::string(words->words.back());
  if (const auto* numbers = std::get_if<Numbers>(&setting.rule)) return std::to_string(numbers->min + 1);
  if (std::holds_alternative<Durations>(setting.rule)) return "7s";
  if (setting.unit == "host:port") return "127.0.0.1:4711";
  if (setting.name == "token-prefix") return "sk_other_";
  return setting.unit == "URL" ? "https://other.example.com" : "other";
}

TEST_F(SettingsTest, nothing_given_means_the_defaults) {
  const auto settings = settings_of({});
  EXPECT_EQ(settings.data_dir, "data");
  EXPECT_EQ(settings.listen, "127.0.0.1:8080");
  EXPECT_EQ(settings.log, "embedded");
  EXPECT_EQ(settings.partitions, 4U);
  EXPECT_EQ(settings.request_body_max, 1'048'576U);
  EXPECT_EQ(settings.header_max, 32'768U);
  EXPECT_EQ(settings.idle_timeout, 75s);
  EXPECT_EQ(settings.policy.retry_base, 500ms);
  EXPECT_EQ(settings.policy.stuck_after, 10min);
  EXPECT_EQ(settings.token_prefix, "sk_akua_");
}

TEST_F(SettingsTest, every_setting_is_a_flag_a_variable_and_a_key) {
  for (const auto& setting : settings_table()) {
    SCOPED_TRACE(setting.name);
    const auto value = other_value(setting);
    auto expected = Settings();
    ASSERT_TRUE(assign(expected, setting, value));
    const auto shown = show(expected, setting);
    const auto flag = "--" + std::string(setting.name);
    const bool needs_value = !std::holds_alternative<Switch>(setting.rule);
    EXPECT_EQ(show(settings_of(needs_value ? Arguments{flag, value} : Arguments{flag}), setting), shown);
    EXPECT_EQ(show(settings_of({flag + "=" + value}), setting), shown);
    EXPECT_EQ(show(settings_of({}, {{variable_of(setting), value}}), setting), shown);
    EXPECT_EQ(show(settings_of({"--config", file(key_of(setting) + ": " + value)}), setting), shown);
  }
}

TEST_F(SettingsTest, no_two_settings_share_a_name_or_a_field) {
  std::set<std::string_view> names;
  for (const auto& setting : settings_table()) EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
  for (const auto& one : settings_table()) {
    auto changed = Settings();
    ASSERT_TRUE(assign(changed, one, other_value(one)));
    for (const auto& other : settings_table()) {
      if (&one == &other) continue;
      EXPECT_EQ(show(changed, other), show(Settings(), other)) << one.name << " " << other.name;
    }
  }
}

TEST_F(SettingsTest, every_default_and_every_example_would_be_taken) {
  for (const auto& setting : settings_table()) {
    auto settings = Settings();
    EXPECT_TRUE(assign(settings, setting, show(Settings(), setting))) << setting.name;
    EXPECT_TRUE(assign(settings, setting, example(setting))) << setting.name;
  }
}

TEST_F(SettingsTest, flags_beat_the_environment_and_the_environment_beats_the_file) {
  const auto config = file("partitions: 5\nidle_timeout: 5s\nlog_level: error\n");
  const auto settings = settings_of({"--config", config, "--partitions", "7"},
                                    {{"TENURE_PARTITIONS", "6"}, {"TENURE_IDLE_TIMEOUT", "6s"}});
  EXPECT_EQ(settings.partitions, 7U);
  EXPECT_EQ(settings.idle_timeout, 6s);
  EXPECT_EQ(settings.log_level, "error");
}

TEST_F(SettingsTest, the_last_of_a_repeated_flag_counts) {
  EXPECT_EQ(settings_of({"--partitions", "5", "--partitions=6"}).partitions, 6U);
}

TEST_F(SettingsTest, a_variable_may_name_the_file_and_the_flag_beats_it) {
  const auto config = file("partitions: 5");
  EXPECT_EQ(settings_of({}, {{"TENURE_CONFIG", config}}).partitions, 5U);
  EXPECT_EQ(settings_of({"--config", config}, {{"TENURE_CONFIG", "/nowhere"}}).partitions, 5U);
}

TEST_F(SettingsTest, numbers_of_bytes_take_units) {
  EXPECT_EQ(settings_of({"--request-body-max", "2MiB"}).request_body_max, 2'097'152U);
  EXPECT_EQ(settings_of({"--request-body-max", "64KiB"}).request_body_max, 65'536U);
  EXPECT_EQ(settings_of({"--request-body-max", "4096"}).request_body_max, 4'096U);
  for (const auto* bad : {"1GB", "1 MiB", "MiB", "-1", "1.5MiB", "0", "65MiB", "99999999999999999999",
                          "18014398509481985KiB"}) {
    EXPECT_EQ(error_of({"--request-body-max", bad}),
              "--request-body-max: \"" + std::string(bad) +
                  "\" is not a number of bytes from 1KiB to 64MiB, such as 1MiB");
  }
}

TEST_F(SettingsTest, a_bad_value_names_the_setting_what_it_takes_and_an_example) {
  EXPECT_EQ(error_of({"--partitions", "0"}), "--partitions: \"0\" is not a number from 1 to 1023, such as 4");
  EXPECT_EQ(error_of({"--partitions", "1024"}),
            "--partitions: \"1024\" is not a number from 1 to 1023, such as 4");
  EXPECT_EQ(error_of({}, {{"TENURE_IDLE_TIMEOUT", "75"}}),
            "TENURE_IDLE_TIMEOUT: \"75\" is not a duration (ms, s, m, h or d) from 1ms to 1d, such as 75s");
  EXPECT_EQ(error_of({"--header-timeout", "0s"}),
            "--header-timeout: \"0s\" is not a duration (ms, s, m, h or d) from 1ms to 1h, such as 10s");
  EXPECT_EQ(error_of({"--log-format", "xml"}), "--log-format: \"xml\" is none of text, json");
  EXPECT_EQ(error_of({"--listen", "8080"}),
            "--listen: \"8080\" is not a host and a port, such as 127.0.0.1:8080");
  EXPECT_EQ(error_of({"--listen="}), "--listen: \"\" is not a host and a port, such as 127.0.0.1:8080");
  EXPECT_EQ(error_of({"--data-dir", ""}), "--data-dir: \"\" is not a path, such as data");
  const auto config = file("listen: 127.0.0.1:1\npartitions: many\n");
  EXPECT_EQ(error_of({"--config", config}),
            config + ":2: partitions: \"many\" is not a number from 1 to 1023, such as 4");
}

TEST_F(SettingsTest, the_log_on_kafka_needs_brokers_and_a_root_key_that_all_nodes_share) {
  EXPECT_EQ(error_of({"--log", "kafka"}), "--log kafka needs --kafka-brokers, such as 127.0.0.1:9092");
  EXPECT_THAT(error_of({"--log", "kafka", "--kafka-brokers", "a:1"}),
              testing::StartsWith("--log kafka needs --root-key-file"));
  const auto settings =
      read_settings({"--log", "kafka", "--kafka-brokers", "a:1", "--root-key-file", "k"}, {});
  ASSERT_TRUE(settings.has_value()) << settings.error();
  EXPECT_EQ(settings->settings.kafka_topic, "tenure.log");
}

TEST_F(SettingsTest, a_switch_needs_no_value_and_a_repeatable_setting_is_joined) {
  const auto read = read_settings(
      {"--create-topics", "--kafka-config", "security.protocol=SSL", "--kafka-config=ssl.ca.location=/ca"},
      {});
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_TRUE(read->settings.create_topics);
  EXPECT_EQ(read->settings.kafka_config, "security.protocol=SSL;ssl.ca.location=/ca");
  EXPECT_FALSE(read_settings({}, {})->settings.create_topics);
  EXPECT_FALSE(read_settings({"--create-topics=false"}, {})->settings.create_topics);
  EXPECT_EQ(error_of({"--create-topics=yes"}), "--create-topics: \"yes\" is neither true nor false");
}

TEST_F(SettingsTest, a_secret_of_kafka_comes_from_a_file) {
  EXPECT_THAT(error_of({"--kafka-config", "sasl.password=hunter2"}),
              testing::HasSubstr("write it to a file"));
  EXPECT_TRUE(read_settings({"--kafka-config", "sasl.password=@/secret"}, {}).has_value());
  EXPECT_THAT(error_of({"--kafka-config", "nonsense"}), testing::HasSubstr("is not key=value"));
}

TEST_F(SettingsTest, what_a_later_version_will_take_is_refused_as_such) {
  EXPECT_EQ(error_of({"--provisioner", "webhook"}),
            "--provisioner: \"webhook\" is not part of this version, which takes local");
  EXPECT_EQ(error_of({"--provisioner", "kubernetes"}),
            "--provisioner: \"kubernetes\" is not part of this version, which takes local");
}

TEST_F(SettingsTest, an_unknown_setting_names_the_nearest_known_one_as_it_is_written_there) {
  EXPECT_EQ(error_of({"--idel-timeout", "5s"}),
            "flag --idel-timeout is not known; did you mean --idle-timeout?");
  EXPECT_EQ(error_of({"--confg", "x"}), "flag --confg is not known; did you mean --config?");
  EXPECT_EQ(error_of({}, {{"TENURE_DATA_DIRR", "x"}}),
            "environment variable TENURE_DATA_DIRR is not known; did you mean TENURE_DATA_DIR?");
  const auto config = file("# first\nlog-level: info\n");
  EXPECT_EQ(error_of({"--config", config}),
            config + ":2: key log-level is not known; did you mean log_level?");
  const auto of_a_flag = file("config: other.yaml\n");
  EXPECT_EQ(error_of({"--config", of_a_flag}), of_a_flag + ":1: key config is not known; see tenured --help");
  EXPECT_EQ(error_of({"--quite-another-thing", "x"}),
            "flag --quite-another-thing is not known; see tenured --help");
}

TEST_F(SettingsTest, a_flag_does_not_take_the_next_flag_for_its_value) {
  EXPECT_EQ(error_of({"--data-dir", "--listen", "127.0.0.1:0"}), "--data-dir needs a value, such as data");
  EXPECT_EQ(error_of({"--partitions"}), "--partitions needs a value, such as 4");
  EXPECT_EQ(error_of({"--config"}), "--config needs a value, such as /etc/tenure/tenured.yaml");
}

TEST_F(SettingsTest, words_that_are_no_flags_are_refused) {
  EXPECT_EQ(error_of({"serve"}), "\"serve\" is not understood; see tenured --help");
  EXPECT_EQ(error_of({"config"}), "\"config\" is not understood; see tenured --help");
  EXPECT_EQ(error_of({"-l", "x"}), "\"-l\" is not understood; see tenured --help");
}

TEST_F(SettingsTest, a_broken_file_is_refused_with_its_name_and_line) {
  EXPECT_THAT(error_of({"--config", "/nowhere/tenured.yaml"}),
              AllOf(HasSubstr("/nowhere/tenured.yaml"), HasSubstr("No such file")));
  EXPECT_THAT(error_of({"--config", directory_.string()}), HasSubstr("cannot be read"));
  auto config = file("listen: 127.0.0.1:1\npartitions: [4\n");
  EXPECT_THAT(error_of({"--config", config}), HasSubstr(config + ":"));
  config = file("- listen\n");
  EXPECT_EQ(error_of({"--config", config}), config + ": expected lines such as listen: 127.0.0.1:8080");
  config = file("listen: 127.0.0.1:1\n? [a, b]\n: c\n");
  EXPECT_EQ(error_of({"--config", config}), config + ":2: expected a line such as listen: 127.0.0.1:8080");
  config = file("listen: [127.0.0.1:1]\n");
  EXPECT_EQ(error_of({"--config", config}), config + ":1: listen takes one value");
  config = file("partitions: 4\npartitions: 5\n");
  EXPECT_EQ(error_of({"--config", config}), config + ":2: partitions is there twice");
}

TEST_F(SettingsTest, an_empty_file_changes_nothing) {
  EXPECT_EQ(settings_of({"--config", file("")}).partitions, 4U);
  EXPECT_EQ(settings_of({"--config", file("# nothing yet\n")}).partitions, 4U);
}

TEST_F(SettingsTest, variables_that_are_not_settings_of_the_server_are_left_alone) {
  const auto settings = settings_of({}, {{"HOME", "/root"},
                                         {"TENURE_URL", "http://127.0.0.1:1"},
                                         {"TENURE_TOKEN", "x"},
                                         {"TENURE_SERVICE_HOST", "10.0.0.1"},
                                         {"TENURE_SERVICE_PORT", "8080"},
                                         {"TENURE_SERVICE_PORT_HTTP", "8080"},
                                         {"TENURE_PORT", "tcp://10.0.0.1:8080"},
                                         {"TENURE_PORT_8080_TCP", "tcp://10.0.0.1:8080"},
                                         {"TENURE_EAST_PORT_8080_TCP_ADDR", "10.0.0.1"}});
  EXPECT_EQ(settings.listen, "127.0.0.1:8080");
  for (const auto& setting : settings_table())
    EXPECT_THAT(variable_of(setting), Not(HasSubstr("_PORT"))) << setting.name;
}

TEST_F(SettingsTest, a_public_url_is_one_to_which_a_path_can_be_appended) {
  EXPECT_EQ(settings_of({"--public-url", "https://tenure.example.com/t"}).public_url,
            "https://tenure.example.com/t");
  for (const auto* bad : {"tenure.example.com", "ftp://a", "https://", "https://a/", "https://a?b",
                          "https://a#b", "https://u:p@a", "https://a b"}) {
    EXPECT_THAT(error_of({"--public-url", bad}), HasSubstr("is not an http or https URL")) << bad;
  }
}

TEST_F(SettingsTest, a_token_prefix_cannot_be_the_beginning_of_a_session_token) {
  EXPECT_EQ(settings_of({"--token-prefix", "t_"}).token_prefix, "t_");
  for (const auto* bad : {"", "sk", "sk-", "sk _", "sk.x_", "\xc3\xa4_"}) {
    EXPECT_THAT(error_of({"--token-prefix", bad}), HasSubstr("such as sk_akua_")) << bad;
  }
  EXPECT_THAT(error_of({"--token-prefix", std::string(32, 'a') + "_"}), HasSubstr("up to 32"));
}

TEST_F(SettingsTest, the_first_pause_is_not_longer_than_the_longest) {
  EXPECT_EQ(error_of({"--retry-base", "2m"}), "retry-base (2m) is longer than retry-max (1m)");
  EXPECT_EQ(settings_of({"--retry-base", "2m", "--retry-max", "2m"}).policy.retry_base, 2min);
}

TEST_F(SettingsTest, help_shows_every_setting_with_its_default) {
  const auto request = read_settings({"--help", "--no-such-flag=x"}, {});
  EXPECT_FALSE(request) << "help does not hide a mistake";
  const auto help = read_settings({"--help"}, {{"TENURE_PARTITIONS", "broken"}});
  ASSERT_TRUE(help);
  EXPECT_EQ(help->action, SettingsRequest::Action::help);
  for (const auto& setting : settings_table()) {
    EXPECT_THAT(help->text,
                HasSubstr("--" + std::string(setting.name) + " <" + std::string(setting.unit) + ">"));
    EXPECT_THAT(help->text, HasSubstr(std::string(setting.about)));
  }
  EXPECT_THAT(help->text, HasSubstr("(default 1MiB)"));
  EXPECT_THAT(help->text, HasSubstr("(default 75s)"));
}

TEST_F(SettingsTest, version_says_which_program_and_version) {
  const auto request = read_settings({"--version"}, {});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->action, SettingsRequest::Action::version);
  EXPECT_EQ(request->text, "tenured " TENURE_VERSION "\n");
}

TEST_F(SettingsTest, print_shows_every_value_and_where_it_comes_from) {
  const auto config = file("idle_timeout: 5s\n");
  const auto request = read_settings({"config", "--print", "--config", config, "--partitions", "7"},
                                     {{"TENURE_LISTEN", "[::1]:0"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->action, SettingsRequest::Action::print_settings);
  EXPECT_THAT(request->text, HasSubstr("partitions: \"7\"  # number; from --partitions\n"));
  EXPECT_THAT(request->text, HasSubstr("listen: \"[::1]:0\"  # host:port; from TENURE_LISTEN\n"));
  EXPECT_THAT(request->text,
              HasSubstr("idle_timeout: \"5s\"  # duration; from " + config + ":1: idle_timeout\n"));
  EXPECT_THAT(request->text, HasSubstr("request_body_max: \"1MiB\"  # bytes; default\n"));
}

TEST_F(SettingsTest, what_is_printed_is_a_file_that_gives_the_same_settings) {
  Arguments arguments{"config", "--print"};
  for (const auto& setting : settings_table())
    arguments.push_back("--" + std::string(setting.name) + "=" + other_value(setting));
  const auto printed = read_settings(arguments, {});
  ASSERT_TRUE(printed) << printed.error();
  const auto again = settings_of({"--config", file(printed->text)});
  for (const auto& setting : settings_table())
    EXPECT_EQ(show(again, setting), show(printed->settings, setting)) << setting.name;
}

TEST(HostPort, takes_names_addresses_and_bracketed_addresses) {
  EXPECT_EQ(parse_host_port("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parse_host_port("localhost:0")->host, "localhost");
  EXPECT_EQ(parse_host_port("[::1]:65535")->host, "::1");
  for (const auto* bad :
       {"", ":", "8080", "localhost", "localhost:", ":8080", "a:65536", "a:-1", "a:1x", "::1:80", "[]:80"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

}  // namespace
}  // namespace tenure
