// The audit feed and the raw history of a workspace.
#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

class Audit : public Served {};
class AuditInTrouble : public StaysProvisioning {};

TEST_F(Audit, HasAnEntryForEveryAcceptedCommandWithoutAGap) {
  const auto id = settled_workspace();
  const auto path = "/v1/workspaces/" + id;
  api_.patch(path, R"({"name":"Globex"})");
  api_.post(path + ":freeze", R"({"reason":"unpaid"})");
  api_.post(path + ":unfreeze");
  const auto token = api_.post("/v1/api_tokens", R"({"name":"ci"})", {{"Akua-Context", id}});
  api_.del("/v1/api_tokens/" + text(token, "id"), {{"Akua-Context", id}});

  const auto entries = feed(id);
  EXPECT_THAT(texts(entries, "action"),
              ElementsAre("workspace.created", "environment.provisioned", "environment.provisioned",
                          "environment.provisioned", "workspace.updated", "workspace.frozen",
                          "workspace.unfrozen", "token.created", "token.revoked"));
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(text(entries[i], "sequence"), std::to_string(i));
  EXPECT_THAT(texts(entries, "outcome"), Each("success"));
  EXPECT_THAT(json::dump(entries[4].at("changes")), AllOf(HasSubstr("Acme"), HasSubstr("Globex")));
  EXPECT_EQ(text(entries[1], "actor.type"), "system");
  EXPECT_EQ(text(entries[4], "actor.type"), "user");
  auto newest_first = feed(id, "");
  std::ranges::reverse(newest_first);
  EXPECT_EQ(json::dump(newest_first), json::dump(entries));
}

TEST_F(Audit, KeepsWhoAskedAndFromWhere) {
  const auto id = settled_workspace();
  auto robot = with_token(id);
  robot.patch("/v1/workspaces/" + id, R"({"name":"X"})",
              {{"X-Request-Id", "req-7"},
               {"User-Agent", "robot/1"},
               {"Idempotency-Key", "k"},
               {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  const auto entry = feed(id, "").at(0);
  for (const auto& [path, expected] : {std::pair{"actor.type", "token"},
                                       {"actor.display", "robot"},
                                       {"context.request_id", "req-7"},
                                       {"context.user_agent", "robot/1"},
                                       {"context.ip", "127.0.0.1"},
                                       {"context.idempotency_key", "k"},
                                       {"context.trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}}) {
    EXPECT_EQ(text(entry, path), expected) << path;
  }
}

TEST_F(AuditInTrouble, HasWhatWasRefusedForWantOfPermissionOrOfState) {
  const auto id = text(create_workspace("Acme"), "id");
  create_workspace("Taken");
  auto member = with_token(id, "member");
  const auto path = "/v1/workspaces/" + id;
  const auto before = feed(id).size();
  member.patch(path, R"({"name":"X"})");                         // 403
  api_.post(path + ":freeze");                                   // 409
  api_.patch(path, R"({"name":"X"})", {{"If-Match", "\"0\""}});  // 412
  api_.patch(path, R"({"name":7})");                             // 422
  api_.patch(path, "{");                                         // 400
  api_.as("").patch(path, "{}");                                 // 401
  const auto entries = feed(id);
  ASSERT_EQ(entries.size(), before + 3);
  struct Expected {
    const char *outcome, *reason;
  };
  const auto expected = std::to_array<Expected>({{"denied", "permission_denied"},
                                                 {"rejected", "workspace_provisioning"},
                                                 {"rejected", "etag_mismatch"}});
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(text(entries[before + i], "outcome"), expected[i].outcome) << i;
    EXPECT_EQ(text(entries[before + i], "reason"), expected[i].reason) << i;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(text(entries[i], "sequence"), std::to_string(i));
}

TEST_F(Audit, HasOneEntryForManyEqualRefusalsOfAMinute) {
  const auto id = settled_workspace();
  auto member = with_token(id, "member");
  const auto before = feed(id).size();
  for (int i = 0; i < 20; ++i) member.patch("/v1/workspaces/" + id, R"({"name":"X"})");
  EXPECT_EQ(feed(id).size(), before + 1);
}

TEST_F(Audit, HasNoEntryForAReplay) {
  const auto id = settled_workspace();
  const Headers key{{"Idempotency-Key", "k"}};
  api_.patch("/v1/workspaces/" + id, R"({"name":"X"})", key);
  const auto before = feed(id).size();
  EXPECT_EQ(api_.patch("/v1/workspaces/" + id, R"({"name":"X"})", key).header("idempotent-replayed"), "true");
  EXPECT_EQ(feed(id).size(), before);
}

TEST_F(Audit, Filters) {
  const auto id = settled_workspace();
  auto robot = with_token(id, "member");
  robot.patch("/v1/workspaces/" + id, R"({"name":"X"})");
  const auto me = text(api_.get("/v1/me"), "id");
  const auto all = feed(id);
  const auto middle = text(all.at(4), "occurred_at");
  struct Case {
    std::string query;
    std::function<bool(const json::Value&)> wanted;
  };
  const auto is = [](const char* path, const std::string& value) {
    return [=](const json::Value& entry) { return text(entry, path) == value; };
  };
  const std::vector<Case> cases = {
      {"outcome=denied", is("outcome", "denied")},
      {"action=token.created", is("action", "token.created")},
      {"action=environment.*", is("action", "environment.provisioned")},
      {"actor=" + me, is("actor.id", me)},
      {"target=" + id,
       [&](const json::Value& entry) {
         return json::dump(entry.at("targets")).find(id) != std::string::npos;
       }},
      {"from=" + middle, [&](const json::Value& entry) { return text(entry, "occurred_at") >= middle; }},
      {"to=" + middle, [&](const json::Value& entry) { return text(entry, "occurred_at") <= middle; }},
  };
  for (const auto& test : cases) {
    // At the boundary of a time either reading is fine: it is left out of the comparison.
    const bool by_time = test.query.starts_with("from=") || test.query.starts_with("to=");
    const auto counts = [&](const json::Value& entry) {
      return !by_time || text(entry, "occurred_at") != middle;
    };
    json::Array wanted, found;
    for (const auto& entry : all) {
      if (test.wanted(entry) && counts(entry)) wanted.push_back(entry);
    }
    for (const auto& entry : feed(id, "order=asc&" + test.query)) {
      if (counts(entry)) found.push_back(entry);
    }
    EXPECT_EQ(json::dump(found), json::dump(wanted)) << test.query;
    EXPECT_FALSE(wanted.empty()) << test.query;
  }
  for (const auto* query : {"outcome=fine", "order=up", "from=yesterday", "colour=red"}) {
    EXPECT_TRUE(is_refused(api_.get("/v1/workspaces/" + id + "/audit?" + query), 422, "validation_failed"))
        << query;
  }
}

TEST_F(Audit, RawEventsAreTheWholeHistoryOldestFirst) {
  const auto id = settled_workspace();
  api_.patch("/v1/workspaces/" + id, R"({"name":"Globex"})");
  const auto events = api_.walk("/v1/workspaces/" + id + "/events", 3);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(text(events.front(), "type"), "workspace.created");
  const auto one_type = api_.walk("/v1/workspaces/" + id + "/events?type=" + text(events.back(), "type"));
  EXPECT_EQ(one_type.size(), 1U);
  EXPECT_EQ(json::dump(one_type.front()), json::dump(events.back()));
  for (const auto& event : events) {
    EXPECT_TRUE(event.as_object().contains("correlation_id")) << json::dump(event);
    EXPECT_TRUE(event.as_object().contains("causation_id")) << json::dump(event);
  }
}

}  // namespace
}  // namespace tenure::test
