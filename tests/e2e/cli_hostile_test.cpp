// tenure, the command line, against servers that fail, lie, or try to write to the terminal.
#include <mutex>

#include "tests/e2e/served.h"
#include "tests/support/fake_server.h"

namespace tenure::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CommandLineAndBadServers : public testing::Test {
 protected:
  Finished tenure(const FakeServer& server, std::vector<std::string> arguments) {
    return run(executable("tenure"), {.arguments = std::move(arguments),
                                      .environment = {{"XDG_CONFIG_HOME", (dir_ / "config").string()},
                                                      {"TENURE_URL", server.url()},
                                                      {"TENURE_TOKEN", "t"}},
                                      .directory = dir_.path(),
                                      .name = "tenure"});
  }
  TempDir dir_;
};

constexpr auto workspace =
    R"({"id":"ws_1","name":"Acme","slug":"acme","status":"active","created_at":1,"etag":"1"})";
constexpr auto unknown_outcome =
    R"({"status":503,"title":"Outcome unknown","detail":"Send it again.","reason":"outcome_unknown","request_id":"req_1","errors":[]})";

TEST_F(CommandLineAndBadServers, AWriteOfUnknownOutcomeIsSentAgainUnderTheSameKey) {
  std::mutex mutex;
  std::vector<std::string> keys;
  FakeServer server([&](const FakeServer::Seen& seen) {
    const std::lock_guard lock(mutex);
    keys.push_back(seen.header("Idempotency-Key"));
    if (keys.size() == 1) return http_answer("503 Service Unavailable", unknown_outcome);
    if (keys.size() == 2) return std::string();  // the connection is lost
    return http_answer("201 Created", workspace);
  });
  const auto done = tenure(server, {"workspaces", "create", "Acme", "--output", "json"});
  EXPECT_EQ(done.exit, 0) << done.err;
  const std::lock_guard lock(mutex);
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_THAT(keys, testing::Each(AllOf(
                        keys.front(), testing::SizeIs(testing::AllOf(testing::Ge(16U), testing::Le(64U))))));
}

TEST_F(CommandLineAndBadServers, TheSendingAgainEndsAndSaysToTryLater) {
  std::atomic<int> calls = 0;
  FakeServer server([&](const FakeServer::Seen&) {
    ++calls;
    return http_answer("503 Service Unavailable", unknown_outcome);
  });
  const auto done = tenure(server, {"workspaces", "create", "Acme"});
  EXPECT_EQ(done.exit, 6);
  EXPECT_THAT(done.err, AllOf(HasSubstr("outcome_unknown"), HasSubstr("req_1")));
  EXPECT_GT(calls, 1);
  EXPECT_LE(calls, 10);
}

TEST_F(CommandLineAndBadServers, ARefusalIsNotSentAgain) {
  std::atomic<int> calls = 0;
  FakeServer server([&](const FakeServer::Seen&) {
    ++calls;
    return http_answer(
        "409 Conflict",
        R"({"status":409,"title":"Slug taken","reason":"slug_taken","request_id":"req_1","errors":[]})");
  });
  EXPECT_EQ(tenure(server, {"workspaces", "create", "Acme"}).exit, 5);
  EXPECT_EQ(calls, 1);
}

TEST_F(CommandLineAndBadServers, NothingFromTheServerSteersTheTerminal) {
  // Escape, bell, a C1 control, a line break, and an override of direction, as JSON spells them.
  const std::string evil = "\\u001b[2Jred\\u0007\\u009b31m\\nnext\\u202eleft";
  FakeServer server([&](const FakeServer::Seen& seen) {
    if (seen.method == "POST") {
      return http_answer("422 Unprocessable", R"({"status":422,"detail":")" + evil + R"(","reason":")" +
                                                  evil + R"(","request_id":")" + evil +
                                                  R"(","errors":[{"code":422,"path":["body",")" + evil +
                                                  R"("],"message":")" + evil + R"("}]})");
    }
    return http_answer(
        "200 OK",
        R"({"data":[{"id":"ws_1","name":")" + evil +
            R"(","slug":"x","status":["\u001b[0m"],"created_at":1,"etag":"1"}],"has_more":false,"next_cursor":null})");
  });
  const auto listed = tenure(server, {"workspaces", "list"});
  const auto refused = tenure(server, {"workspaces", "create", "x"});
  EXPECT_EQ(std::ranges::count(listed.out, '\n'), 2) << listed.out;
  EXPECT_THAT(listed.out, HasSubstr("red"));
  for (const auto& written : {listed.out, listed.err, refused.out, refused.err}) {
    for (const auto* control : {"\x1b", "\x07", "\xc2\x9b", "\xe2\x80\xae"})
      EXPECT_THAT(written, Not(HasSubstr(control)));
  }
}

TEST_F(CommandLineAndBadServers, AnswersThatMakeNoSenseAreAFailureAndNoCrash) {
  for (const auto& answer :
       {http_answer("200 OK", ""), http_answer("200 OK", "<html>"), http_answer("200 OK", "[]"),
        http_answer("200 OK", "{}"),
        http_answer("200 OK", R"({"data":1,"has_more":true,"next_cursor":null})"),
        http_answer("200 OK", R"({"data":[7],"has_more":true,"next_cursor":null})"),
        http_answer("500 Oops", "x"), http_answer("400 Bad", R"({"errors":[1,{"path":[7],"message":8}]})"),
        std::string("SMTP\r\n\r\n")}) {
    const FakeServer server([&](const FakeServer::Seen&) { return answer; });
    const auto done = tenure(server, {"workspaces", "list"});
    EXPECT_EQ(done.exit, 1) << answer << done.err;
    EXPECT_NE(done.err, "") << answer;
  }
}

}  // namespace
}  // namespace tenure::test
