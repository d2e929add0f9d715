#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class ReleasePublicationTest : public SpecTest<DecisionSpec> {
 protected:
  static constexpr Partition partition_{3};
  void given_a_claim() {
    given(stream_, publication::Claimed{.node = node, .until = now + policy.saga_lease, .through = 4});
  }
  const StreamName stream_ = publication::stream(partition_);
};

TEST_F(ReleasePublicationTest, TheNodeThatHoldsItGivesItBackAndSaysHowFarItCame) {
  given_a_claim();
  when(publication::ReleasePublication{partition_, node, Offset{9}});
  then({{stream_, {publication::Released{.through = 9}}}});
}

TEST_F(ReleasePublicationTest, WhatIsPublishedNeverBecomesLess) {
  given_a_claim();
  when(publication::ReleasePublication{partition_, node, Offset{1}});
  then({{stream_, {publication::Released{.through = 4}}}});
}

TEST_F(ReleasePublicationTest, ChangesNothingWhenTheClaimIsAnotherNodes) {
  given_a_claim();
  when(publication::ReleasePublication{partition_, id<NodeId>(2), Offset{9}});
  then_nothing();
}

TEST_F(ReleasePublicationTest, ChangesNothingWhereNothingWasClaimed) {
  when(publication::ReleasePublication{partition_, node, Offset{9}});
  then_nothing();
}

}  // namespace
}  // namespace tenure::testing
