// tenure, the command line, against a real server.
#include <sys/stat.h>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

enum Exit { ok = 0, failed = 1, usage = 2, not_authenticated = 3, refused = 4, conflict = 5, try_again = 6 };

class CommandLine : public Served {
 protected:
  Finished tenure(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    environment.emplace("XDG_CONFIG_HOME", (dir_ / "config").string());
    return run(executable("tenure"), {.arguments = std::move(arguments),
                                      .environment = std::move(environment),
                                      .directory = dir_.path(),
                                      .name = "tenure"});
  }
  Finished log_in() {
    return tenure(
        {"auth", "login", "--token-file", (dir_ / "data/bootstrap-token").string(), "--url", server_.url()});
  }
  // With --output json.
  json::Value answer(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", "json"});
    const auto done = tenure(arguments);
    EXPECT_EQ(done.exit, ok) << done.err;
    const auto parsed = json::parse(done.out);
    EXPECT_TRUE(parsed) << done.out;
    return parsed ? *parsed : json::Value();
  }
};

TEST_F(CommandLine, KeepsASessionInAPrivateFileUntilLogout) {
  EXPECT_EQ(tenure({"workspaces", "list"}).exit, not_authenticated);
  const auto in = log_in();
  ASSERT_EQ(in.exit, ok) << in.err;
  struct stat status {};
  ASSERT_EQ(::stat((dir_ / "config/tenure/config.yaml").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(tenure({"auth", "status"}).exit, ok);
  EXPECT_EQ(tenure({"auth", "logout"}).exit, ok);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "config/tenure/config.yaml"));
  EXPECT_EQ(api_.get("/v1/me").status, 401);
  EXPECT_EQ(tenure({"auth", "status"}).exit, not_authenticated);
}

TEST_F(CommandLine, TheEnvironmentWinsOverTheSessionThatIsKept) {
  log_in();
  EXPECT_EQ(tenure({"auth", "status"}, {{"TENURE_TOKEN", "nonsense"}}).exit, not_authenticated);
  EXPECT_EQ(tenure({"auth", "status"}, {{"TENURE_URL", "http://127.0.0.1:1"}}).exit, try_again);
  std::filesystem::remove_all(dir_ / "config");
  EXPECT_EQ(tenure({"auth", "status"}, {{"TENURE_URL", server_.url()}, {"TENURE_TOKEN", api_.token()}}).exit,
            ok);
}

TEST_F(CommandLine, WalksAWorkspaceThroughItsLife) {
  log_in();
  const auto made = answer({"workspaces", "create", "Acme", "--region", "eu-1", "--wait"});
  const auto id = text(made, "id");
  EXPECT_EQ(text(made, "status"), "active");
  EXPECT_EQ(text(made, "region"), "eu-1");
  EXPECT_EQ(text(answer({"workspaces", "get", "acme"}), "id"), id);
  EXPECT_EQ(text(answer({"workspaces", "rename", id, "Globex"}), "name"), "Globex");
  EXPECT_EQ(text(answer({"workspaces", "freeze", id, "--reason", "unpaid"}), "status"), "frozen");
  EXPECT_EQ(text(answer({"workspaces", "unfreeze", id}), "status"), "active");
  EXPECT_THAT(texts(answer({"environments", "list", "--workspace", id}).as_array(), "slug"),
              ElementsAre("dev", "staging", "prod"));
  EXPECT_EQ(texts(answer({"workspaces", "list"}).as_array(), "id"), std::vector{id});
  EXPECT_EQ(text(answer({"operations", "wait", text(made, "operation_id")}), "state"), "SUCCEEDED");
  EXPECT_EQ(answer({"operations", "list", "--workspace", id}).as_array().size(), 1U);
  EXPECT_THAT(texts(answer({"audit", "--workspace", id, "--limit", "2"}).as_array(), "action"),
              ElementsAre("workspace.unfrozen", "workspace.frozen"));
  EXPECT_THAT(
      texts(answer({"audit", "--workspace", id, "--action", "workspace.updated"}).as_array(), "outcome"),
      ElementsAre("success"));
}

TEST_F(CommandLine, MakesAndRevokesTokens) {
  log_in();
  const auto id = settled_workspace();
  const auto made = answer({"tokens", "create", "ci", "--workspace", id, "--role", "member"});
  EXPECT_THAT(text(made, "token"), StartsWith("sk_akua_"));
  EXPECT_THAT(texts(answer({"tokens", "list", "--workspace", "acme"}).as_array(), "name"), ElementsAre("ci"));
  const auto unconfirmed = tenure({"tokens", "revoke", text(made, "id"), "--workspace", id});
  EXPECT_EQ(unconfirmed.exit, refused);
  EXPECT_THAT(unconfirmed.err, HasSubstr("--yes"));
  EXPECT_EQ(tenure({"tokens", "revoke", text(made, "id"), "--workspace", id, "--yes"}).exit, ok);
  EXPECT_EQ(api_.as(text(made, "token")).get("/v1/me").status, 401);
}

TEST_F(CommandLine, ListsEveryPage) {
  log_in();
  for (int i = 0; i < 101; ++i) create_workspace("W" + std::to_string(i));
  EXPECT_EQ(answer({"workspaces", "list"}).as_array().size(), 101U);
}

TEST_F(CommandLine, TablesLineUpWhateverTheAlphabet) {
  log_in();
  for (const auto* name : {"Ünïcode", "日本語", "plain"}) create_workspace(name);
  const auto table = tenure({"workspaces", "list"}).out;
  EXPECT_THAT(table, StartsWith("ID"));
  EXPECT_EQ(std::ranges::count(table, '\n'), 4);
  // Wide characters take two columns: the slug's column starts where its heading does.
  const auto heading = table.find("SLUG");
  for (const auto& [name, columns_less_than_bytes] :
       {std::pair<std::string, std::size_t>{"Ünïcode", 2}, {"日本語", 3}, {"plain", 0}}) {
    const auto line_start = table.rfind('\n', table.find(name)) + 1;
    const auto slug = line_start + heading + columns_less_than_bytes;
    EXPECT_EQ(table[slug - 1], ' ') << table;
    EXPECT_NE(table[slug], ' ') << table;
  }
}

TEST_F(CommandLine, ExitCodesSayWhatKindOfFailureItWas) {
  log_in();
  const auto id = settled_workspace();
  const auto robot = with_token(id, "member").token();
  struct Case {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    int exit;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{"workspaces"}, {}, usage, ""},
      {{"workspaces", "create"}, {}, usage, "name"},
      {{"workspaces", "lst"}, {}, usage, ""},
      {{"workspaces", "list", "--output", "xml"}, {}, usage, "xml"},
      {{"replay", "--stream", id, "--until", "yesterday"}, {}, usage, "--until"},
      {{"audit", "--workspace", id, "--from", "x"}, {}, usage, "--from"},
      {{"audit", "--workspace", id, "--outcome", "x"}, {}, usage, "denied"},
      {{"tokens", "create", "T", "--workspace", id, "--role", "boss"}, {}, usage, "member"},
      {{"workspaces", "create", "X", "--slug", "acme"}, {}, conflict, "slug_taken"},
      {{"workspaces", "create", "X", "--slug", "?"}, {}, failed, "slug"},
      {{"workspaces", "freeze", id}, {{"TENURE_TOKEN", robot}}, refused, "permission_denied"},
      {{"workspaces", "list"}, {{"TENURE_TOKEN", "x"}}, not_authenticated, "unauthenticated"},
      {{"workspaces", "list"}, {{"TENURE_URL", "http://127.0.0.1:1"}}, try_again, "127.0.0.1:1"},
      {{"workspaces", "list"}, {{"TENURE_URL", "gopher://x"}}, usage, "gopher"},
      {{"operations", "cancel", text(api_.get("/v1/workspaces/" + id), "operation_id")},
       {},
       failed,
       "operation_ended"},
      {{"auth", "login", "--token-file", "/nonexistent"}, {}, usage, "/nonexistent"},
  };
  for (const auto& test : cases) {
    const auto done = tenure(test.arguments, test.environment);
    EXPECT_EQ(done.exit, test.exit) << testing::PrintToString(test.arguments) << done.err;
    EXPECT_THAT(done.err, HasSubstr(test.message));
    EXPECT_EQ(done.out, "") << "messages belong on stderr";
  }
}

TEST_F(CommandLine, GivesJsonForProgramsAlsoWithoutAServer) {
  const auto id = settled_workspace();
  EXPECT_EQ(server_.terminate(), 0);
  const auto data = (dir_ / "data").string();
  const auto found = answer({"doctor", "--data-dir", data});
  EXPECT_EQ(text(found, "healthy"), "true");
  EXPECT_EQ(text(found, "differences"), "[]");
  EXPECT_EQ(text(found, "not_folded"), "0") << "it was stopped in order";
  EXPECT_EQ(text(answer({"rebuild", "--data-dir", data}), "commits"), text(found, "commits"));
  const auto replayed = tenure({"replay", "--stream", id, "--data-dir", data, "--output", "json"});
  const auto first = json::parse(replayed.out.substr(0, replayed.out.find('\n')));
  ASSERT_TRUE(first) << replayed.out;
  EXPECT_EQ(text(*first, "type"), "workspace.created");
}

TEST_F(CommandLine, AnErrorNamesTheFieldsAndTheRequest) {
  log_in();
  const auto done = tenure({"workspaces", "create", "X", "--slug", "?", "--tenancy-model", "odd"});
  EXPECT_THAT(done.err, AllOf(HasSubstr("slug"), HasSubstr("tenancy_model"), HasSubstr("req_")));
}

TEST_F(CommandLine, FollowsTheAuditFeed) {
  log_in();
  const auto id = settled_workspace();
  Program follower(executable("tenure"),
                   {.arguments = {"audit", "--workspace", id, "--follow", "--output", "json"},
                    .environment = {{"XDG_CONFIG_HOME", (dir_ / "config").string()}},
                    .directory = dir_.path(),
                    .name = "follower"});
  const auto lines = [&] { return std::ranges::count(follower.out(), '\n'); };
  ASSERT_TRUE(eventually([&] { return lines() == 4; })) << follower.out() << follower.err();
  for (int i = 0; i < 3; ++i)
    api_.patch("/v1/workspaces/" + id, R"({"name":"N)" + std::to_string(i) + R"("})");
  ASSERT_TRUE(eventually([&] { return lines() == 7; })) << follower.out() << follower.err();
  std::istringstream all(follower.out());
  int expected = 0;
  for (std::string line; std::getline(all, line); ++expected) {
    EXPECT_EQ(text(*json::parse(line), "sequence"), std::to_string(expected)) << "oldest first, each once";
  }
}

TEST_F(CommandLine, WritesCompletionsFromItsOwnCommands) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = tenure({"completion", shell});
    EXPECT_EQ(script.exit, ok);
    for (const auto* word : {"workspaces", "unfreeze", "tokens", "audit", "follow"})
      EXPECT_THAT(script.out, HasSubstr(word)) << shell;
  }
  const auto script = tenure({"completion", "bash"}).out;
  write_file(dir_ / "completion", script + R"(
COMP_WORDS=(tenure workspaces "un"); COMP_CWORD=2; _tenure; printf '%s\n' "${COMPREPLY[@]}"
COMP_WORDS=(tenure "wo"); COMP_CWORD=1; _tenure; printf '%s\n' "${COMPREPLY[@]}"
)");
  const auto completed = run("/bin/bash", {.arguments = {(dir_ / "completion").string()},
                                           .environment = {},
                                           .directory = dir_.path(),
                                           .name = "bash"});
  EXPECT_EQ(completed.out, "unfreeze\nworkspaces\n") << completed.err;
  EXPECT_EQ(tenure({"completion", "tcsh"}).exit, usage);
}

}  // namespace
}  // namespace tenure::test
