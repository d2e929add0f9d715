#include "core/store/store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace tenure {
namespace {

using testing::HasSubstr;

// How the processes below end when everything before the crash went well.
constexpr int crashed = 42;

class StoreTest : public testing::Test {
 public:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenure-store-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~StoreTest() override { std::filesystem::remove_all(root_); }

 protected:
  [[nodiscard]] std::filesystem::path directory() const { return root_ / "store"; }

  [[nodiscard]] std::unique_ptr<Store> open(Store::Mode mode = Store::Mode::read_write) const {
    auto store = Store::open(directory(), mode);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }
  [[nodiscard]] std::string refusal(Store::Mode mode = Store::Mode::read_write) const {
    auto store = Store::open(directory(), mode);
    return store ? "opened" : store.error().message;
  }

  static void put(Store& store, std::string_view key, std::string_view value) {
    Store::Batch batch;
    batch.put(key, value);
    store.write(batch);
  }

  // Also what an interrupted rename or an obsolete file would still hold.
  [[nodiscard]] int files_containing(std::string_view needle) const {
    int found = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.find(needle) != std::string::npos) ++found;
    }
    return found;
  }
  [[nodiscard]] std::vector<std::filesystem::path> files(std::string_view part) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      if (entry.path().filename().string().find(part) != std::string::npos) found.push_back(entry.path());
    }
    return found;
  }

  std::filesystem::path root_;
};

std::vector<std::string> keys_of(Store::Scan scan) {
  std::vector<std::string> keys;
  for (scan.to_first(); scan.valid(); scan.next()) keys.emplace_back(scan.key());
  return keys;
}

std::string random_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

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
  write([](auto& batch) { batch.put("pa", "1"); });
  EXPECT_EQ(store->get("pa"), "1");
  write([](auto& batch) { batch.put("pa", "2"); });
  EXPECT_EQ(store->get("pa"), "2");
  write([](auto& batch) { batch.erase("pa"); });
  EXPECT_EQ(store->get("pa"), std::nullopt);
  write([](auto& batch) { batch.put("pa", "3"); });
  EXPECT_EQ(store->get("pa"), "3");
  write([](auto& batch) { batch.erase_range("pa", "pb"); });
  EXPECT_EQ(store->get("pa"), std::nullopt);
}

// Both rows always come with the same number, in one batch.
TEST_F(StoreTest, AReaderNeverSeesAnOldRowAfterANewOneOfTheSameBatch) {
  const auto store = open();
  const auto write = [&](int number) {
    Store::Batch batch;
    batch.put("first", std::to_string(number));
    batch.put("second", std::to_string(number));
    store->write(batch);
  };
  write(0);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const int first = std::stoi(store->get("first").value());
      const int second = std::stoi(store->get("second").value());
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

// A process that crashes: this binary again, running one of the tests below that are disabled otherwise. A
// bare fork would have none of RocksDB's background threads.
void run_and_crash(const std::string& test, const std::filesystem::path& directory) {
  const std::string filter = "--gtest_filter=" + test;
  const std::string path = directory.string();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::setenv("TENURE_TEST_DIRECTORY", path.c_str(), 1);
    ::execl("/proc/self/exe", "/proc/self/exe", filter.c_str(), "--gtest_also_run_disabled_tests",
            static_cast<char*>(nullptr));
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), crashed);
}

std::unique_ptr<Store> store_of_crashing_process() {
  const char* directory = ::getenv("TENURE_TEST_DIRECTORY");
  if (directory == nullptr) ::_exit(1);
  auto store = Store::open(directory, Store::Mode::read_write);
  if (!store) ::_exit(1);
  return std::move(*store);
}

std::string filler() { return random_bytes(20'000, 1); }

TEST(StoreProcess, DISABLED_WritesWhileFlushingAndCrashes) {
  const auto store = store_of_crashing_process();
  const auto begun = store->get("counter");
  int number = begun ? std::stoi(*begun) : 0;
  std::thread([&store] {
    for (;;) store->flush();
  }).detach();
  for (int batches = 0; batches < 2'000; ++batches) {
    ++number;
    Store::Batch batch;
    batch.put(fmt::format("a/{:08}", number), filler());
    batch.put("counter", std::to_string(number));
    batch.put(fmt::format("z/{:08}", number), filler());
    batch.erase(fmt::format("a/{:08}", number - 5));
    store->write(batch);
  }
  ::_exit(crashed);
}

TEST(StoreProcess, DISABLED_FlushesAndCrashes) {
  const auto store = store_of_crashing_process();
  Store::Batch batch;
  batch.put("flushed", "1");
  store->write(batch);
  store->flush();
  ::_exit(crashed);
}

// The store has no write-ahead log, so what a crash leaves is what was flushed, and a flush may begin between
// any two writes. Two keys far apart and a counter are written by each batch, while flushes run all the time.
TEST_F(StoreTest, ACrashNeverSplitsABatchAndNeverLeavesAHole) {
  for (int round = 0; round < 3; ++round) {
    run_and_crash("StoreProcess.DISABLED_WritesWhileFlushingAndCrashes", directory());
    const auto store = open();
    const auto counter = store->get("counter");
    ASSERT_TRUE(counter.has_value());
    const int number = std::stoi(*counter);
    EXPECT_GT(number, 0);
    const auto z = keys_of(store->scan("z/"));
    ASSERT_EQ(z.size(), static_cast<std::size_t>(number));
    EXPECT_EQ(z.back(), fmt::format("z/{:08}", number));
    std::vector<std::string> expected;
    for (int kept = std::max(1, number - 4); kept <= number; ++kept)
      expected.push_back(fmt::format("a/{:08}", kept));
    EXPECT_EQ(keys_of(store->scan("a/")), expected);
  }
}

TEST_F(StoreTest, WhatWasFlushedSurvivesACrash) {
  run_and_crash("StoreProcess.DISABLED_FlushesAndCrashes", directory());
  EXPECT_EQ(open()->get("flushed"), "1");
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
  EXPECT_THAT(again.error().message, HasSubstr((root_ / "copy").string()));
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

TEST_F(StoreTest, ADirectoryInUseIsRefusedWithItsName) {
  const auto store = open();
  EXPECT_THAT(refusal(),
              testing::AllOf(HasSubstr(directory().string()), HasSubstr("in use by another process"),
                             HasSubstr("stop that process")));
}

TEST_F(StoreTest, AReaderOfAMissingDirectoryIsRefusedAndCreatesNothing) {
  EXPECT_THAT(refusal(Store::Mode::read_only), HasSubstr("there is no store in " + directory().string()));
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(StoreTest, ANewerFormatIsRefused) {
  { put(*open(), "a", "1"); }
  {
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::Options(), directory().string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "\xfftenure.store.format", "2").ok());
  }
  EXPECT_THAT(refusal(), testing::AllOf(HasSubstr(directory().string()), HasSubstr("has format 2"),
                                        HasSubstr("newer version"), HasSubstr("delete this directory")));
  EXPECT_THAT(refusal(Store::Mode::read_only), HasSubstr("has format 2"));
}

TEST_F(StoreTest, SomebodyElsesDatabaseIsRefused) {
  std::filesystem::create_directory(directory());
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, directory().string(), &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "theirs", "1").ok());
  }
  EXPECT_THAT(refusal(), HasSubstr("no format stamp"));
}

class DamagedStoreTest : public StoreTest, public testing::WithParamInterface<const char*> {};

// Each kind of file that makes the store: without it, or with half of it, the store must not open as if new.
TEST_P(DamagedStoreTest, IsRefusedWithTheRemedy) {
  {
    const auto store = open();
    for (int key = 0; key < 200; ++key) put(*store, std::to_string(key), random_bytes(500, 7));
  }
  const std::string what = GetParam();
  const bool truncate = what.starts_with("half ");
  const auto hit = files(truncate ? what.substr(5) : what);
  ASSERT_FALSE(hit.empty());
  for (const auto& path : hit) {
    if (truncate) {
      std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    } else {
      std::filesystem::remove(path);
    }
  }
  EXPECT_THAT(refusal(), testing::AllOf(HasSubstr(directory().string()), HasSubstr("damaged"),
                                        HasSubstr("delete this directory, it is rebuilt from the log")));
}
INSTANTIATE_TEST_SUITE_P(Files, DamagedStoreTest,
                         testing::Values("CURRENT", "MANIFEST", ".sst", "half .sst", "half CURRENT"));

TEST_F(StoreTest, ARottenBlockIsAFailureThatNamesTheDirectory) {
  {
    const auto store = open();
    for (int key = 0; key < 200; ++key)
      put(*store, std::to_string(key), random_bytes(500, static_cast<std::uint32_t>(key)));
  }
  for (const auto& path : files(".sst")) {
    if (std::filesystem::file_size(path) < 60'000) continue;  // holds the format stamp only
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(50'000);
    file.write("rotten", 6);
  }
  const auto store = open();
  try {
    for (int key = 0; key < 200; ++key) (void)store->get(std::to_string(key));
    FAIL() << "the damage went unnoticed";
  } catch (const StoreFailure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr(directory().string()));
  }
  EXPECT_THROW(keys_of(store->scan("")), StoreFailure);
}

}  // namespace
}  // namespace tenure
