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

TEST(RowCache, ClosesAKeyWhileItIsWrittenAndHasItsNewRowThen) {
  RowCache cache;
  read_through(cache, "key", "old");
  {
    RowCache::Closed closed(cache);
    closed.close("key", "new");
    EXPECT_EQ(found(cache, "key"), std::nullopt);
  }
  EXPECT_EQ(found(cache, "key"), "new");
}

TEST(RowCache, LetsGoOfAKeyThatIsErased) {
  RowCache cache;
  read_through(cache, "key", "old");
  { RowCache::Closed(cache).close("key", std::nullopt); }
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

TEST(RowCache, DoesNotTakeWhatIsWrittenAndNeverRead) {
  RowCache cache;
  { RowCache::Closed(cache).close("key", "new"); }
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

TEST(RowCache, LeavesItToTheStoreWhoseRowOfTwoWritersStays) {
  RowCache cache;
  read_through(cache, "key", "old");
  RowCache::Closed first(cache);
  first.close("key", "one");
  { RowCache::Closed(cache).close("key", "two"); }
  EXPECT_EQ(found(cache, "key"), std::nullopt) << "the first is still writing";
}

TEST(RowCache, DoesNotTakeWhatWasReadBeforeAWriteEnded) {
  RowCache cache;
  std::string value;
  RowCache::Ticket before;
  RowCache::Ticket during;
  ASSERT_FALSE(cache.find("key", value, before));
  {
    RowCache::Closed closed(cache);
    closed.close("key", "new");
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
  first.close("key", "one");
  {
    RowCache::Closed second(cache);
    second.close("key", "two");
    second.close("key", "three");
  }
  read_through(cache, "key", "value");
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

TEST(RowCache, GivesASlotToTheKeyThatWasReadLast) {
  RowCache cache;
  for (int number = 0; number < 10'000; ++number) read_through(cache, std::to_string(number), "row");
  EXPECT_EQ(found(cache, "9999"), "row");
}

TEST(RowCache, LeavesLargeRowsOutside) {
  RowCache cache;
  const std::string large(1 << 20, 'x');
  read_through(cache, "key", large);
  EXPECT_EQ(found(cache, "key"), std::nullopt);
  read_through(cache, "key", "small");
  { RowCache::Closed(cache).close("key", large); }
  EXPECT_EQ(found(cache, "key"), std::nullopt);
}

}  // namespace
}  // namespace tenure
