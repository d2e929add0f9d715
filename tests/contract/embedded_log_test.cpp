#include "core/log/embedded_log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/contract/event_log_contract.h"
#include "tests/support/eventually.h"

namespace tenure {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using Mode = EmbeddedLogOptions::Mode;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "tenure-log-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::unique_ptr<EventLog> opened(const EmbeddedLogOptions& options) {
  auto log = open_embedded_log(options);
  if (!log) throw std::runtime_error(log.error().message);
  return std::move(*log);
}

class EmbeddedPlace final : public LogPlace {
 public:
  std::unique_ptr<EventLog> open(std::uint16_t partitions) override {
    return opened({.directory = root_.path() / "log", .partitions = partitions});
  }

 private:
  TemporaryDirectory root_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, EventLogContract,
                         testing::Values(LogUnderTest{"embedded",
                                                      [] { return std::make_unique<EmbeddedPlace>(); }}),
                         testing::PrintToStringParamName());

constexpr Partition partition{1};

class EmbeddedLogTest : public testing::Test {
 protected:
  [[nodiscard]] std::string refusal(std::optional<std::uint16_t> partitions = 2,
                                    Mode mode = Mode::read_write) const {
    auto log = open_embedded_log({.directory = directory_, .partitions = partitions, .mode = mode});
    return log ? "opened" : log.error().message;
  }
  [[nodiscard]] std::unique_ptr<EventLog> open(Mode mode = Mode::read_write) const {
    return opened({.directory = directory_, .partitions = 2, .mode = mode});
  }
  static void append(EventLog& log, int from, int to) {
    for (int number = from; number < to; ++number) {
      ASSERT_EQ(append_and_wait(log, partition, record(number)).status, AppendStatus::durable);
    }
  }
  static std::string record(int number) { return fmt::format("record {} {}", number, std::string(800, 'r')); }
  static void expect_records(EventLog& log, int count) {
    const auto records = read_all(log, partition);
    ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number) ASSERT_EQ(records[number], record(number));
  }

  // What a crash right now would leave: a copy of a live log's files.
  void crash_into(const fs::path& copy) const { fs::copy(directory_, copy, fs::copy_options::recursive); }
  void leave_crashed_log(int records) const {
    const fs::path crashed = root_.path() / "crashed";
    {
      const auto log = open();
      append(*log, 0, records);
      crash_into(crashed);
    }
    fs::remove_all(directory_);
    fs::rename(crashed, directory_);
  }
  [[nodiscard]] fs::path wal() const {
    fs::path largest;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().extension() != ".log") continue;
      if (largest.empty() || fs::file_size(entry.path()) > fs::file_size(largest)) largest = entry.path();
    }
    return largest;
  }
  static void flip(const fs::path& path, std::uint64_t at, char mask = 0x10) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ mask);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }
  static void zero(const fs::path& path, std::uint64_t at, std::size_t size) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(std::string(size, '\0').data(), static_cast<std::streamsize>(size));
  }
  [[nodiscard]] std::map<std::string, std::string> all_files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename().string()] = std::string{std::istreambuf_iterator<char>(file), {}};
    }
    return files;
  }
  // Refused with words about it, in both modes, and not a byte is changed.
  void expect_damage_refused(const std::string& words) const {
    const auto before = all_files();
    for (const Mode mode : {Mode::read_write, Mode::read_only}) {
      EXPECT_THAT(refusal(2, mode), AllOf(HasSubstr(directory_.string()), HasSubstr(words),
                                          HasSubstr("backup"), HasSubstr("nothing was")));
    }
    EXPECT_EQ(all_files(), before);
  }

  TemporaryDirectory root_;
  fs::path directory_ = root_.path() / "log";
};

TEST_F(EmbeddedLogTest, ACrashLeavesEverythingThatWasDurable) {
  leave_crashed_log(100);
  expect_records(*open(Mode::read_only), 100);
  const auto log = open();
  expect_records(*log, 100);
  append(*log, 100, 110);
  expect_records(*log, 110);
}

// Wherever the file is cut, what is whole before the cut stays and the log goes on behind it.
TEST_F(EmbeddedLogTest, ATornTailIsDroppedAndNothingBeforeIt) {
  leave_crashed_log(100);
  const auto files = all_files();
  const auto size = fs::file_size(wal());
  for (const std::uint64_t cut : {1U, 5U, 400U, 830U, 845U, 900U, 40'000U}) {
    for (const auto& entry : fs::directory_iterator(directory_)) fs::remove(entry.path());
    for (const auto& [name, bytes] : files) std::ofstream(directory_ / name, std::ios::binary) << bytes;
    fs::resize_file(wal(), size - cut);
    const auto whole = static_cast<int>(to_number(open(Mode::read_only)->end(partition)));
    EXPECT_LT(whole, 100) << cut;
    EXPECT_GE(whole, 100 - 1 - static_cast<int>(cut / 840)) << cut;
    const auto log = open();
    expect_records(*log, whole);
    append(*log, whole, whole + 3);
    expect_records(*log, whole + 3);
  }
}

// A power loss may leave the file's new length without the bytes of the last batch.
TEST_F(EmbeddedLogTest, ATailOfZerosIsATornTail) {
  leave_crashed_log(100);
  const auto size = fs::file_size(wal());
  zero(wal(), size - 600, 600);
  const auto log = open();
  expect_records(*log, 99);
  append(*log, 99, 101);
}

TEST_F(EmbeddedLogTest, ASecondCrashRightAfterATornTailLosesNothing) {
  leave_crashed_log(100);
  fs::resize_file(wal(), fs::file_size(wal()) - 100);
  leave_crashed_log(0);
  expect_records(*open(), 99);
}

TEST_F(EmbeddedLogTest, AFlippedByteAnywhereBeforeTheTailIsRefused) {
  leave_crashed_log(100);
  const fs::path file = wal();
  const auto size = fs::file_size(file);
  // Headers (checksum, length, type) and data, in the first block and in the last.
  for (const std::uint64_t at : {0U, 4U, 5U, 6U, 7U, 500U, 20'000U, 40'000U}) {
    flip(file, at);
    expect_damage_refused(file.string());
    flip(file, at);
  }
  for (std::uint64_t back = 1000; back < 1900; back += 13) {
    flip(file, size - back);
    EXPECT_THAT(refusal(), HasSubstr("position")) << back;
    flip(file, size - back);
  }
  expect_records(*open(), 100);
}

TEST_F(EmbeddedLogTest, AZeroedSectorBeforeTheTailIsRefused) {
  leave_crashed_log(100);
  const auto size = fs::file_size(wal());
  zero(wal(), (size - 5000) / 512 * 512, 512);
  expect_damage_refused("position");
}

TEST_F(EmbeddedLogTest, AWholeBlockOfZerosIsRefused) {
  leave_crashed_log(150);
  zero(wal(), 32768, 32768);
  expect_damage_refused("position 32768");
}

TEST_F(EmbeddedLogTest, ARottenRecordInATableIsAnErrorThatNamesItsPlace) {
  {
    const auto log = open();
    append(*log, 0, 200);
  }
  for (const auto& entry : fs::directory_iterator(directory_)) {
    if (entry.path().extension() == ".sst") flip(entry.path(), fs::file_size(entry.path()) / 3);
  }
  const auto log = open();
  const auto read = log->read(partition, Offset{0}, 10'000'000);
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message,
              AllOf(HasSubstr(directory_.string()), HasSubstr("partition 1, offset"), HasSubstr("backup")));
}

TEST_F(EmbeddedLogTest, MissingFilesAreRefused) {
  leave_crashed_log(10);
  for (const std::string name : {"CURRENT", "TENURE-LOG"}) {
    fs::rename(directory_ / name, root_.path() / "away");
    expect_damage_refused("missing");
    fs::rename(root_.path() / "away", directory_ / name);
  }
  const fs::path file = wal();
  for (const auto& entry : fs::directory_iterator(directory_)) {
    if (entry.path().extension() == ".log" && entry.path() != file) fs::remove(entry.path());
  }
  fs::rename(file, root_.path() / "away");
  EXPECT_THAT(refusal(), HasSubstr("*.log, is missing"));
  fs::rename(root_.path() / "away", file);
  expect_records(*open(), 10);
}

// Files whose records are in tables are deleted the newest first: a crash between leaves an older one, and a
// reader beside the writer may see the same.
TEST_F(EmbeddedLogTest, AnOldFileThatACrashLeftBehindIsNotTakenForAHole) {
  const fs::path old = root_.path() / "old";
  const fs::path crashed = root_.path() / "crashed";
  constexpr int count = 60;  // several memtables
  fs::path name;
  {
    const auto log = open();
    const auto append_large = [&](int number) {
      ASSERT_EQ(append_and_wait(*log, partition, std::to_string(number) + std::string(500'000, 'w')).status,
                AppendStatus::durable);
    };
    append_large(0);
    name = wal();
    fs::copy(name, old);
    for (int number = 1; number < count; ++number) append_large(number);
    ASSERT_TRUE(test::eventually([&] { return !fs::exists(name); }));
    crash_into(crashed);
  }
  fs::remove_all(directory_);
  fs::rename(crashed, directory_);
  fs::copy(old, name);
  for (const Mode mode : {Mode::read_only, Mode::read_write}) {
    const auto log = open(mode);
    EXPECT_EQ(read_all(*log, partition).size(), static_cast<std::size_t>(count));
  }
}

TEST_F(EmbeddedLogTest, ADamagedStampIsRefused) {
  leave_crashed_log(1);
  std::ofstream(directory_ / "TENURE-LOG") << "format 1\nid x\n";
  expect_damage_refused("TENURE-LOG is damaged");
}

TEST_F(EmbeddedLogTest, ADirectoryInUseIsRefused) {
  const auto log = open();
  EXPECT_THAT(refusal(), AllOf(HasSubstr(directory_.string()), HasSubstr("in use by another process")));
  append(*log, 0, 1);
}

TEST_F(EmbeddedLogTest, AnotherPartitionCountIsRefusedAndChangesNothing) {
  leave_crashed_log(3);
  const auto before = all_files();
  EXPECT_THAT(refusal(5),
              AllOf(HasSubstr("has 2 partitions and 5 are asked for"), HasSubstr("start with 2")));
  EXPECT_EQ(all_files(), before);
  EXPECT_EQ(refusal(std::nullopt), "opened");
}

TEST_F(EmbeddedLogTest, ImpossiblePartitionCountsAreRefused) {
  EXPECT_THAT(refusal(0), HasSubstr("choose 1 to 1024"));
  EXPECT_THAT(refusal(1025), HasSubstr("choose 1 to 1024"));
  EXPECT_THAT(refusal(std::nullopt), HasSubstr("how many partitions"));
  EXPECT_EQ(refusal(1024), "opened");
}

TEST_F(EmbeddedLogTest, ANewerFormatIsRefusedAndChangesNothing) {
  leave_crashed_log(3);
  std::ofstream(directory_ / "TENURE-LOG") << "format 2\nshape unheard-of\n";
  const auto before = all_files();
  EXPECT_THAT(refusal(), AllOf(HasSubstr("has format 2"), HasSubstr("newer version")));
  EXPECT_EQ(all_files(), before);
}

TEST_F(EmbeddedLogTest, AReaderOfAMissingLogIsRefusedAndCreatesNothing) {
  EXPECT_THAT(refusal(std::nullopt, Mode::read_only),
              AllOf(HasSubstr(directory_.string()), HasSubstr("does not exist")));
  EXPECT_FALSE(fs::exists(directory_));
}

TEST_F(EmbeddedLogTest, AReaderBesideALiveWriterSeesAllThatWasDurable) {
  const auto log = open();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> durable{0};
  std::atomic<int> left{0};  // records beside one reader, which is to end also where it is slow
  std::thread writer([&] {
    while (!stop) {
      if (left.fetch_sub(1) <= 0) {
        std::this_thread::yield();
        continue;
      }
      const AppendResult result = append_and_wait(*log, partition, std::string(50'000, 'w'));
      durable = to_number(result.offset) + 1;
    }
  });
  for (int round = 0; round < 20; ++round) {
    left = 200;
    const std::uint64_t before = durable;
    auto reader = open_embedded_log({.directory = directory_, .mode = Mode::read_only});
    EXPECT_TRUE(reader.has_value()) << reader.error().message;
    if (!reader) break;
    EXPECT_GE(to_number((*reader)->end(partition)), before);
    EXPECT_EQ(read_all(**reader, partition).size(), to_number((*reader)->end(partition)));
    EXPECT_EQ(append_and_wait(**reader, partition, "x").status, AppendStatus::failed);
  }
  stop = true;
  writer.join();
}

// More than memory holds of the newest: old records come from the tables, the newest from memory, without a
// seam.
TEST_F(EmbeddedLogTest, ALongLogIsReadWholeFromDiskAndMemory) {
  const auto log = open();
  constexpr std::uint64_t count = 20'000;
  for (std::uint64_t number = 0; number < count; ++number)
    log->append(partition, record(static_cast<int>(number)), {});
  ASSERT_TRUE(log->wait(partition, Offset{count - 1}, std::chrono::seconds(60)));
  expect_records(*log, count);
}

// This binary again, as the process that is killed: it prints each offset once it is durable.
TEST(EmbeddedLogProcess, DISABLED_AppendsUntilItIsKilled) {
  const char* directory = ::getenv("TENURE_TEST_DIRECTORY");
  if (directory == nullptr) ::_exit(1);
  const auto log = opened({.directory = directory, .partitions = 2});
  for (;;) {
    for (int number = 0; number < 8; ++number) {
      log->append(partition, std::string(900, 'k'), [](const AppendResult& result) {
        if (result.status != AppendStatus::durable) ::_exit(1);
        const std::uint64_t offset = to_number(result.offset);
        if (::write(3, &offset, sizeof offset) != sizeof offset) ::_exit(1);
      });
    }
    const Offset end = log->end(partition);
    (void)log->wait(partition, end, std::chrono::milliseconds(100));
  }
}

TEST_F(EmbeddedLogTest, KillingTheProcessLosesNothingThatWasDurable) {
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 8; ++round) {
    std::array<int, 2> ledger{};
    ASSERT_EQ(::pipe(ledger.data()), 0);
    const std::string path = directory_.string();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::dup2(ledger[1], 3);
      ::setenv("TENURE_TEST_DIRECTORY", path.c_str(), 1);
      ::execl("/proc/self/exe", "/proc/self/exe", "--gtest_filter=EmbeddedLogProcess.*",
              "--gtest_also_run_disabled_tests", static_cast<char*>(nullptr));
      ::_exit(1);
    }
    ::close(ledger[1]);
    std::uint64_t offset = 0;
    for (int seen = 0; seen < 200 + round * 37; ++seen) {
      ASSERT_EQ(::read(ledger[0], &offset, sizeof offset), static_cast<ssize_t>(sizeof offset));
      ASSERT_EQ(offset, acknowledged++);
    }
    ::kill(child, SIGKILL);
    while (::read(ledger[0], &offset, sizeof offset) == static_cast<ssize_t>(sizeof offset)) {
      ASSERT_EQ(offset, acknowledged++);
    }
    ::close(ledger[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const auto log = open();
    ASSERT_GE(to_number(log->end(partition)), acknowledged);
    acknowledged = to_number(log->end(partition));  // some may be there that nobody heard of
    ASSERT_EQ(read_all(*log, partition).size(), acknowledged);
  }
}

}  // namespace
}  // namespace tenure
