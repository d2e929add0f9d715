// The same request twice under one Idempotency-Key has one effect.
#include <ctime>
#include <thread>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

class Idempotency : public Served {};
class IdempotencyInTrouble : public KeepsTrying {};

Headers key(const std::string& value) { return {{"Idempotency-Key", value}}; }

TEST_F(Idempotency, ARepeatAnswersTheOriginalBytesAlsoAfterLaterChangesAndARestart) {
  const auto first = api_.post("/v1/workspaces", R"({"name":"Acme"})", key("k1"));
  ASSERT_EQ(first.status, 201);
  EXPECT_EQ(first.header("idempotent-replayed"), "");
  ASSERT_TRUE(eventually(
      [&] { return text(api_.get("/v1/workspaces/" + text(first, "id")), "status") == "active"; }));
  api_.patch("/v1/workspaces/" + text(first, "id"), R"({"name":"Renamed"})");
  const auto repeats_well = [&](const std::string& written) {
    const auto again = api_.post("/v1/workspaces", R"({"name":"Acme"})", key(written));
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("idempotent-replayed"), "true");
    EXPECT_EQ(again.header("tenure-position"), first.header("tenure-position"));
  };
  repeats_well("k1");
  repeats_well("\"k1\"");
  server_.kill9();
  server_.start();
  connect_again();
  repeats_well("k1");
  EXPECT_EQ(api_.get("/v1/workspaces").rows().size(), 1U);
}

TEST_F(Idempotency, TheSameMembersInAnotherOrderAreTheSameRequestOrARefusalButNeverASecondEffect) {
  api_.post("/v1/workspaces", R"({"name":"Acme","region":"eu"})", key("k"));
  const auto again = api_.post("/v1/workspaces", R"({"region":"eu","name":"Acme"})", key("k"));
  EXPECT_TRUE(again.status == 201 || again.status == 422) << again.body;
  EXPECT_EQ(api_.get("/v1/workspaces").rows().size(), 1U);
}

TEST_F(Idempotency, AKeyIsNotForAnotherRequest) {
  const auto id = settled_workspace();
  const auto path = "/v1/workspaces/" + id;
  EXPECT_EQ(api_.patch(path, R"({"name":"A"})", key("k")).status, 200);
  EXPECT_TRUE(is_refused(api_.patch(path, R"({"name":"B"})", key("k")), 422, "idempotency_key_reused"));
  EXPECT_TRUE(is_refused(api_.post(path + ":freeze", "{}", key("k")), 422, "idempotency_key_reused"));
  EXPECT_EQ(text(api_.get(path), "name"), "A");
  EXPECT_EQ(text(api_.get(path), "status"), "active");
}

// The body and the path were the same, so the first workspace's token was answered.
TEST_F(Idempotency, AKeyIsNotForTheSameRequestInAnotherContext) {
  const auto one = settled_workspace("One");
  const auto two = settled_workspace("Two");
  const auto ask = [&](const std::string& workspace) {
    return api_.post("/v1/api_tokens", R"({"name":"robot"})",
                     {{"Akua-Context", workspace}, {"Idempotency-Key", "k"}});
  };
  EXPECT_EQ(ask(one).status, 201);
  EXPECT_EQ(ask(one).header("idempotent-replayed"), "true");
  const auto elsewhere = ask(two);
  // Another partition knows nothing of the key; the same one refuses it.
  EXPECT_TRUE(elsewhere.status == 201 || elsewhere.status == 422) << elsewhere.body;
  EXPECT_EQ(elsewhere.header("idempotent-replayed"), "");
}

TEST_F(Idempotency, WhatHasGoneMeanwhileIsAnsweredAgainAllTheSame) {
  const auto id = settled_workspace();
  const Headers context{{"Akua-Context", id}};
  const auto with_key = [&](const std::string& value) {
    return Headers{{"Akua-Context", id}, {"Idempotency-Key", value}};
  };
  const auto soon = std::to_string(std::time(nullptr) + 2);
  const auto create = [&] {
    return api_.post("/v1/api_tokens", R"({"name":"robot","expires_at":)" + soon + "}", with_key("create"));
  };
  const auto made = create();
  ASSERT_EQ(made.status, 201) << made.body;
  auto robot = api_.as(text(made, "token"));
  ASSERT_TRUE(eventually([&] { return robot.get("/v1/me").status == 401; }));
  EXPECT_EQ(create().header("idempotent-replayed"), "true") << "although it would expire in the past now";
  EXPECT_TRUE(
      is_refused(api_.post("/v1/api_tokens", R"({"name":"robot","expires_at":)" + soon + "}", context), 422,
                 "validation_failed"));

  const auto revoke = [&] { return api_.del("/v1/api_tokens/" + text(made, "id"), with_key("revoke")); };
  EXPECT_EQ(revoke().status, 204);
  EXPECT_EQ(revoke().header("idempotent-replayed"), "true");
  EXPECT_TRUE(is_refused(api_.del("/v1/api_tokens/" + text(made, "id"), context), 404, "not_found"));
}

TEST_F(Idempotency, KeysOfDifferentCallersDoNotMeet) {
  const auto one = settled_workspace("One");
  const auto two = settled_workspace("Two");
  auto robot_one = with_token(one);
  auto robot_two = with_token(two);
  EXPECT_EQ(robot_one.patch("/v1/workspaces/" + one, R"({"name":"A"})", key("k")).status, 200);
  const auto reply = robot_two.patch("/v1/workspaces/" + two, R"({"name":"A"})", key("k"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(text(reply, "id"), two);
}

TEST_F(IdempotencyInTrouble, ARefusalIsNotKept) {
  const auto id = text(create_workspace("Acme"), "id");
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces/" + id + ":freeze", "{}", key("k")), 409,
                         "workspace_provisioning"));
  clear_the_way();
  ASSERT_TRUE(eventually([&] { return text(api_.get("/v1/workspaces/" + id), "status") == "active"; }));
  const auto decided_again = api_.post("/v1/workspaces/" + id + ":freeze", "{}", key("k"));
  EXPECT_EQ(decided_again.status, 200) << decided_again.body;
  EXPECT_EQ(decided_again.header("idempotent-replayed"), "");
}

TEST_F(Idempotency, AKeyHasOneTo64Characters) {
  EXPECT_EQ(api_.post("/v1/workspaces", R"({"name":"A"})", key(std::string(64, 'k'))).status, 201);
  for (const auto& bad : {std::string(65, 'k'), std::string("\"\""), std::string(R"("open)")}) {
    const auto reply = api_.post("/v1/workspaces", R"({"name":"B"})", key(bad));
    EXPECT_TRUE(reply.status == 400 || reply.status == 422) << bad << reply.body;
  }
  EXPECT_EQ(api_.get("/v1/workspaces").rows().size(), 1U);
}

TEST_F(Idempotency, ManyAtOnceHaveOneEffect) {
  constexpr int callers = 8;
  std::vector<Reply> replies(callers);
  std::vector<std::thread> threads;
  for (auto& reply : replies) {
    threads.emplace_back([&reply, client = api_.as(api_.token())]() mutable {
      reply = client.post("/v1/workspaces", R"({"name":"Acme"})", key("k"));
    });
  }
  for (auto& thread : threads) thread.join();
  const auto rows = api_.get("/v1/workspaces").rows();
  ASSERT_EQ(rows.size(), 1U);
  for (const auto& reply : replies) {
    if (reply.status == 201) {
      EXPECT_EQ(text(reply, "id"), text(rows.at(0), "id"));
    } else {
      EXPECT_TRUE(is_refused(reply, 409, "idempotency_key_in_use"));
    }
  }
}

}  // namespace
}  // namespace tenure::test
