#include "core/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/store_spec.h"

namespace tenure {
namespace {

TEST_F(StoreTest, WhatWasWrittenIsReadAndTheLastWordOnAKeyCounts) {
  const auto store = open();
  Store::Batch batch;
  EXPECT_TRUE(batch.empty());
  batch.put("a", "1");
  batch.put("a", "2");
  batch.put("b", "3");
  batch.erase("b");
  batch.put(std::string_view("\0z", 2), std::string_view("\0\xff", 2));
  EXPECT_FALSE(batch.empty());
  store->write(batch);
  EXPECT_EQ(store->get("a"), "2");
  EXPECT_EQ(store->get("b"), std::nullopt);
  EXPECT_EQ(store->get(std::string_view("\0z", 2)), std::string_view("\0\xff", 2));
  std::string value = "old";
  EXPECT_TRUE(store->get("a", value));
  EXPECT_EQ(value, "2");
  EXPECT_FALSE(store->get("none", value));
  batch.clear();
  EXPECT_TRUE(batch.empty());
}

TEST_F(StoreTest, ARangeIsErasedWithoutItsEnd) {
  const auto store = open();
  Store::Batch batch;
  for (const char* key : {"pa", "pb", "pb1", "pc"}) batch.put(key, key);
  store->write(batch);
  batch.clear();
  batch.erase_range("pb", "pc");
  store->write(batch);
  EXPECT_EQ(keys_of(store->scan("")), (std::vector<std::string>{"pa", "pc"}));
}

TEST_F(StoreTest, ChangesBeforeAndAfterAnErasedRangeKeepTheirOrder) {
  const auto store = open();
  Store::Batch batch;
  batch.put("pb", "erased");
  batch.put("pc", "kept");
  batch.erase_range("pb", "pc");
  batch.put("pb1", "later");
  batch.put("pa", "later");
  store->write(batch);
  EXPECT_EQ(keys_of(store->scan("")), (std::vector<std::string>{"pa", "pb1", "pc"}));
}

TEST_F(StoreTest, RangesAndSingleKeysOfOneTableDoNotDisturbEachOther) {
  const auto store = open();
  std::set<std::string> expected;
  std::minstd_rand random(1);
  for (int step = 0; step < 2'000; ++step) {
    Store::Batch batch;
    const auto first = "p" + std::to_string(1000 + random() % 1000);
    const auto second = "p" + std::to_string(1000 + random() % 1000);
    const auto [from, to] = std::minmax(first, second);
    batch.put("o" + first, "");
    batch.put(first, "");
    expected.insert(first);
    if (step % 3 == 0) {
      batch.erase_range(from, to);
      expected.erase(expected.lower_bound(from), expected.lower_bound(to));
    }
    batch.put(second, "");
    expected.insert(second);
    store->write(batch);
  }
  EXPECT_EQ(keys_of(store->scan("p")), std::vector<std::string>(expected.begin(), expected.end()));
}

TEST_F(StoreTest, ARangeOutsideTheTablesForItIsRefused) {
  Store::Batch batch;
  EXPECT_THROW(batch.erase_range("a", "b"), std::invalid_argument);
  EXPECT_THROW(batch.erase_range("p", "q"), std::invalid_argument);
}

TEST_F(StoreTest, ARowThatWasReadIsReadAnewAfterEveryKindOfChange) {
  const auto store = open();
  const auto write = [&](const std::function<void(Store::Batch&)>& change) {
    Store::Batch batch;
    change(batch);
    store->write(batch);
  };
  for (const std::string key : {"Wa", "pa"}) {  // of a table that is read often, and of one that is not
    write([&](auto& batch) { batch.put(key, "1"); });
    EXPECT_EQ(store->get(key), "1");
    write([&](auto& batch) { batch.put(key, "2"); });
    EXPECT_EQ(store->get(key), "2");
    EXPECT_EQ(store->get(key), "2");
    write([&](auto& batch) { batch.erase(key); });
    EXPECT_EQ(store->get(key), std::nullopt);
    write([&](auto& batch) {
      batch.erase(key);
      batch.put(key, "3");
    });
    EXPECT_EQ(store->get(key), "3");
    write([&](auto& batch) {
      batch.put(key, "4");
      batch.erase(key);
    });
    EXPECT_EQ(store->get(key), std::nullopt);
  }
  write([](auto& batch) { batch.put("pa", "5"); });
  EXPECT_EQ(store->get("pa"), "5");
  write([](auto& batch) { batch.erase_range("pa", "pb"); });
  EXPECT_EQ(store->get("pa"), std::nullopt);
}

// Both rows always come with the same number, in one batch.
TEST_F(StoreTest, AReaderNeverSeesAnOldRowAfterANewOneOfTheSameBatch) {
  const auto store = open();
  const auto write = [&](int number) {
    Store::Batch batch;
    batch.put("Wfirst", std::to_string(number));
    batch.put("Wsecond", std::to_string(number));
    store->write(batch);
  };
  write(0);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const int first = std::stoi(store->get("Wfirst").value());
      const int second = std::stoi(store->get("Wsecond").value());
      ASSERT_GE(second, first);
    }
  });
  for (int number = 1; number <= 20'000; ++number) write(number);
  done = true;
  reader.join();
}

TEST_F(StoreTest, AScanSeesItsPrefixOnlyInByteOrderAndBothWays) {
  const auto store = open();
  Store::Batch batch;
  for (const char* key : {"a", "b", "b\x01", "b\xfe", "b\xff", "b\xff\xff", "c"}) batch.put(key, key);
  store->write(batch);
  EXPECT_EQ(keys_of(store->scan("b")),
            (std::vector<std::string>{"b", "b\x01", "b\xfe", "b\xff", "b\xff\xff"}));
  EXPECT_EQ(keys_of(store->scan("b\xff")), (std::vector<std::string>{"b\xff", "b\xff\xff"}));
  EXPECT_TRUE(keys_of(store->scan("d")).empty());

  Store::Scan scan = store->scan("b");
  scan.seek("a");
  ASSERT_TRUE(scan.valid());
  EXPECT_EQ(scan.key(), "b");
  scan.prev();
  EXPECT_FALSE(scan.valid());
  scan.seek_for_prev("z");
  ASSERT_TRUE(scan.valid());
  EXPECT_EQ(scan.key(), "b\xff\xff");
  EXPECT_EQ(scan.value(), "b\xff\xff");
  scan.next();
  EXPECT_FALSE(scan.valid());
  scan.seek_for_prev("b\x02");
  EXPECT_EQ(scan.key(), "b\x01");
  scan.to_last();
  EXPECT_EQ(scan.key(), "b\xff\xff");
  scan.seek("c");
  EXPECT_FALSE(scan.valid());
}

TEST_F(StoreTest, AScanDoesNotSeeLaterWrites) {
  const auto store = open();
  put(*store, "a", "1");
  Store::Scan scan = store->scan("");
  put(*store, "b", "2");
  EXPECT_EQ(keys_of(std::move(scan)), std::vector<std::string>{"a"});
  EXPECT_EQ(keys_of(store->scan("")).size(), 2U);
}

TEST_F(StoreTest, TheStoresOwnKeysAreHiddenAndCannotBeWritten) {
  const auto store = open();
  EXPECT_TRUE(keys_of(store->scan("")).empty());
  Store::Batch batch;
  EXPECT_THROW(batch.put("\xffmine", ""), std::invalid_argument);
}

TEST_F(StoreTest, ACleanStopKeepsEverything) {
  { put(*open(), "a", "1"); }
  EXPECT_EQ(open()->get("a"), "1");
}

TEST_F(StoreTest, CompactingRemovesErasedValuesFromTheFiles) {
  const std::string first = "CANARY-7f3a91c2d8-first";
  const std::string second = "CANARY-7f3a91c2d8-second";
  const auto store = open();
  put(*store, "p/1", first);
  put(*store, "p/2", second);
  store->flush();
  ASSERT_EQ(files_containing(first), 1);
  store->compact("", "\xff");  // down to the last level, from where only a forced rewrite removes it
  ASSERT_EQ(files_containing(first), 1);

  Store::Batch batch;
  batch.erase("p/1");
  store->write(batch);
  store->compact("p/1", "p/1");
  EXPECT_EQ(files_containing(first), 0);
  EXPECT_EQ(store->get("p/2"), second);
  ASSERT_EQ(files_containing(second), 1);

  batch.clear();
  batch.erase_range("p/", "p0");
  store->write(batch);
  store->compact("p/", "p0");
  EXPECT_EQ(files_containing(second), 0);
}

TEST_F(StoreTest, ACheckpointIsAConsistentCopyThatOpensByItself) {
  const auto store = open();
  put(*store, "a", "1");
  ASSERT_TRUE(store->checkpoint(root_ / "copy").has_value());
  put(*store, "a", "2");
  auto copy = Store::open(root_ / "copy", Store::Mode::read_write);
  ASSERT_TRUE(copy.has_value()) << copy.error().message;
  EXPECT_EQ((*copy)->get("a"), "1");
  const auto again = store->checkpoint(root_ / "copy");
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().message, testing::HasSubstr((root_ / "copy").string()));
  EXPECT_GT(store->size_on_disk_bytes(), 0U);
}

TEST_F(StoreTest, AReaderBesideTheWriterSeesWhatWasFlushedWhenItOpened) {
  const auto store = open();
  put(*store, "a", "1");
  store->flush();
  const auto reader = open(Store::Mode::read_only);
  put(*store, "a", "2");
  store->flush();
  store->compact("", "\xff");
  EXPECT_EQ(reader->get("a"), "1");
  Store::Batch batch;
  batch.put("b", "1");
  EXPECT_THROW(reader->write(batch), StoreFailure);
  EXPECT_EQ(open(Store::Mode::read_only)->get("a"), "2");
}

TEST_F(StoreTest, ReadersCanOpenWhileTheWriterFlushesAndCompacts) {
  const auto store = open();
  put(*store, "key", "value");
  store->flush();
  std::atomic<bool> stop{false};
  std::atomic<int> left{0};  // compactions beside one opening, which is to end also where it is slow
  std::thread writer([&] {
    while (!stop) {
      if (left.fetch_sub(1) <= 0) {
        std::this_thread::yield();
        continue;
      }
      put(*store, "key", "value");
      store->flush();
      store->compact("", "\xff");
    }
  });
  for (int opened = 0; opened < 30; ++opened) {
    left = 20;
    auto reader = Store::open(directory(), Store::Mode::read_only);
    EXPECT_TRUE(reader.has_value()) << reader.error().message;
    if (reader) {
      EXPECT_EQ((*reader)->get("key"), "value");
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace tenure
