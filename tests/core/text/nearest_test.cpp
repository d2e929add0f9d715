#include "core/text/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tenure::text {
namespace {

constexpr std::array<std::string_view, 5> known{"name", "slug", "account_id", "region", "tenancy_model"};

TEST(NearestWord, IsTheOneThatWasMistyped) {
  EXPECT_EQ(nearest("nane", known), "name");
  EXPECT_EQ(nearest("nam", known), "name");
  EXPECT_EQ(nearest("names", known), "name");
  EXPECT_EQ(nearest("accountid", known), "account_id");
  EXPECT_EQ(nearest("acount_ids", known), "account_id");
  EXPECT_EQ(nearest("tenancyModel", known), "tenancy_model");
  EXPECT_EQ(nearest("slug", known), "slug");
  EXPECT_EQ(nearest("nmae", known), "name");
  EXPECT_EQ(nearest("nmea", known), std::nullopt);
}
TEST(NearestWord, IsNothingWhenAllAreTooFar) {
  EXPECT_FALSE(nearest("colour", known));
  EXPECT_FALSE(nearest("xx", known));
  EXPECT_FALSE(nearest("", known));
  EXPECT_FALSE(nearest("name", {}));
  EXPECT_FALSE(nearest(std::string(1U << 20U, 'n'), known));
}
TEST(NearestWord, IsTheFirstOfEquallyNearOnes) {
  constexpr std::array<std::string_view, 2> two{"cat", "car"};
  EXPECT_EQ(nearest("cab", two), "cat");
  EXPECT_EQ(nearest("car", two), "car");
}

}  // namespace
}  // namespace tenure::text
