#include "core/crypto/key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

namespace tenure {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

crypto::Key key_of(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(byte);
  return crypto::Key(bytes);
}
std::string text_of(const std::optional<crypto::Key>& key) {
  return key ? std::string(reinterpret_cast<const char*>(key->bytes().data()), 32) : "none";
}

class Directory {
 public:
  Directory() {
    std::string pattern = (fs::temp_directory_path() / "tenure-keys-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// What both stores promise.
class EveryKeyStore : public testing::TestWithParam<bool> {
 protected:
  EveryKeyStore() {
    if (GetParam()) {
      store_ = open_embedded_key_store(directory_.path() / "keys", key_of(1), false).value();
    } else {
      store_ = make_memory_key_store();
    }
  }
  Directory directory_;
  std::unique_ptr<KeyStore> store_;
};
INSTANTIATE_TEST_SUITE_P(KeyStores, EveryKeyStore, testing::Values(false, true),
                         [](const auto& kind) { return kind.param ? "embedded" : "memory"; });

TEST_P(EveryKeyStore, GivesBackTheKeyOfEachOwner) {
  ASSERT_TRUE(store_->put({{"ws_a", key_of(2)}, {"ws_b", key_of(3)}}));
  EXPECT_EQ(text_of(store_->find("ws_a")), text_of(key_of(2)));
  EXPECT_EQ(text_of(store_->find("ws_b")), text_of(key_of(3)));
}
TEST_P(EveryKeyStore, HasNothingForAnOwnerThatNeverHadAKey) {
  EXPECT_FALSE(store_->find("ws_a"));
  EXPECT_FALSE(store_->destroyed("ws_a"));
}
TEST_P(EveryKeyStore, KeepsTheFirstKeyOfAnOwner) {
  ASSERT_TRUE(store_->put({{"ws_a", key_of(2)}}));
  ASSERT_TRUE(store_->put({{"ws_a", key_of(3)}, {"ws_b", key_of(4)}}));
  EXPECT_EQ(text_of(store_->find("ws_a")), text_of(key_of(2)));
  EXPECT_EQ(text_of(store_->find("ws_b")), text_of(key_of(4)));
}
TEST_P(EveryKeyStore, KeepsTheFirstKeyOfAnOwnerThatIsNamedTwiceInOnePut) {
  ASSERT_TRUE(store_->put({{"ws_a", key_of(2)}, {"ws_a", key_of(3)}}));
  EXPECT_EQ(text_of(store_->find("ws_a")), text_of(key_of(2)));
}
TEST_P(EveryKeyStore, FindsNoKeyOnceItIsDestroyedAndKnowsThatItWas) {
  ASSERT_TRUE(store_->put({{"ws_a", key_of(2)}, {"ws_b", key_of(3)}}));
  ASSERT_TRUE(store_->find("ws_a"));
  ASSERT_TRUE(store_->destroy("ws_a"));
  ASSERT_TRUE(store_->destroy("ws_a"));
  EXPECT_FALSE(store_->find("ws_a"));
  EXPECT_TRUE(store_->destroyed("ws_a"));
  EXPECT_TRUE(store_->find("ws_b"));
  EXPECT_FALSE(store_->destroyed("ws_b"));
}
TEST_P(EveryKeyStore, GivesNoNewKeyToAnOwnerWhoseKeyWasDestroyed) {
  ASSERT_TRUE(store_->put({{"ws_a", key_of(2)}}));
  ASSERT_TRUE(store_->destroy("ws_a"));
  ASSERT_TRUE(store_->put({{"ws_a", key_of(3)}}));
  EXPECT_FALSE(store_->find("ws_a"));
  EXPECT_TRUE(store_->destroyed("ws_a"));
}
TEST_P(EveryKeyStore, LetsOneOfManyRacingPutsWinForAll) {
  constexpr int owners = 20;
  constexpr std::uint8_t writers = 4;
  std::array<std::thread, writers> threads;
  for (std::uint8_t number = 0; number < writers; ++number) {
    threads[number] = std::thread([this, number] {
      for (int owner = 0; owner < owners; ++owner) {
        ASSERT_TRUE(
            store_->put({{"ws_" + std::to_string(owner), key_of(static_cast<std::uint8_t>(number + 10))}}));
      }
    });
  }
  std::vector<std::string> seen(owners);
  for (int owner = 0; owner < owners; ++owner) {
    while (!store_->find("ws_" + std::to_string(owner))) std::this_thread::yield();
    seen[static_cast<std::size_t>(owner)] = text_of(store_->find("ws_" + std::to_string(owner)));
  }
  for (auto& thread : threads) thread.join();
  for (int owner = 0; owner < owners; ++owner) {
    EXPECT_EQ(text_of(store_->find("ws_" + std::to_string(owner))), seen[static_cast<std::size_t>(owner)]);
  }
}
TEST_P(EveryKeyStore, NeverShowsADestroyedKeyAgainToThreadsThatReadMeanwhile) {
  for (int round = 0; round < 8; ++round) {
    const auto owner = "ws_" + std::to_string(round);
    ASSERT_TRUE(store_->put({{owner, key_of(2)}}));
    std::atomic<bool> gone = false;
    std::thread reader([&] {
      while (!gone) (void)store_->find(owner);
    });
    const bool destroyed = store_->destroy(owner).has_value();
    const bool found = store_->find(owner).has_value();
    gone = true;
    reader.join();
    EXPECT_TRUE(destroyed);
    EXPECT_FALSE(found);
    EXPECT_FALSE(store_->find(owner));
  }
}

class EmbeddedKeyStore : public testing::Test {
 protected:
  [[nodiscard]] fs::path path() const { return directory_.path() / "keys"; }
  [[nodiscard]] std::unique_ptr<KeyStore> open(bool read_only = false) const {
    return open_embedded_key_store(path(), key_of(1), read_only).value();
  }
  [[nodiscard]] std::string refusal(const crypto::Key& root, bool read_only = false) const {
    auto store = open_embedded_key_store(path(), root, read_only);
    return store ? "opened" : store.error().message;
  }
  // The wrapped key as RocksDB has it, read while nobody has the store open.
  [[nodiscard]] std::string wrapped(std::string_view owner) const {
    std::string value;
    EXPECT_TRUE(raw()->Get({}, "k" + std::string(owner), &value).ok());
    return value;
  }
  [[nodiscard]] std::unique_ptr<rocksdb::DB> raw() const {
    rocksdb::DB* database = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open({}, path().string(), &database).ok());
    return std::unique_ptr<rocksdb::DB>(database);
  }
  [[nodiscard]] std::vector<fs::path> files_containing(std::string_view needle) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
      if (entry.is_regular_file() && bytes_of(entry.path()).find(needle) != std::string::npos)
        found.push_back(entry);
    }
    return found;
  }
  Directory directory_;
};

TEST_F(EmbeddedKeyStore, HasEverythingAfterARestart) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put({{"ws_a", key_of(2)}, {"ws_b", key_of(3)}}));
    ASSERT_TRUE(store->destroy("ws_b"));
  }
  const auto store = open();
  EXPECT_EQ(text_of(store->find("ws_a")), text_of(key_of(2)));
  EXPECT_FALSE(store->find("ws_b"));
  EXPECT_TRUE(store->destroyed("ws_b"));
  ASSERT_TRUE(store->put({{"ws_b", key_of(4)}}));
  EXPECT_FALSE(store->find("ws_b"));
}
TEST_F(EmbeddedKeyStore, HasWhatWasPutEvenWhenTheProcessDiesAtOnce) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = open_embedded_key_store(path(), key_of(1), false);
    const bool put = store && (*store)->put({{"ws_a", key_of(2)}});
    ::_exit(put ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(text_of(open()->find("ws_a")), text_of(key_of(2)));
}
TEST_F(EmbeddedKeyStore, WritesNoKeyInPlainText) {
  {
    const auto store = open();
    ASSERT_TRUE(store->put({{"ws_a", key_of(0xe7)}}));
    EXPECT_THAT(files_containing(std::string(8, '\xe7')), testing::IsEmpty());
  }
  EXPECT_THAT(files_containing(std::string(8, '\xe7')), testing::IsEmpty());
  EXPECT_THAT(files_containing("ws_a"), testing::Not(testing::IsEmpty()));
}
TEST_F(EmbeddedKeyStore, LeavesNoByteOfADestroyedKeyOnDisk) {
  for (int round = 0; round < 8; ++round) {
    const auto owner = "ws_" + std::to_string(round);
    ASSERT_TRUE(open()->put({{owner, key_of(2)}, {owner + "_stays", key_of(3)}}));
    const auto gone = wrapped(owner);
    const auto stays = wrapped(owner + "_stays");
    const auto store = open();
    ASSERT_TRUE(store->put({{owner + "_later", key_of(4)}}));
    ASSERT_THAT(files_containing(gone), testing::Not(testing::IsEmpty()));
    ASSERT_TRUE(store->destroy(owner));
    EXPECT_THAT(files_containing(gone), testing::IsEmpty());
    EXPECT_THAT(files_containing(stays), testing::Not(testing::IsEmpty()));
    EXPECT_TRUE(store->find(owner + "_later"));
  }
}
TEST_F(EmbeddedKeyStore, LeavesNoByteOfAKeyThatWasNeverFlushedBeforeItsEnd) {
  const auto store = open();
  for (int round = 0; round < 25; ++round) {
    const auto owner = "ws_" + std::to_string(round);
    ASSERT_TRUE(store->put({{owner, key_of(2)}}));
    // The write-ahead log alone has it so far: its last bytes are the end of the wrapped key.
    std::string log;
    for (const auto& entry : fs::directory_iterator(path())) {
      if (entry.path().extension() == ".log") log = bytes_of(entry.path());
    }
    const auto at = log.rfind(owner);
    ASSERT_NE(at, std::string::npos);
    const auto part = log.substr(at + owner.size() + 1, 60);
    ASSERT_EQ(part.size(), 60U);
    ASSERT_TRUE(store->destroy(owner));
    EXPECT_THAT(files_containing(part), testing::IsEmpty());
  }
}
TEST_F(EmbeddedKeyStore, KnowsMoreKeysThanItKeepsInMemory) {
  constexpr int owners = 20'000;
  const auto store = open();
  std::vector<KeyStore::NewKey> keys;
  for (int owner = 0; owner < owners; ++owner) {
    keys.push_back({"ws_" + std::to_string(owner), key_of(static_cast<std::uint8_t>(owner % 251))});
  }
  ASSERT_TRUE(store->put(keys));
  for (int round = 0; round < 2; ++round) {
    for (const auto& [owner, key] : keys) ASSERT_EQ(text_of(store->find(owner)), text_of(key)) << owner;
  }
}
TEST_F(EmbeddedKeyStore, RefusesAWrongRootKeyAndStillOpensWithTheRightOne) {
  ASSERT_TRUE(open()->put({{"ws_a", key_of(2)}}));
  EXPECT_THAT(refusal(key_of(9)), AllOf(HasSubstr(path().string()), HasSubstr("root key is not the one")));
  EXPECT_THAT(refusal(key_of(9), true), HasSubstr("root key is not the one"));
  EXPECT_TRUE(open()->find("ws_a"));
}
TEST_F(EmbeddedKeyStore, RefusesAWrongRootKeyEvenWhenNoKeyIsInItYet) {
  (void)open();
  EXPECT_THAT(refusal(key_of(9)), HasSubstr("root key is not the one"));
}
TEST_F(EmbeddedKeyStore, RefusesANewerFormat) {
  (void)open();
  ASSERT_TRUE(raw()->Put({}, "f", "2").ok());
  EXPECT_THAT(refusal(key_of(1)),
              AllOf(HasSubstr(path().string()), HasSubstr("format 2"), HasSubstr("newer")));
  std::string format;
  ASSERT_TRUE(raw()->Get({}, "f", &format).ok());
  EXPECT_EQ(format, "2");
}
TEST_F(EmbeddedKeyStore, RefusesToStampADatabaseThatHasKeysButNoFormat) {
  ASSERT_TRUE(open()->put({{"ws_a", key_of(2)}}));
  ASSERT_TRUE(raw()->Delete({}, "f").ok());
  EXPECT_THAT(refusal(key_of(9)), HasSubstr("lost its format"));
}
TEST_F(EmbeddedKeyStore, RefusesADirectoryThatIsInUse) {
  const auto store = open();
  EXPECT_THAT(refusal(key_of(1)), AllOf(HasSubstr(path().string()), HasSubstr("in use by another process")));
  ASSERT_TRUE(store->put({{"ws_a", key_of(2)}}));
}
TEST_F(EmbeddedKeyStore, RefusesAStoreThatLacksAFile) {
  ASSERT_TRUE(open()->put({{"ws_a", key_of(2)}}));
  fs::remove(path() / "CURRENT");
  EXPECT_THAT(refusal(key_of(1)), AllOf(HasSubstr(path().string()), HasSubstr("restore it from a backup")));
}
TEST_F(EmbeddedKeyStore, RefusesAWriteAheadLogWithADamagedPlaceBeforeItsEnd) {
  {
    const auto store = open();
    for (int owner = 0; owner < 10; ++owner)
      ASSERT_TRUE(store->put({{"ws_" + std::to_string(owner), key_of(2)}}));
  }
  for (const auto& entry : fs::directory_iterator(path())) {
    if (entry.path().extension() != ".log") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(entry.path()) / 2));
    file.write("\x5a\x5a\x5a", 3);
  }
  EXPECT_THAT(refusal(key_of(1)),
              AllOf(HasSubstr(path().string()), HasSubstr("damaged"), HasSubstr("backup")));
}
TEST_F(EmbeddedKeyStore, SaysThatAKeyIsDamagedInsteadOfThatThereIsNone) {
  ASSERT_TRUE(open()->put({{"ws_a", key_of(2)}, {"ws_b", key_of(3)}}));
  const auto other = wrapped("ws_b");
  // A wrapped key moved to another owner does not open: the owner is associated data.
  ASSERT_TRUE(raw()->Put({}, "kws_a", other).ok());
  const auto store = open();
  EXPECT_THROW((void)store->find("ws_a"), KeyStoreFailure);
  EXPECT_TRUE(store->find("ws_b"));
  EXPECT_TRUE(store->put({{"ws_a", key_of(4)}}));
  EXPECT_THROW((void)store->find("ws_a"), KeyStoreFailure);
}
TEST_F(EmbeddedKeyStore, CanBeReadBesideTheServerThatUsesIt) {
  const auto store = open();
  ASSERT_TRUE(store->put({{"ws_a", key_of(2)}, {"ws_b", key_of(3)}}));
  ASSERT_TRUE(store->destroy("ws_b"));
  const auto reader = open(true);
  EXPECT_EQ(text_of(reader->find("ws_a")), text_of(key_of(2)));
  EXPECT_TRUE(reader->destroyed("ws_b"));
  EXPECT_FALSE(reader->put({{"ws_c", key_of(4)}}));
  EXPECT_FALSE(reader->destroy("ws_a"));
  EXPECT_TRUE(store->find("ws_a"));
  ASSERT_TRUE(store->put({{"ws_c", key_of(5)}}));
}
TEST_F(EmbeddedKeyStore, CanBeReadWhileItsFilesAreReplacedAllTheTime) {
  const auto store = open();
  ASSERT_TRUE(store->put({{"ws_a", key_of(2)}}));
  std::atomic<bool> done = false;
  std::atomic<int> left = 0;  // replacements beside one opening, which is to end also where it is slow
  std::thread writer([&] {
    for (int owner = 0; !done; ++owner) {
      if (left.fetch_sub(1) <= 0) {
        std::this_thread::yield();
        continue;
      }
      const auto name = "ws_" + std::to_string(owner);
      ASSERT_TRUE(store->put({{name, key_of(3)}}));
      ASSERT_TRUE(store->destroy(name));
    }
  });
  for (int round = 0; round < 20; ++round) {
    left = 20;
    const auto reader = open_embedded_key_store(path(), key_of(1), true);
    EXPECT_TRUE(reader) << reader.error().message;
    if (reader) {
      EXPECT_TRUE((*reader)->find("ws_a"));
    }
  }
  done = true;
  writer.join();
}
TEST_F(EmbeddedKeyStore, MakesNothingWhenItIsOnlyRead) {
  EXPECT_THAT(refusal(key_of(1), true), HasSubstr("no key store"));
  EXPECT_FALSE(fs::exists(path()));
}

class RootKey : public testing::Test {
 protected:
  [[nodiscard]] fs::path file() const { return directory_.path() / "root-key"; }
  void write(std::string_view text, mode_t mode = 0600) const {
    std::ofstream(file(), std::ios::binary) << text;
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
  }
  [[nodiscard]] std::string refusal() const {
    const auto key = read_root_key(file());
    return key ? "read" : key.error().message;
  }
  Directory directory_;
};

TEST_F(RootKey, IsReadAsItWasMade) {
  SystemRandom random;
  const auto made = create_root_key(file(), random);
  ASSERT_TRUE(made) << made.error().message;
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(text_of(read_root_key(file()).value()), text_of(*made));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
}
TEST_F(RootKey, IsNeverWrittenOverAnother) {
  SystemRandom random;
  const auto first = create_root_key(file(), random);
  ASSERT_TRUE(first);
  const auto second = create_root_key(file(), random);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr(file().string()), HasSubstr("exists")));
  EXPECT_EQ(text_of(read_root_key(file()).value()), text_of(*first));
}
TEST_F(RootKey, IsMadeAlthoughACrashLeftADraft) {
  std::ofstream(file().string() + ".new") << "half";
  SystemRandom random;
  ASSERT_TRUE(create_root_key(file(), random));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
}
TEST_F(RootKey, IsTakenFromAFileWithWhiteSpaceAroundIt) {
  write("\n  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \n\n");
  const auto key = read_root_key(file());
  ASSERT_TRUE(key) << key.error().message;
  for (std::uint8_t i = 0; i < 32; ++i) EXPECT_EQ(key->bytes()[i], i);
}
TEST_F(RootKey, IsRefusedFromAFileThatOthersMayRead) {
  write("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 0640);
  EXPECT_THAT(refusal(), AllOf(HasSubstr(file().string()), HasSubstr("chmod 600")));
}
TEST_F(RootKey, IsRefusedWhenItIsNotBase64Of32Bytes) {
  for (const auto* text : {"", "AAEC", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", "hello",
                           "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= more"}) {
    write(text);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(file().string()), HasSubstr("base64 of 32 bytes"))) << text;
  }
  write(std::string(1U << 20U, 'A'));
  EXPECT_THAT(refusal(), HasSubstr("base64 of 32 bytes"));
}
TEST_F(RootKey, IsMissedByName) { EXPECT_THAT(refusal(), HasSubstr(file().string())); }

TEST(CopyOfAKeyStore, HoldsItsKeysUnderTheSameRootKeyWhileItIsInUse) {
  const Directory directory;
  const auto from = open_embedded_key_store(directory.path() / "from", key_of(1), false).value();
  ASSERT_TRUE(from->put({{"ws_a", key_of(7)}, {"ws_b", key_of(8)}}));
  ASSERT_TRUE(from->destroy("ws_b"));
  ASSERT_TRUE(copy_embedded_key_store(directory.path() / "from", directory.path() / "to"));
  EXPECT_FALSE(open_embedded_key_store(directory.path() / "to", key_of(2), false));
  const auto to = open_embedded_key_store(directory.path() / "to", key_of(1), false).value();
  EXPECT_EQ(text_of(to->find("ws_a")), text_of(key_of(7)));
  EXPECT_TRUE(to->destroyed("ws_b"));
  EXPECT_FALSE(copy_embedded_key_store(directory.path() / "nowhere", directory.path() / "other"));
}

}  // namespace
}  // namespace tenure
