#include "tests/support/session_spec.h"

namespace tenure::testing {
namespace {

using EndSessionTest = SpecTest<SessionSpec>;

TEST_F(EndSessionTest, EndsASession) {
  given_a_session();
  when(end());
  then({{session::stream(session), {session::Ended{}}}});
  answers(Success::no_content);
  audits({"session " + session.str() + " "});
}

TEST_F(EndSessionTest, DoesNotFindASessionThatHasEnded) {
  given_a_session();
  given(session::stream(session), session::Ended{});
  when(end());
  then_refused(Reason::not_found);
}

TEST_F(EndSessionTest, DoesNotFindASessionOfAnotherUserOrOneThatNeverWas) {
  when(end());
  then_refused(Reason::not_found);
  given_a_session();
  when(session::EndSession{id<UserId>(2), id<AccountId>(2), session});
  then_refused(Reason::not_found);
}

TEST_F(EndSessionTest, ForgetsTheCredential) {
  given_a_session();
  when(end());
  happens();
  const auto& ended = states().get<session::State>(session::stream(session));
  EXPECT_TRUE(ended.ended);
  EXPECT_TRUE(ended.hash.empty());
}

TEST_F(EndSessionTest, StandsInTheFeedOfThePersonalAccountUnderTheKeyOfTheUser) {
  EXPECT_EQ(end().tenant().id(), user.str());
  EXPECT_EQ(end().tenant().feed(), account.str());
}

}  // namespace
}  // namespace tenure::testing
