// tenured behind its own certificate.
#include <fstream>

#include "tests/e2e/served.h"
#include "tests/support/certificate.h"
#include "tests/support/raw_connection.h"

namespace tenure::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Tls : public testing::Test {
 protected:
  Tls() {
    const auto identity = self_signed("localhost");
    write_file(certificate_, identity.certificate);
    write_file(key_, identity.key);
  }
  [[nodiscard]] std::vector<std::string> flags() const {
    return {"--tls-cert", certificate_.string(), "--tls-key", key_.string()};
  }
  // The certificate is for a name.
  [[nodiscard]] net::HttpClient client(const TenuredProcess& server) const {
    const auto port = server.address().substr(server.address().rfind(':'));
    return net::HttpClient::to("https://localhost" + port, {.trusted_certificates = certificate_}).value();
  }
  Finished refused(const std::vector<std::string>& flags) {
    return run_tenured(start_arguments(dir_ / "data", flags), dir_.path());
  }

  TempDir dir_;
  std::filesystem::path certificate_ = dir_ / "tls.crt", key_ = dir_ / "tls.key";
};

TEST_F(Tls, ServesEverythingThatItServesInClear) {
  TenuredProcess server(dir_ / "data", flags());
  EXPECT_THAT(server.url(), StartsWith("https://"));
  auto https = client(server);
  const auto ask = [&](const std::string& method, const std::string& target, const std::string& body = {}) {
    return https
        .send({.method = method,
               .target = target,
               .headers = {{"Authorization", "Bearer " + server.bootstrap_token()},
                           {"Content-Type", "application/json"}},
               .body = body},
              std::chrono::seconds(10))
        .value();
  };
  const auto made = ask("POST", "/v1/workspaces", R"({"name":"Acme"})");
  EXPECT_EQ(made.status, 201) << made.body;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask("GET", "/v1/workspaces").status, 200);
  const auto large = ask("GET", "/v1/openapi.json");
  EXPECT_TRUE(json::parse(large.body)) << "several records of TLS";
  const auto too_large = ask("POST", "/v1/workspaces", std::string(2U << 20U, ' '));
  EXPECT_EQ(too_large.status, 413) << "the answer arrives although the body was not read to its end";
  EXPECT_EQ(server.terminate(), 0);
}

TEST_F(Tls, WhoeverDoesNotSpeakItGetsNothing) {
  TenuredProcess server(dir_ / "data", flags());
  EXPECT_FALSE(exchange(server.address(), "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(
      client(server)
          .send({.method = "GET", .target = "/livez", .headers = {}, .body = {}}, std::chrono::seconds(10))
          ->status,
      200);
}

TEST_F(Tls, AnIncompleteOrUnreadableIdentityStopsTheStartWithASentence) {
  const auto cert = certificate_.string();
  const auto key = key_.string();
  const auto half = refused({"--tls-cert", cert});
  EXPECT_EQ(half.exit, 1);
  EXPECT_THAT(half.err, HasSubstr("--tls-cert and --tls-key go together"));
  for (const auto& arguments :
       {std::vector<std::string>{"--tls-cert", (dir_ / "absent").string(), "--tls-key", key},
        {"--tls-cert", key, "--tls-key", key}}) {
    const auto done = refused(arguments);
    EXPECT_EQ(done.exit, 1);
    EXPECT_THAT(done.err, HasSubstr("--tls-cert " + arguments[1]));
  }
  write_file(key_, self_signed("localhost").key);
  const auto other = refused({"--tls-cert", cert, "--tls-key", key});
  EXPECT_EQ(other.exit, 1);
  EXPECT_THAT(other.err, HasSubstr("--tls-key " + key));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "data"));
}

}  // namespace
}  // namespace tenure::test
