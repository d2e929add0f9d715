#include "tests/support/decision_spec.h"

namespace tenure::testing {
namespace {

class ClaimPublicationTest : public SpecTest<DecisionSpec> {
 protected:
  static constexpr Partition partition_{3};
  [[nodiscard]] static publication::ClaimPublication claim(NodeId by, std::uint64_t through) {
    return {partition_, by, Offset{through}};
  }
  [[nodiscard]] publication::Claimed claimed(NodeId by, std::uint64_t through) const {
    return {.node = by, .until = now + policy.saga_lease, .through = through};
  }
  const StreamName stream_ = publication::stream(partition_);
  const NodeId another_ = id<NodeId>(2);
};

TEST_F(ClaimPublicationTest, TheFirstNodeThatAsksHasItForALease) {
  when(claim(node, 0));
  then({{stream_, {claimed(node, 0)}}});
}

TEST_F(ClaimPublicationTest, TheNodeThatHoldsItRenewsItAndSaysHowFarItCame) {
  given(stream_, claimed(node, 4));
  passes(policy.saga_lease / 2);
  when(claim(node, 9));
  then({{stream_, {claimed(node, 9)}}});
}

TEST_F(ClaimPublicationTest, ChangesNothingWhileTheLeaseOfAnotherNodeRuns) {
  given(stream_, claimed(node, 4));
  passes(policy.saga_lease - Duration(1));
  when(claim(another_, 0));
  then_nothing();
}

TEST_F(ClaimPublicationTest, AnotherNodeGoesOnFromWhatIsWrittenDownOnceTheLeaseHasRunOut) {
  given(stream_, claimed(node, 4));
  passes(policy.saga_lease);
  when(claim(another_, 0));
  then({{stream_, {claimed(another_, 4)}}});
}

TEST_F(ClaimPublicationTest, ANodeTakesAtOnceWhatWasGivenBack) {
  given(stream_, claimed(node, 4));
  given(stream_, publication::Released{.through = 7});
  when(claim(another_, 0));
  then({{stream_, {claimed(another_, 7)}}});
}

TEST_F(ClaimPublicationTest, ChangesNothingWhenTheLeaseWouldEndNoLaterAndNothingMoreIsPublished) {
  given(stream_, claimed(node, 4));
  when(claim(node, 4));
  then_nothing();
}

TEST_F(ClaimPublicationTest, WhatIsPublishedNeverBecomesLess) {
  given(stream_, claimed(node, 4));
  passes(policy.saga_lease / 2);
  when(claim(node, 1));
  then({{stream_, {claimed(node, 4)}}});
}

}  // namespace
}  // namespace tenure::testing
