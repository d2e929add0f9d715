// Workspaces over HTTP: their shape, life and names.
#include <ranges>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::MatchesRegex;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class Workspaces : public Served {};
class WorkspacesInTrouble : public StaysProvisioning {};

std::vector<std::string> names_of(const json::Value& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.as_object()) names.emplace_back(name);
  return names;
}

TEST_F(Workspaces, ANewOneHasEveryMemberOfTheWireAndNoOther) {
  const auto made = api_.post("/v1/workspaces",
                              R"({"name":"Ünïcode & Söhne","region":"eu-1","tenancy_model":"dedicated"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_THAT(
      names_of(made.json),
      UnorderedElementsAre("id", "uuid", "name", "slug", "account_id", "region", "tenancy_model", "status",
                           "reconciling", "workspace_class", "plan", "managing_organization", "operation_id",
                           "created_at", "updated_at", "frozen_at", "purge_time", "etag"));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"name", "Ünïcode & Söhne"},       {"region", "eu-1"},      {"tenancy_model", "dedicated"},
      {"status", "provisioning"},        {"reconciling", "true"}, {"workspace_class", "standard"},
      {"managing_organization", "null"}, {"frozen_at", "null"},   {"purge_time", "null"}};
  for (const auto& [member, value] : expected) EXPECT_EQ(text(made, member), value) << member;
  EXPECT_EQ(made.header("etag"), '"' + text(made, "etag") + '"');
}

TEST_F(Workspaces, ItsEnvironmentsBecomeActiveAndItsOperationSucceeds) {
  const auto made = create_workspace("Acme");
  const auto ended = api_.post("/v1/operations/" + text(made, "operation_id") + ":wait?timeout=30");
  EXPECT_EQ(text(ended, "state"), "SUCCEEDED");
  EXPECT_EQ(text(ended, "type"), "workspace.provision");
  EXPECT_EQ(text(ended, "owner_id"), text(made, "id"));
  EXPECT_THAT(texts(ended.json.at("steps").as_array(), "name"),
              UnorderedElementsAre("provision_dev", "provision_staging", "provision_prod"));
  EXPECT_THAT(texts(ended.json.at("steps").as_array(), "status"), Each("completed"));
  const auto environments = api_.get("/v1/workspaces/" + text(made, "id") + "/environments").rows();
  EXPECT_THAT(texts(environments, "slug"), ElementsAre("dev", "staging", "prod"));
  EXPECT_THAT(texts(environments, "status"), Each("active"));
  const auto workspace = api_.get("/v1/workspaces/" + text(made, "id"));
  EXPECT_EQ(text(workspace, "status"), "active");
  EXPECT_EQ(text(workspace, "reconciling"), "false");
}

TEST_F(Workspaces, AUuidNamesTheSameOneInEveryPath) {
  const auto id = settled_workspace();
  const auto workspace = api_.get("/v1/workspaces/" + id);
  const auto uuid = text(workspace, "uuid");
  EXPECT_EQ(api_.get("/v1/workspaces/" + uuid).body, workspace.body);
  EXPECT_EQ(api_.get("/v1/workspaces/" + uuid + "/environments").body,
            api_.get("/v1/workspaces/" + id + "/environments").body);
  EXPECT_EQ(text(api_.post("/v1/workspaces/" + uuid + ":freeze"), "id"), id);
}

TEST_F(Workspaces, AFreezeShowsAndARepeatAnswersAsTheFirstDid) {
  const auto id = settled_workspace();
  const auto first = api_.post("/v1/workspaces/" + id + ":freeze", R"({"reason":"unpaid"})");
  EXPECT_EQ(text(first, "status"), "frozen");
  EXPECT_NE(text(first, "frozen_at"), "null");
  EXPECT_EQ(text(api_.get("/v1/workspaces/" + id + "/access_state"), "status"), "restricted");
  EXPECT_EQ(text(api_.get("/v1/workspaces/" + id + "/access_state"), "accessible"), "true");
  const auto entries = feed(id).size();
  EXPECT_EQ(api_.post("/v1/workspaces/" + id + ":freeze").body, first.body);

  const auto thawed = api_.post("/v1/workspaces/" + id + ":unfreeze");
  EXPECT_EQ(text(thawed, "status"), "active");
  EXPECT_EQ(text(thawed, "frozen_at"), "null");
  EXPECT_EQ(api_.post("/v1/workspaces/" + id + ":unfreeze").body, thawed.body);
  EXPECT_EQ(text(api_.get("/v1/workspaces/" + id + "/access_state"), "status"), "active");
  const auto events = api_.walk("/v1/workspaces/" + id + "/events?type=workspace.frozen");
  EXPECT_EQ(events.size(), 1U);
  EXPECT_GE(feed(id).size(), entries + 1);
}

TEST_F(Workspaces, TheAccessVersionGrowsWithEachChangeOfAccess) {
  const auto id = settled_workspace();
  const auto version = [&] {
    return std::stoi(text(api_.get("/v1/workspaces/" + id + "/access_state"), "access_version"));
  };
  const int active = version();
  api_.post("/v1/workspaces/" + id + ":freeze");
  const int frozen = version();
  api_.post("/v1/workspaces/" + id + ":unfreeze");
  EXPECT_LT(active, frozen);
  EXPECT_LT(frozen, version());
}

TEST_F(Workspaces, AFrozenOneRefusesWritesInsideButNotTakingAccessAwayOrReading) {
  const auto id = settled_workspace();
  const auto token = api_.post("/v1/api_tokens", R"({"name":"t"})", {{"Akua-Context", id}});
  api_.post("/v1/workspaces/" + id + ":freeze");
  EXPECT_TRUE(is_refused(api_.patch("/v1/workspaces/" + id, R"({"name":"New"})"), 423, "workspace_frozen"));
  EXPECT_TRUE(is_refused(api_.post("/v1/api_tokens", R"({"name":"u"})", {{"Akua-Context", id}}), 423,
                         "workspace_frozen"));
  EXPECT_TRUE(
      is_refused(api_.post("/v1/workspaces/" + id + "/environments/dev:retry"), 423, "workspace_frozen"));
  EXPECT_EQ(api_.get("/v1/workspaces/" + id).status, 200);
  EXPECT_EQ(api_.get("/v1/workspaces/" + id + "/audit").status, 200);
  EXPECT_EQ(api_.del("/v1/api_tokens/" + text(token, "id"), {{"Akua-Context", id}}).status, 204);
}

TEST_F(WorkspacesInTrouble, ARenameIsAllowedWhileProvisioningAndAFreezeIsNot) {
  const auto id = text(create_workspace("Acme"), "id");
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces/" + id + ":freeze"), 409, "workspace_provisioning"));
  const auto renamed = api_.patch("/v1/workspaces/" + id, R"({"name":"Globex"})");
  EXPECT_EQ(renamed.status, 200) << renamed.body;
  EXPECT_EQ(text(renamed, "name"), "Globex");
  EXPECT_EQ(text(renamed, "status"), "provisioning");
}

TEST_F(Workspaces, AnIfMatchIsTakenBareAndQuotedAndAsAStarAndAStaleOneIs412) {
  const auto id = settled_workspace();
  const auto path = "/v1/workspaces/" + id;
  const auto stale = text(api_.get(path), "etag");
  const auto current = [&] { return text(api_.get(path), "etag"); };
  EXPECT_EQ(api_.patch(path, R"({"name":"A"})", {{"If-Match", stale}}).status, 200);
  EXPECT_EQ(api_.patch(path, R"({"name":"B"})", {{"If-Match", '"' + current() + '"'}}).status, 200);
  EXPECT_EQ(api_.patch(path, R"({"name":"C"})", {{"If-Match", "*"}}).status, 200);
  const auto refused = api_.patch(path, R"({"name":"D"})", {{"If-Match", stale}});
  EXPECT_TRUE(is_refused(refused, 412, "etag_mismatch"));
  const auto& metadata = refused.json.at("errors").as_array().at(0).at("metadata").as_object();
  EXPECT_TRUE(std::ranges::any_of(metadata, [&](const auto& member) {
    return member.value() == json::Value(current());
  })) << refused.body;
  EXPECT_EQ(text(api_.get(path), "name"), "C");
}

TEST_F(Workspaces, AChangeToWhatIsThereAlreadyChangesNothing) {
  const auto id = settled_workspace();
  const auto before = api_.get("/v1/workspaces/" + id);
  EXPECT_EQ(api_.patch("/v1/workspaces/" + id, R"({"name":"Acme"})").body, before.body);
  EXPECT_EQ(api_.patch("/v1/workspaces/" + id, "{}").body, before.body);
}

TEST_F(Workspaces, SlugsComeFromTheNameAndAreMadeUnique) {
  EXPECT_EQ(text(create_workspace("Acme Corp."), "slug"), "acme-corp");
  EXPECT_THAT(text(create_workspace("ACME  corp"), "slug"),
              AllOf(StartsWith("acme-corp-"), MatchesRegex("[a-z0-9-]{3,39}")));
  // Whatever the name holds, the slug is well-formed (the shape of the answer is checked with every call).
  for (const std::string& name :
       {std::string("!!!"), std::string("日本語"), std::string("a"), std::string("-"), std::string("Ünïcode"),
        std::string("x.y.z"), std::string(100, 'w')}) {
    EXPECT_EQ(create_workspace(name).status, 201) << name;
  }
}

TEST_F(Workspaces, ATakenSlugIsAConflictAndAnIllFormedOneIsInvalid) {
  EXPECT_EQ(api_.post("/v1/workspaces", R"({"name":"A","slug":"acme"})").status, 201);
  EXPECT_TRUE(is_refused(api_.post("/v1/workspaces", R"({"name":"B","slug":"acme"})"), 409, "slug_taken"));
  const auto other = settled_workspace("Other");
  EXPECT_TRUE(is_refused(api_.patch("/v1/workspaces/" + other, R"({"slug":"acme"})"), 409, "slug_taken"));
  EXPECT_EQ(text(api_.patch("/v1/workspaces/" + other, R"({"slug":"other-2"})"), "slug"), "other-2");
  for (const auto* slug :
       {"ab", "-abc", "abc-", "Abc", "a_c", "a c", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_TRUE(
        is_refused(api_.post("/v1/workspaces", std::string(R"({"name":"C","slug":")") + slug + R"("})"), 422,
                   "validation_failed"))
        << slug;
  }
}

TEST_F(Workspaces, AListSortsAndFilters) {
  for (const auto* name : {"Beta", "alpha", "Gamma"}) settled_workspace(name);
  const auto account = text(api_.get("/v1/accounts").rows().at(0), "id");
  api_.post("/v1/workspaces/" + text(api_.get("/v1/workspaces?order_by=name").rows().at(0), "id") +
            ":freeze");
  const auto names = [&](const std::string& query) {
    return texts(api_.get("/v1/workspaces?" + query).rows(), "name");
  };
  EXPECT_THAT(names(""), ElementsAre("Gamma", "alpha", "Beta"));
  EXPECT_THAT(names("order_by=created_at"), ElementsAre("Beta", "alpha", "Gamma"));
  EXPECT_THAT(names("order_by=created_at%20desc"), ElementsAre("Gamma", "alpha", "Beta"));
  auto by_name = names("order_by=name");
  auto reversed = names("order_by=name%20desc");
  EXPECT_TRUE(std::ranges::equal(by_name, reversed | std::views::reverse));
  EXPECT_EQ(names("status=frozen").size(), 1U);
  EXPECT_EQ(names("status=active").size(), 2U);
  EXPECT_EQ(names("managed=true").size(), 0U);
  EXPECT_EQ(names("managed=false&show_deleted=true").size(), 3U);
  EXPECT_EQ(names("account_id=" + account).size(), 3U);
  EXPECT_EQ(names("account_id=acc_01h2xcejqtf2nbrexx3vqjhp41").size(), 0U);
  for (const auto* query : {"status=asleep", "order_by=slug", "account_id=acc_x", "managed=perhaps",
                            "limit=0", "limit=101", "limit=x", "colour=red"}) {
    EXPECT_TRUE(is_refused(api_.get(std::string("/v1/workspaces?") + query), 422, "validation_failed"))
        << query;
  }
}

TEST_F(Workspaces, OfATokenAreTheOneThatItBelongsToIfItPasses) {
  const auto id = settled_workspace();
  const auto account = text(api_.get("/v1/workspaces/" + id), "account_id");
  settled_workspace("Another");
  auto robot = with_token(id);
  const auto ids = [&](const std::string& query) {
    return texts(robot.get("/v1/workspaces?" + query).rows(), "id");
  };
  for (const auto& query : {std::string(), std::string("status=active"), "account_id=" + account,
                            std::string("managed=false"), std::string("order_by=name&limit=1")})
    EXPECT_THAT(ids(query), ElementsAre(id)) << query;
  for (const auto* query : {"status=frozen", "account_id=acc_01h2xcejqtf2nbrexx3vqjhp41", "managed=true"})
    EXPECT_THAT(ids(query), ElementsAre()) << query;
}

}  // namespace
}  // namespace tenure::test
