#include "api/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/openapi.h"

namespace tenure {
namespace {

using http::Method;

Router::Match find(Method method, std::string_view target) {
  http::Request request;
  EXPECT_TRUE(http::parse_target(target, request)) << target;
  static const Router router(route_table());
  return router.find(method, request.segments);
}

TEST(RouterTest, EveryRouteOfTheTableIsFoundUnderItsOwnPattern) {
  for (const auto& route : route_table()) {
    std::string path(route.pattern);
    std::ranges::replace(path, '{', 'x');
    std::erase(path, '}');
    EXPECT_EQ(find(route.method, path).route, &route) << route.pattern;
  }
}

TEST(RouterTest, EveryRouteHasAHandlerAnIdAndASummary) {
  std::set<std::string_view> ids;
  for (const auto& route : route_table()) {
    EXPECT_NE(route.handler, nullptr) << route.pattern;
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    EXPECT_TRUE(ids.insert(route.operation_id).second) << route.operation_id;
    const bool is_write = route.method != Method::get;
    EXPECT_EQ(is_write, route.body.has_value()) << route.pattern;
  }
}

TEST(RouterTest, AVerbMayComeEncoded) {
  const auto match = find(Method::post, "/v1/workspaces/ws_1%3Afreeze");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->operation_id, "freezeWorkspace");
  EXPECT_EQ(match.path.front().second, "ws_1");
}

TEST(RouterTest, AnUnknownVerbIsAnUnknownPath) {
  EXPECT_TRUE(find(Method::post, "/v1/workspaces/ws_1:melt").allowed.empty());
  EXPECT_TRUE(find(Method::get, "/v1/workspaces/ws_1:melt").allowed.empty());
}

TEST(RouterTest, AnotherMethodNamesTheAllowedOnes) {
  const auto match = find(Method::put, "/v1/workspaces/ws_1");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(std::ranges::count(match.allowed, Method::patch), 1);
  EXPECT_EQ(std::ranges::count(match.allowed, Method::head), 1);
}

TEST(RouterTest, AnEncodedSlashStaysInsideItsSegment) {
  EXPECT_TRUE(find(Method::get, "/v1%2Fworkspaces").allowed.empty());
  EXPECT_EQ(find(Method::get, "/v1/accounts/a%2Fb").path.front().second, "a/b");
}

TEST(RouterTest, EmptySegmentsAndTrailingSlashesAreUnknown) {
  EXPECT_TRUE(find(Method::get, "/v1/workspaces/").allowed.empty());
  EXPECT_TRUE(find(Method::get, "/v1//workspaces").allowed.empty());
}

TEST(RouterTest, TheOpenApiDocumentListsEveryRoute) {
  const auto document = json::parse(openapi_document(route_table()));
  ASSERT_TRUE(document) << document.error().message;
  for (const auto& route : route_table()) {
    EXPECT_TRUE(document->at("paths").as_object().contains(route.pattern)) << route.pattern;
  }
}

}  // namespace
}  // namespace tenure
