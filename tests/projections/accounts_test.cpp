// The views of accounts and users.
#include "projections/accounts.h"

#include "projections/users.h"
#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

class AccountsViewTest : public ViewTest {
 protected:
  void create(std::uint8_t number, const std::string& name, UserId owner) {
    const auto id = numbered<AccountId>(number);
    happened(id.str(),
             {{account::stream(id),
               {account::Created{.id = id, .owner = owner, .name = name, .personal = number == 2}}}});
  }
};

TEST_F(AccountsViewTest, ARowIsTheAccountReadyToSend) {
  create(2, "Personal", user);
  const auto row = accounts::find(store(), account).value();
  EXPECT_EQ(row.json,
            "{\"id\":\"" + account.str() +
                R"(","name":"Personal","personal":true,"created_at":1700000000,"updated_at":1700000000,)"
                R"("etag":"1"})");
  EXPECT_EQ(row.version, 1U);
  EXPECT_EQ(row.name, "Personal");
  EXPECT_TRUE(row.personal);
}

TEST_F(AccountsViewTest, TheOwnerHasTheRoleOfAnOwnerAndNobodyElseHasOne) {
  create(2, "Personal", user);
  EXPECT_EQ(accounts::role_of(store(), user, account), AccountRole::owner);
  EXPECT_FALSE(accounts::role_of(store(), numbered<UserId>(9), account));
  EXPECT_FALSE(accounts::role_of(store(), user, numbered<AccountId>(9)));
}

TEST_F(AccountsViewTest, ListsThoseOfAUserInPagesOfEverySize) {
  create(2, "Personal", user);
  create(3, "Team", user);
  create(4, "Other", numbered<UserId>(9));
  create(5, "Last", user);
  for (const std::size_t limit : {1U, 2U, 3U, 4U}) {
    const auto rows =
        walk(limit, [&](const PageRequest& page) { return accounts::list(store(), user, page); });
    EXPECT_EQ(column(rows, "name"), (std::vector<std::string>{"Personal", "Team", "Last"})) << limit;
  }
  const auto memberships = accounts::of_user(store(), user);
  ASSERT_EQ(memberships.size(), 3U);
  EXPECT_EQ(memberships.front().account, account);
  EXPECT_EQ(memberships.front().role, AccountRole::owner);
}

TEST_F(AccountsViewTest, AUserIsKeptWithTheNameStillSealed) {
  happened(user.str(), {{user::stream(user),
                         {user::Registered{.id = user,
                                           .personal_account = account,
                                           .name = Sealed("usr_x.name"),
                                           .email = Sealed("usr_x.email")}}}});
  const auto found = users::find(store(), user);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name.text(), "usr_x.name");
  EXPECT_EQ(found->email->text(), "usr_x.email");
  EXPECT_EQ(found->personal_account, account);
  EXPECT_EQ(found->created_at, now);
  EXPECT_FALSE(users::find(store(), numbered<UserId>(9)));
}

}  // namespace
}  // namespace tenure::testing
