#include "api/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "api/openapi.h"

namespace tenure {
namespace {

using http::Method;

bool is_unknown(const Router::Match& match) { return match.route == nullptr && match.allowed.empty(); }

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
  EXPECT_TRUE(is_unknown(find(Method::post, "/v1/workspaces/ws_1:melt")));
  EXPECT_TRUE(is_unknown(find(Method::get, "/v1/workspaces/ws_1:melt")));
}

TEST(RouterTest, AnotherMethodNamesTheAllowedOnes) {
  const auto match = find(Method::put, "/v1/workspaces/ws_1");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(std::ranges::count(match.allowed, Method::patch), 1);
  EXPECT_EQ(std::ranges::count(match.allowed, Method::head), 1);
}

TEST(RouterTest, AnEncodedSlashStaysInsideItsSegment) {
  EXPECT_TRUE(is_unknown(find(Method::get, "/v1%2Fworkspaces")));
  EXPECT_EQ(find(Method::get, "/v1/accounts/a%2Fb").path.front().second, "a/b");
}

TEST(RouterTest, EmptySegmentsAndTrailingSlashesAreUnknown) {
  EXPECT_TRUE(is_unknown(find(Method::get, "/v1/workspaces/")));
  EXPECT_TRUE(is_unknown(find(Method::get, "/v1//workspaces")));
}

TEST(RouterTest, HeadIsServedByTheRouteOfGet) {
  const auto match = find(Method::head, "/v1/workspaces/ws_1");
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->operation_id, "getWorkspace");
}

TEST(RouterTest, OptionsHasNoRouteAndNamesTheMethodsOfTheVerb) {
  const auto match = find(Method::options, "/v1/workspaces/ws_1:freeze");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, std::vector{Method::post});
}

TEST(RouterTest, ControlCharactersAreInNoKnownPath) {
  for (const std::string_view id : {"ws_1%00", "%0a", "ws%7f1", "ws_1%c2%85", "%00%3Afreeze"}) {
    EXPECT_TRUE(is_unknown(find(Method::get, "/v1/workspaces/" + std::string(id)))) << id;
    EXPECT_TRUE(is_unknown(find(Method::post, "/v1/workspaces/" + std::string(id)))) << id;
  }
}

TEST(RouterTest, AVerbNeedsAnIdBeforeItAndStandsAlone) {
  for (const std::string_view path :
       {":freeze", "ws_1:", "ws_1:freeze:", "ws_1:freeze%20", "ws_1:FREEZE", "ws_1::"}) {
    EXPECT_TRUE(is_unknown(find(Method::post, "/v1/workspaces/" + std::string(path)))) << path;
  }
}

// ---- Tables of these tests' own

Reply no_handler(Call&) { return http::Response{}; }

Route route(Method method, std::string_view pattern) {
  return {.method = method, .pattern = pattern, .handler = no_handler};
}

std::string_view pattern_of(const Router& router, Method method, std::string_view target) {
  http::Request request;
  EXPECT_TRUE(http::parse_target(target, request)) << target;
  const auto match = router.find(method, request.segments);
  return match.route == nullptr ? "none" : match.route->pattern;
}

TEST(RouterTest, TwoRoutesForTheSameRequestsAreAMistakeOfTheTable) {
  const std::vector<std::pair<std::string_view, std::string_view>> same{
      {"/a", "/a"}, {"/a/{b}", "/a/{b}"}, {"/a/{b}", "/a/{c}"}, {"/a/{b}:go", "/a/{c}:go"}};
  for (const auto& [left, right] : same) {
    const std::vector<Route> table{route(Method::get, left), route(Method::get, right)};
    EXPECT_THROW(Router{table}, std::logic_error) << left << right;
    const std::vector<Route> other_method{route(Method::get, left), route(Method::post, right)};
    EXPECT_NO_THROW(Router{other_method}) << left << right;
  }
  const std::vector<std::pair<std::string_view, std::string_view>> different{
      {"/a", "/b"},    {"/a", "/{b}"},  {"/a/{b}", "/a/{b}:go"}, {"/a/{b}:go", "/a/{b}:stop"},
      {"/a:go", "/a"}, {"/a", "/a/{b}"}};
  for (const auto& [left, right] : different) {
    const std::vector<Route> table{route(Method::get, left), route(Method::get, right)};
    EXPECT_NO_THROW(Router{table}) << left << right;
  }
}

TEST(RouterTest, ALiteralBeatsAParameterInWhicheverOrderTheyStand) {
  std::vector<Route> table{route(Method::get, "/a/{b}"), route(Method::get, "/a/current"),
                           route(Method::get, "/{x}/current"), route(Method::post, "/a:import"),
                           route(Method::delete_, "/a/{b}")};
  for (int i = 0; i < 2; ++i) {
    const Router router(table);
    EXPECT_EQ(pattern_of(router, Method::get, "/a/current"), "/a/current");
    EXPECT_EQ(pattern_of(router, Method::get, "/a/other"), "/a/{b}");
    EXPECT_EQ(pattern_of(router, Method::get, "/b/current"), "/{x}/current");
    EXPECT_EQ(pattern_of(router, Method::delete_, "/a/current"), "/a/{b}");
    EXPECT_EQ(pattern_of(router, Method::post, "/a%3Aimport"), "/a:import");
    std::ranges::reverse(table);
  }
}

TEST(RouterTest, GivesEachParameterOnceUnderItsName) {
  const std::vector<Route> table{route(Method::post, "/a/{b}/c/{d}:go"),
                                 route(Method::post, "/a/{b}/{x}/{y}:go")};
  const Router router(table);
  const auto match = router.find(Method::post, {"a", "1", "c", "2:go"});
  EXPECT_EQ(match.path, (std::vector<std::pair<std::string_view, std::string>>{{"b", "1"}, {"d", "2"}}));
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
