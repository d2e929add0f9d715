#include "core/net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "tests/support/certificate.h"
#include "tests/support/fake_server.h"
#include "tests/support/temp_dir.h"

namespace tenure::net {
namespace {

using Kind = HttpFailure::Kind;
using test::FakeServer;
using test::http_answer;

constexpr std::chrono::seconds patience{10};

std::expected<HttpResponse, HttpFailure> get(const std::string& url, HttpClientOptions options = {},
                                             std::chrono::milliseconds timeout = patience) {
  auto client = HttpClient::to(url, std::move(options));
  if (!client) throw std::runtime_error(client.error());
  return client->send({}, timeout);
}

// What went wrong and what it says.
testing::AssertionResult fails(const std::expected<HttpResponse, HttpFailure>& answer, Kind kind,
                               std::string_view words) {
  if (answer) return testing::AssertionFailure() << "answered " << answer->status;
  if (answer.error().kind == kind && answer.error().message.contains(words))
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "kind " << static_cast<int>(answer.error().kind) << ": "
                                     << answer.error().message;
}

TEST(HttpClient, SendsWhatItIsGivenAndTakesTheAnswerApart) {
  FakeServer server([](const FakeServer::Seen& seen) {
    return http_answer("207 Many",
                       seen.method + ' ' + seen.target + ' ' + seen.header("X-One") + ' ' + seen.body,
                       "X-Answer: 1\r\nx-answer: 2\r\n");
  });
  auto client = HttpClient::to(server.url() + "/base/").value();
  const auto answer = client.send({"POST", "/a?b=c", {{"X-One", "1"}}, "body"}, patience);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 207);
  EXPECT_EQ(answer->body, "POST /base/a?b=c 1 body");
  EXPECT_EQ(answer->header("x-answer"), "1, 2");
}

TEST(HttpClient, KeepsItsConnectionUntilTheServerEndsIt) {
  FakeServer server([](const FakeServer::Seen& seen) {
    if (seen.target == "/end")
      return http_answer("200 OK", std::to_string(seen.connection), "Connection: close\r\n");
    return http_answer("200 OK", std::to_string(seen.connection));
  });
  auto client = HttpClient::to(server.url()).value();
  std::string connections;
  for (const auto* target : {"/", "/", "/end", "/"})
    connections += client.send({"GET", target, {}, {}}, patience)->body;
  EXPECT_EQ(connections, "1112");
}

TEST(HttpClient, RepeatsAReadOnAFreshConnectionButNeverAWrite) {
  // Each connection serves one request and then ends at the next, as one does whose idle time is over.
  int last = 0;
  FakeServer server([&last](const FakeServer::Seen& seen) {
    return std::exchange(last, seen.connection) == seen.connection
               ? std::string()
               : http_answer("200 OK", std::to_string(seen.connection));
  });
  auto client = HttpClient::to(server.url()).value();
  EXPECT_EQ(client.send({"GET", "/", {}, {}}, patience)->body, "1");
  EXPECT_EQ(client.send({"GET", "/", {}, {}}, patience)->body, "2");
  const auto write = client.send({"POST", "/", {}, "x"}, patience);
  EXPECT_TRUE(fails(write, Kind::closed, "ended the connection"));
  EXPECT_TRUE(write.error().was_sent);
}

TEST(HttpClient, SaysWhatWentWrong) {
  EXPECT_TRUE(fails(get("http://127.0.0.1:1"), Kind::connect, "127.0.0.1:1"));
  EXPECT_TRUE(fails(get("http://no-such-host.invalid"), Kind::resolve, "no-such-host.invalid"));
  FakeServer silent([](const FakeServer::Seen&) { return std::string(); });
  EXPECT_TRUE(fails(get(silent.url()), Kind::closed, silent.port()));
  FakeServer rude([](const FakeServer::Seen&) { return std::string("SMTP ready\r\n\r\n"); });
  EXPECT_TRUE(fails(get(rude.url()), Kind::malformed, "not HTTP"));
  FakeServer large([](const FakeServer::Seen&) { return http_answer("200 OK", std::string(1001, 'x')); });
  EXPECT_TRUE(fails(get(large.url(), {.trusted_certificates = {}, .response_bytes_max = 1000}),
                    Kind::too_large, "too large"));
  EXPECT_TRUE(get(large.url(), {.trusted_certificates = {}, .response_bytes_max = 1001}));
}

TEST(HttpClient, GivesUpWhenTheTimeIsOverInTheMiddleOfAnAnswer) {
  FakeServer endless(
      [](const FakeServer::Seen&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"); });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(fails(get(endless.url(), {}, std::chrono::milliseconds(100)), Kind::timeout, "in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, patience);
}

TEST(HttpClient, SendsNothingThatWouldReadAsSomethingElse) {
  FakeServer server([](const FakeServer::Seen&) { return http_answer("200 OK", ""); });
  auto client = HttpClient::to(server.url()).value();
  for (const auto& request :
       {HttpRequest{"GET", "/", {{"A", "b\r\nC: d"}}, {}}, HttpRequest{"GET", "/ HTTP/1.1\r\nA: b", {}, {}},
        HttpRequest{"GET", "/a b", {}, {}}, HttpRequest{"GET", "/", {{"A:", "b"}}, {}},
        HttpRequest{"G T", "/", {}, {}}}) {
    EXPECT_TRUE(fails(client.send(request, patience), Kind::invalid_request, "cannot be sent"));
  }
}

TEST(HttpClient, RefusesWhatIsNoUrl) {
  for (const auto* url : {"", "127.0.0.1:8080", "ftp://x", "http://", "http://:80", "http://x:port",
                          "http://x:123456", "http://u@x", "http://x y"}) {
    EXPECT_FALSE(HttpClient::to(url)) << url;
  }
  for (const auto* url : {"http://x", "https://x:8443/base", "http://[::1]:80"})
    EXPECT_TRUE(HttpClient::to(url)) << url;
}

class HttpsClient : public testing::Test {
 protected:
  // The answer of a server with this certificate to a client that trusts exactly it.
  std::expected<HttpResponse, HttpFailure> ask(const test::Certificate& identity, const std::string& host) {
    std::ofstream(dir_ / "trusted.pem") << identity.certificate;
    FakeServer server([](const FakeServer::Seen&) { return http_answer("200 OK", "safe"); }, identity);
    return get("https://" + host + ":" + server.port(), {.trusted_certificates = dir_ / "trusted.pem"});
  }
  test::TempDir dir_;
};

TEST_F(HttpsClient, TalksToAServerThatItTrusts) {
  const auto answer = ask(test::self_signed("localhost"), "localhost");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "safe");
}

TEST_F(HttpsClient, RefusesAnotherNameAnUnknownIssuerAndAnExpiredCertificate) {
  EXPECT_TRUE(
      fails(ask(test::self_signed("elsewhere.example"), "localhost"), Kind::tls, "no trusted connection"));
  EXPECT_TRUE(fails(ask(test::self_signed("localhost"), "127.0.0.1"), Kind::tls, "no trusted connection"));
  EXPECT_TRUE(fails(ask(test::self_signed("localhost", -60), "localhost"), Kind::tls, "expired"));
  FakeServer unknown([](const FakeServer::Seen&) { return http_answer("200 OK", ""); },
                     test::self_signed("localhost"));
  const auto refused = get(unknown.url());
  EXPECT_TRUE(fails(refused, Kind::tls, "self-signed"));
  EXPECT_FALSE(refused.error().was_sent) << "nothing may be said before the other side is known";
}

TEST_F(HttpsClient, RefusesAServerWithoutTls) {
  FakeServer plain([](const FakeServer::Seen&) { return std::string(); });
  EXPECT_FALSE(get("https://localhost:" + plain.port(), {}, std::chrono::seconds(2)));
  EXPECT_FALSE(HttpClient::to("https://localhost", {.trusted_certificates = dir_ / "absent.pem"}));
}

}  // namespace
}  // namespace tenure::net
