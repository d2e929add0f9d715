// Lists by cursor.
#include <set>

#include "tests/e2e/served.h"

namespace tenure::test {
namespace {

class Lists : public Served {
 protected:
  static constexpr int rows = 23;
  void SetUp() override {
    for (int i = 0; i < rows; ++i) ASSERT_EQ(create_workspace("W" + std::to_string(i)).status, 201);
  }
};

TEST_F(Lists, GiveEveryRowExactlyOnceWhateverThePageSize) {
  for (const auto* order : {"created_at", "created_at%20desc", "name", "name%20desc"}) {
    for (const int limit : {1, 7, 23, 100}) {
      const auto ids = texts(api_.walk(std::string("/v1/workspaces?order_by=") + order, limit), "id");
      EXPECT_EQ(ids.size(), static_cast<std::size_t>(rows)) << order << ' ' << limit;
      EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), static_cast<std::size_t>(rows))
          << order << ' ' << limit;
    }
  }
}

TEST_F(Lists, HaveFiftyRowsAPageUnlessTold) {
  for (int i = rows; i < 51; ++i) create_workspace("W" + std::to_string(i));
  const auto page = api_.get("/v1/workspaces");
  EXPECT_EQ(page.rows().size(), 50U);
  EXPECT_EQ(text(page, "has_more"), "true");
}

TEST_F(Lists, GiveWhatWasThereDuringTheWholeWalkOnceAlthoughRowsComeAndChange) {
  const auto before = texts(api_.walk("/v1/workspaces"), "id");
  const auto first = api_.get("/v1/workspaces?limit=10");
  create_workspace("Newcomer");
  api_.patch("/v1/workspaces/" + before.back(), R"({"name":"Renamed"})");
  auto seen = texts(first.rows(), "id");
  const auto rest = api_.get("/v1/workspaces?limit=100&cursor=" + text(first, "next_cursor"));
  // The limit may change on the way; what the cursor is bound to is the query that selects and sorts.
  ASSERT_EQ(rest.status, 200) << rest.body;
  for (const auto& id : texts(rest.rows(), "id")) seen.push_back(id);
  EXPECT_EQ(seen, before);
}

TEST_F(Lists, RefuseACursorThatWasTamperedWithOrBelongsElsewhere) {
  const auto cursor = text(api_.get("/v1/workspaces?limit=5"), "next_cursor");
  for (std::size_t at = 0; at < cursor.size(); at += 3) {
    auto tampered = cursor;
    tampered[at] = tampered[at] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(is_refused(api_.get("/v1/workspaces?limit=5&cursor=" + tampered), 400, "invalid_cursor"))
        << tampered;
  }
  const auto workspace = texts(api_.get("/v1/workspaces?limit=1").rows(), "id").front();
  for (const auto& target :
       {"/v1/workspaces?order_by=name&cursor=" + cursor, "/v1/workspaces?status=active&cursor=" + cursor,
        "/v1/accounts?cursor=" + cursor, "/v1/workspaces/" + workspace + "/audit?cursor=" + cursor,
        std::string("/v1/workspaces?cursor=x"),
        "/v1/workspaces?cursor=" + cursor.substr(0, cursor.size() - 1)}) {
    EXPECT_TRUE(is_refused(api_.get(target), 400, "invalid_cursor")) << target;
  }
}

TEST_F(Lists, RefuseACursorOfAnotherCaller) {
  const auto workspace = settled_workspace("Last");
  const auto cursor = text(api_.get("/v1/workspaces?limit=5"), "next_cursor");
  EXPECT_TRUE(is_refused(with_token(workspace).get("/v1/workspaces?limit=5&cursor=" + cursor), 400,
                         "invalid_cursor"));
}

}  // namespace
}  // namespace tenure::test
