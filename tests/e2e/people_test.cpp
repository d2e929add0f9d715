// The first user: bootstrap token, sessions, accounts.
#include <sys/stat.h>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class People : public Served {};

TEST_F(People, TheBootstrapTokenIsAnOrdinarySessionInAPrivateFile) {
  const auto file = dir_ / "data/bootstrap-token";
  EXPECT_THAT(read_file(file), MatchesRegex("[A-Za-z0-9]{32}\n"));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_THAT(server_.err(), Not(HasSubstr(api_.token())));
  EXPECT_THAT(server_.out(), Not(HasSubstr(api_.token())));
}

TEST_F(People, TheFirstUserHasAPersonalAccount) {
  const auto me = api_.get("/v1/me");
  EXPECT_EQ(text(me, "credential.kind"), "session");
  ASSERT_EQ(me.json.at("accounts").as_array().size(), 1U);
  const auto account = me.json.at("accounts").as_array().at(0);
  EXPECT_EQ(text(account, "role"), "owner");
  EXPECT_EQ(text(account, "personal"), "true");
  EXPECT_THAT(texts(api_.get("/v1/accounts").rows(), "id"), ElementsAre(text(account, "id")));
  EXPECT_EQ(text(api_.get("/v1/accounts/" + text(account, "id")), "id"), text(account, "id"));
  EXPECT_TRUE(is_refused(api_.get("/v1/accounts/acc_01h2xcejqtf2nbrexx3vqjhp41"), 404, "not_found"));
}

TEST_F(People, LoggingOutEndsTheSessionAtOnceAndForGood) {
  const auto session = api_.get("/v1/auth/session");
  EXPECT_THAT(texts(api_.get("/v1/auth/sessions").rows(), "id"), ElementsAre(text(session, "id")));
  EXPECT_EQ(text(api_.get("/v1/me"), "credential.id"), text(session, "id"));
  EXPECT_TRUE(is_refused(api_.del("/v1/auth/sessions/ses_01h2xcejqtf2nbrexx3vqjhp41"), 404, "not_found"));
  EXPECT_EQ(api_.del("/v1/auth/session").status, 204);
  EXPECT_TRUE(is_refused(api_.get("/v1/me"), 401, "unauthenticated"));
  server_.kill9();
  server_.start();
  connect_again();
  EXPECT_TRUE(is_refused(api_.get("/v1/me"), 401, "unauthenticated"));
}

TEST_F(People, ASessionCanBeEndedByItsId) {
  const auto session = text(api_.get("/v1/auth/session"), "id");
  EXPECT_EQ(api_.del("/v1/auth/sessions/" + session).status, 204);
  EXPECT_TRUE(is_refused(api_.get("/v1/me"), 401, "unauthenticated"));
}

}  // namespace
}  // namespace tenure::test
