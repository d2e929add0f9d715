#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class BootstrapTest : public SpecTest<DecisionSpec> {
 protected:
  user::Bootstrap bootstrap_{.user = id<UserId>(1),
                             .account = id<AccountId>(2),
                             .session = id<SessionId>(3),
                             .name = Sealed("usr_x.box"),
                             .session_hash = std::string(64, 'a')};
};

TEST_F(BootstrapTest, MakesTheFirstUserAPersonalAccountAndASessionOfOneYear) {
  when(bootstrap_);
  then({{user::bootstrap_stream(), {reservation::Taken{}}},
        {user::stream(bootstrap_.user),
         {user::Registered{.id = bootstrap_.user,
                           .personal_account = bootstrap_.account,
                           .name = bootstrap_.name,
                           .email = std::nullopt}}},
        {account::stream(bootstrap_.account),
         {account::Created{
             .id = bootstrap_.account, .owner = bootstrap_.user, .name = "Personal", .personal = true}}},
        {session::stream(bootstrap_.session),
         {session::Started{.id = bootstrap_.session,
                           .user = bootstrap_.user,
                           .personal_account = bootstrap_.account,
                           .hash = bootstrap_.session_hash,
                           .expires_at = now + std::chrono::days{365}}}}});
  answers(Success::no_content);
  audits({"account " + bootstrap_.account.str() + " Personal", "session " + bootstrap_.session.str() + " "});
}

TEST_F(BootstrapTest, MakesDataKeysForTheUserAndTheAccount) {
  when(bootstrap_);
  EXPECT_EQ(decision().keys(), (std::vector<std::string>{bootstrap_.user.str(), bootstrap_.account.str()}));
}

TEST_F(BootstrapTest, BelongsToTheAccountWhoseFeedShowsIt) {
  EXPECT_EQ(bootstrap_.tenant().id(), bootstrap_.account.str());
  EXPECT_EQ(bootstrap_.tenant().feed(), bootstrap_.account.str());
}

TEST_F(BootstrapTest, IsRefusedWhereThereIsAFirstUserAlready) {
  when(bootstrap_);
  happens();
  bootstrap_.user = id<UserId>(9);
  when(bootstrap_);
  then_refused(Reason::already_exists);
}

}  // namespace
}  // namespace tenure::testing
