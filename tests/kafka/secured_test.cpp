// Kafka behind TLS and SASL: the whole system over it, and what a client that is not let in is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/api_client.h"
#include "tests/support/certificate.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tenure_command.h"

namespace tenure::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SecuredKafka : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> credentials(const std::string& ca,
                                                     const std::string& password_file) const {
    std::vector<std::string> flags;
    for (const auto& setting :
         {std::string("security.protocol=SASL_SSL"), std::string("sasl.mechanisms=PLAIN"),
          "ssl.ca.location=" + ca, "sasl.username=" + kafka_.user, "sasl.password=@" + password_file}) {
      flags.insert(flags.end(), {"--kafka-config", setting});
    }
    return flags;
  }
  [[nodiscard]] std::vector<std::string> credentials() const {
    return credentials(kafka_.ca, kafka_.password_file);
  }
  [[nodiscard]] std::vector<std::string> flags(const std::vector<std::string>& credentials) const {
    return with(kafka_flags(topics_, (dir_ / "").string()), credentials);
  }
  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
    const auto path = dir_ / name;
    write_file(path, content);
    return path.string();
  }
  // What a start that fails says; it has to end with 1.
  [[nodiscard]] std::string refusal(const std::vector<std::string>& credentials) const {
    const auto finished = run_tenured(start_arguments(dir_ / "refused", flags(credentials)), dir_.path());
    EXPECT_EQ(finished.exit, 1) << finished.out << finished.err;
    return finished.out + finished.err;
  }

  TempDir dir_;
  const KafkaCluster::Secure& kafka_ = shared_kafka().secure;
  const KafkaOptions topics_ = own_topics(kafka_.bootstrap);
};

TEST_F(SecuredKafka, CarriesEverythingAndThePasswordIsNeverShown) {
  TenuredProcess node(dir_ / "data", flags(credentials()));
  const auto token = node.bootstrap_token();
  const auto made = ApiClient(node.url(), token).post("/v1/workspaces", R"({"name":"Acme"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto log = node.err();
  ASSERT_EQ(node.terminate(), 0);

  const auto doctor = run_tenure(with({"doctor", "--data-dir", (dir_ / "data").string()},
                                      with(kafka_tool_flags(topics_, (dir_ / "").string()), credentials())),
                                 dir_ / "");
  EXPECT_EQ(doctor.exit, 0) << doctor.out << doctor.err;

  node.start();
  const auto path = "/v1/workspaces/" + text(made, "id");
  EXPECT_EQ(text(ApiClient(node.url(), token).get(path), "name"), "Acme");

  const auto config = run_tenured(with({"config", "--print"}, flags(credentials())), dir_.path());
  EXPECT_THAT(config.out, HasSubstr("sasl.password=@"));
  const auto password = read_file(kafka_.password_file);
  ASSERT_EQ(password.size(), 32U);
  for (const auto& said : {log, node.err(), doctor.out, doctor.err, config.out, config.err})
    EXPECT_THAT(said, Not(HasSubstr(password)));
}

TEST_F(SecuredKafka, AWrongPasswordStopsTheStartAndIsNotShown) {
  EXPECT_THAT(refusal(credentials(kafka_.ca, write("password", "hunter2-hunter2"))),
              AllOf(HasSubstr("Kafka at " + topics_.brokers + " refuses this client"),
                    HasSubstr("Authentication failed"), HasSubstr("correct --kafka-config"),
                    Not(HasSubstr("hunter2"))));
}

TEST_F(SecuredKafka, BrokersThatTheClientDoesNotTrustStopTheStart) {
  EXPECT_THAT(refusal(credentials(write("ca.pem", self_signed("other").certificate), kafka_.password_file)),
              AllOf(HasSubstr("Kafka at " + topics_.brokers + " refuses this client"),
                    HasSubstr("certificate"), HasSubstr("correct --kafka-config")));
}

}  // namespace
}  // namespace tenure::test
