// tenured as a process: what it keeps through its ends, and what it says when it cannot start.
#include <csignal>
#include <thread>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Ne;
using testing::Not;

class Process : public Served {
 protected:
  Finished tenured(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    return run_tenured(std::move(arguments), dir_.path(), std::move(environment));
  }
};

class ProcessThatHangs : public StaysProvisioning {};

// Everything that a client can read.
std::string everything(ApiClient& api, const std::string& workspace) {
  std::string all = api.get("/v1/workspaces").body;
  for (const auto* what : {"", "/environments", "/audit", "/events", "/operations", "/access_state"}) {
    all += '\n' + api.get("/v1/workspaces/" + workspace + what).body;
  }
  return all + api.get("/v1/operations/" + text(api.get("/v1/workspaces/" + workspace), "operation_id")).body;
}

std::string without(std::string text, const std::string& part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  return text;
}

TEST_F(Process, KeepsEverythingThroughAStopAndAKill) {
  const auto id = settled_workspace();
  auto robot = with_token(id);
  api_.patch("/v1/workspaces/" + id, R"({"name":"Globex"})");
  api_.post("/v1/workspaces/" + id + ":freeze");
  // Links name the listening address, whose port changes.
  const auto before = without(everything(api_, id), server_.url());
  EXPECT_EQ(server_.terminate(), 0);
  server_.start();
  connect_again();
  EXPECT_EQ(without(everything(api_, id), server_.url()), before);
  server_.kill9();
  server_.start();
  connect_again();
  EXPECT_EQ(without(everything(api_, id), server_.url()), before);
  EXPECT_EQ(ApiClient(server_.url(), robot.token()).get("/v1/workspaces/" + id).status, 200);
}

TEST_F(Process, LosesNothingThatWasAnsweredBeforeAKill) {
  const auto id = settled_workspace();
  std::string acknowledged;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 10; ++i) {
      const auto name = std::to_string(round) + "." + std::to_string(i);
      if (api_.patch("/v1/workspaces/" + id, R"({"name":")" + name + R"("})").status == 200)
        acknowledged = name;
    }
    server_.kill9();
    server_.start();
    connect_again();
    EXPECT_EQ(text(api_.get("/v1/workspaces/" + id), "name"), acknowledged);
  }
  EXPECT_EQ(feed(id, "action=workspace.updated").size(), 50U);
}

TEST_F(Process, ASecondOneOnTheSameDataIsRefusedAndTheFirstGoesOn) {
  const auto second = tenured(start_arguments(dir_ / "data"));
  EXPECT_THAT(second.exit, AllOf(Ne(0), Ne(-1)));
  EXPECT_THAT(second.err, HasSubstr((dir_ / "data").string()));
  EXPECT_EQ(second.out, "");
  EXPECT_EQ(create_workspace("Acme").status, 201);
}

TEST_F(ProcessThatHangs, WhoWaitsForAnOperationIsAnsweredWhenItStops) {
  const auto operation = text(create_workspace("Acme"), "operation_id");
  Reply answered;
  std::thread waiting([&answered, client = api_.as(api_.token()), operation]() mutable {
    answered = client.post("/v1/operations/" + operation + ":wait?timeout=60");
  });
  EXPECT_TRUE(eventually([&] {
    const auto metrics = api_.get("/metrics").body;
    return metrics.find("tenure_http_requests_in_flight 2\n") != std::string::npos;
  }));
  EXPECT_EQ(server_.terminate(), 0);
  waiting.join();
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_EQ(text(answered, "done"), "false");
}

class ProcessThatDrains : public Served {
 protected:
  ProcessThatDrains() : Served({"--drain-delay", "2s"}) {}
};

TEST_F(ProcessThatDrains, SaysThatItIsNotReadyWhileItStillTakesRequests) {
  EXPECT_EQ(api_.get("/readyz").status, 200);
  ::kill(server_.pid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return api_.get("/readyz").status == 503; }));
  EXPECT_EQ(create_workspace("Acme").status, 201);
  EXPECT_EQ(server_.terminate(), 0);
}

class ProcessWhereThingsGetStuck : public Unprovisionable {
 protected:
  ProcessWhereThingsGetStuck() : Unprovisionable({"--retry-base", "50s", "--stuck-after", "100ms"}) {}
};

TEST_F(ProcessWhereThingsGetStuck, TheLogNamesAnOperationThatMakesNoProgress) {
  const auto operation = text(create_workspace("Acme"), "operation_id");
  EXPECT_TRUE(eventually([&] {
    return server_.err().find("an operation makes no progress operation=\"" + operation) != std::string::npos;
  })) << server_.err();
}

TEST_F(Process, LogsEveryWriteAndEveryRefusalWithItsIdsAndReadsOnlyAtDebug) {
  constexpr auto trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto made = api_.post("/v1/workspaces", R"({"name":"Acme"})",
                              {{"X-Request-Id", "of-the-write"}, {"traceparent", trace}});
  EXPECT_EQ(made.header("traceparent"), trace);
  EXPECT_EQ(made.header("x-request-id"), "of-the-write");
  const auto read = api_.get("/v1/workspaces", {{"X-Request-Id", "of-the-read"}});
  EXPECT_EQ(read.header("traceparent").size(), 55U) << "one that was begun here";
  api_.as("").get("/v1/workspaces", {{"X-Request-Id", "of-the-refusal"}});
  EXPECT_TRUE(eventually([&] { return server_.err().find("of-the-refusal") != std::string::npos; }));
  EXPECT_THAT(server_.err(), HasSubstr(R"(info request method="POST" route="/v1/workspaces" status="201")"));
  EXPECT_THAT(server_.err(),
              HasSubstr(R"(request_id="of-the-write" trace_id="4bf92f3577b34da6a3ce929d0e0e4736")"));
  EXPECT_THAT(server_.err(), HasSubstr(R"(method="GET" route="/v1/workspaces" status="401")"));
  EXPECT_THAT(server_.err(), Not(HasSubstr("of-the-read")));
}

TEST_F(Process, AnotherNumberOfPartitionsIsRefusedWithTheRemedy) {
  EXPECT_EQ(server_.terminate(), 0);
  const auto refused = tenured(start_arguments(dir_ / "data", {"--partitions", "9"}));
  EXPECT_THAT(refused.exit, AllOf(Ne(0), Ne(-1)));
  EXPECT_THAT(refused.err, HasSubstr("was made with --partitions 4, not 9"));
}

TEST_F(Process, AnAddressInUseIsSaid) {
  const auto refused = tenured({"--data-dir", (dir_ / "other").string(), "--listen", server_.address()});
  EXPECT_THAT(refused.exit, AllOf(Ne(0), Ne(-1)));
  EXPECT_THAT(refused.err, HasSubstr(server_.address()));
}

TEST_F(Process, ARootKeyThatIsNotTheOneIsRefusedAndNothingIsOverwritten) {
  EXPECT_EQ(server_.terminate(), 0);
  const auto key = dir_ / "data/root-key";
  const auto right = read_file(key);
  write_file(key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
  const auto refused = tenured(start_arguments(dir_ / "data"));
  EXPECT_THAT(refused.exit, AllOf(Ne(0), Ne(-1)));
  EXPECT_THAT(refused.err, HasSubstr("key"));
  write_file(key, right);
  server_.start();
  connect_again();
  EXPECT_EQ(api_.get("/v1/me").status, 200);
}

TEST_F(Process, ConfigurationIsPrintedWithItsValuesAndWhereTheyComeFrom) {
  const auto file = dir_ / "config.yaml";
  write_file(file, "retry_base: 250ms\nstuck_after: 5m\n");
  const auto printed = tenured({"config", "--print", "--config", file.string(), "--stuck-after", "7m"},
                               {{"TENURE_RETRY_MAX", "30s"}});
  EXPECT_EQ(printed.exit, 0) << printed.err;
  for (const auto* expected : {"retry", "250ms", "7m", "30s"}) EXPECT_THAT(printed.out, HasSubstr(expected));
  EXPECT_THAT(printed.out, Not(HasSubstr("5m ")));
}

TEST_F(Process, AnUnknownOrBrokenSettingIsRefusedWithTheNearestKnownOne) {
  const auto file = dir_ / "config.yaml";
  struct Case {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::string yaml;
    std::vector<std::string> words;
  };
  const std::vector<Case> cases = {
      {{"--data-dri", "x"}, {}, "", {"data-dri", "data-dir"}},
      {{"--retry-base", "soon"}, {}, "", {"retry-base", "soon"}},
      {{"--listen", "nowhere"}, {}, "", {"listen", "nowhere"}},
      {{"--partitions", "0"}, {}, "", {"partitions"}},
      {{"--data-dir"}, {}, "", {"data-dir"}},
      {{}, {}, "listne: 127.0.0.1:1\n", {"listne", "listen"}},
      {{}, {}, "retry_base: [1\n", {"config.yaml"}},
      {{}, {{"TENURE_STUCK_AFTRE", "1m"}}, "", {"TENURE_STUCK_AFTRE", "TENURE_STUCK_AFTER"}},
  };
  for (const auto& test : cases) {
    auto arguments = test.arguments;
    if (!test.yaml.empty()) {
      write_file(file, test.yaml);
      arguments.insert(arguments.end(), {"--config", file.string()});
    }
    auto environment = test.environment;
    environment.emplace("TENURE_DATA_DIR", (dir_ / "untouched").string());
    const auto refused = tenured(arguments, environment);
    EXPECT_THAT(refused.exit, AllOf(Ne(0), Ne(-1))) << test.words.front();
    for (const auto& word : test.words) EXPECT_THAT(refused.err, HasSubstr(word));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "untouched")) << test.words.front();
  }
}

TEST_F(Process, HelpNamesEverySetting) {
  const auto help = tenured({"--help"});
  EXPECT_EQ(help.exit, 0);
  for (const auto* flag :
       {"--data-dir", "--listen", "--partitions", "--root-key-file", "--retry-base", "--stuck-after"}) {
    EXPECT_THAT(help.out, HasSubstr(flag));
  }
}

}  // namespace
}  // namespace tenure::test
