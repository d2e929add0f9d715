#include "core/store/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

namespace tenure {
namespace {

std::optional<std::string> found(RowCache& cache, std::string_view key) {
  std::string value;
  RowCache::Ticket ticket;
  if (!cache.find(key, value, ticket)) return std::nullopt;
  return value;
}

void read_through(RowCache& cache, std::string_view key, std::string_view stored) {
  std::string value;
  RowCache::Ticket ticket;
  ASSERT_FALSE(cache.find(key, value, ticket));
  cache.enter(key, stored, ticket);
}

TEST(RowCache, KeepsWhatAReaderBrought) {
  RowCache cache;
  read_through(cache, "key", "value");
  EXPECT_EQ(found(cache, "key"), "value");
  EXPECT_EQ(found(cache, "another"), std::nullopt);
}

TEST(RowCache, LetsGoOfAKeyThatIsWritten) {
  RowCache cache;
  read_through(cache, "key", "old");
  {
    RowCache::Closed closed(cache);
    closed.close("key");
    EXPECT_EQ(found(cache, "key"), std::nullopt);
  }
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

TEST(RowCache, DoesNotTakeWhatWasReadBeforeAWriteEnded) {
  RowCache cache;
  std::string value;
  RowCache::Ticket before;
  RowCache::Ticket during;
  ASSERT_FALSE(cache.find("key", value, before));
  {
    RowCache::Closed closed(cache);
    closed.close("key");
    ASSERT_FALSE(cache.find("key", value, during));
    cache.enter("key", "old", during);
    EXPECT_EQ(found(cache, "key"), std::nullopt) << "read while the write was going on";
  }
  cache.enter("key", "old", before);
  EXPECT_EQ(found(cache, "key"), std::nullopt) << "read before the write";
  cache.enter("key", "old", during);
  EXPECT_EQ(found(cache, "key"), std::nullopt) << "read during the write, brought after it";
}

TEST(RowCache, OpensAKeyWhenTheLastOfItsWritersIsDone) {
  RowCache cache;
  RowCache::Closed first(cache);
  first.close("key");
  {
    RowCache::Closed second(cache);
    second.close("key");
    second.close("key");
  }
  read_through(cache, "key", "value");
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

TEST(RowCache, ClosesEverything) {
  RowCache cache;
  read_through(cache, "one", "1");
  read_through(cache, "two", "2");
  RowCache::Closed closed(cache);
  closed.close_all();
  EXPECT_EQ(found(cache, "one"), std::nullopt);
  EXPECT_EQ(found(cache, "two"), std::nullopt);
}

TEST(RowCache, LeavesLargeRowsOutside) {
  RowCache cache;
  read_through(cache, "key", std::string(1 << 20, 'x'));
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

}  // namespace
}  // namespace tenure
