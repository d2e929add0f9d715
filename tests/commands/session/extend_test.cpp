#include "tests/support/session_spec.h"

namespace tenure::testing {
namespace {

class ExtendSessionTest : public SpecTest<SessionSpec> {
 protected:
  [[nodiscard]] session::ExtendSession extend() const { return {user, account, session}; }
};

TEST_F(ExtendSessionTest, ExtendsByAYearFromNowOnceADayHasPassed) {
  given_a_session();
  passes(session::extended_every);
  when(extend());
  then({{session::stream(session), {session::Extended{.expires_at = now + session::lifetime}}}});
}

TEST_F(ExtendSessionTest, WritesAtMostOnceADay) {
  given_a_session();
  passes(session::extended_every - Duration(1));
  when(extend());
  then_nothing();

  passes(Duration(1));
  when(extend());
  happens();
  passes(session::extended_every - Duration(1));
  when(extend());
  then_nothing();
}

TEST_F(ExtendSessionTest, LeavesAnEndedSessionEnded) {
  given_a_session();
  given(session::stream(session), session::Ended{});
  passes(session::extended_every);
  when(extend());
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
