#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/support/store_spec.h"

namespace tenure {
namespace {

using testing::HasSubstr;

// How the processes below end when everything before the crash went well.
constexpr int crashed = 42;

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
