// tenure backup and restore of a data directory with the embedded log.
#include "tests/e2e/served.h"
#include "tests/support/tenure_command.h"

namespace tenure::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Backup : public Served {
 protected:
  Finished tenure(std::vector<std::string> arguments) {
    return run_tenure(std::move(arguments), dir_.path());
  }
  Finished backup() {
    return tenure({"backup", "--data-dir", (dir_ / "data").string(), "--to", (dir_ / "backup").string()});
  }
  Finished restore(const std::string& to = "restored") {
    return tenure({"restore", "--from", (dir_ / "backup").string(), "--data-dir", (dir_ / to).string()});
  }
  Finished doctor(const std::string& data) {
    return tenure({"doctor", "--data-dir", (dir_ / data).string()});
  }
  std::vector<std::string> key_flags() { return {"--root-key-file", (dir_ / "data/root-key").string()}; }

  // A file of the backup that is not empty.
  fs::path some_file(const std::string& folder) {
    for (const auto& entry : fs::directory_iterator(dir_ / "backup" / folder)) {
      if (entry.file_size() > 0) return entry.path();
    }
    return {};
  }
  void damage(const fs::path& file) {
    auto bytes = read_file(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write_file(file, bytes);
  }
  // Nothing was made, and the reason names `what`.
  void expect_refused(const std::string& what) {
    const auto refused = restore();
    EXPECT_EQ(refused.exit, 1);
    EXPECT_THAT(refused.err, HasSubstr(what));
    EXPECT_FALSE(fs::exists(dir_ / "restored"));
    EXPECT_FALSE(fs::exists(dir_ / "restored.unfinished"));
  }
};

TEST_F(Backup, OfAStoppedServerIsRestoredWithEverythingButTheRootKey) {
  const auto id = settled_workspace();
  ASSERT_EQ(server_.terminate(), 0);
  const auto made = backup();
  ASSERT_EQ(made.exit, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("Not in it: the root key"));
  const auto restored = restore();
  ASSERT_EQ(restored.exit, 0) << restored.err;
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
    if (entry.path().filename() != "root-key") continue;
    EXPECT_EQ(entry.path(), dir_ / "data/root-key");
  }
  EXPECT_EQ(read_file(dir_ / "restored/log/TENURE-LOG"), read_file(dir_ / "data/log/TENURE-LOG"));
  fs::copy_file(dir_ / "data/root-key", dir_ / "restored/root-key");
  TenuredProcess other(dir_ / "restored");
  ApiClient client(other.url(), api_.token());
  EXPECT_EQ(text(client.get("/v1/workspaces/" + id), "name"), "Acme");
  EXPECT_EQ(client.patch("/v1/workspaces/" + id, R"({"name":"Globex"})").status, 200);
  ASSERT_EQ(other.terminate(), 0);
  for (const auto* data : {"data", "restored"}) {
    const auto healthy = doctor(data);
    EXPECT_EQ(healthy.exit, 0) << data << ": " << healthy.err;
  }
}

TEST_F(Backup, BesideARunningServerHoldsWhatWasAnswered) {
  const auto id = settled_workspace();
  const auto made = backup();
  ASSERT_EQ(made.exit, 0) << made.err;
  EXPECT_EQ(api_.patch("/v1/workspaces/" + id, R"({"name":"later"})").status, 200);
  ASSERT_EQ(restore().exit, 0);
  TenuredProcess other(dir_ / "restored", key_flags());
  EXPECT_EQ(text(ApiClient(other.url(), api_.token()).get("/v1/workspaces/" + id), "name"), "Acme");
}

TEST_F(Backup, WithoutTheRootKeyDoesNotStart) {
  ASSERT_EQ(backup().exit, 0);
  ASSERT_EQ(restore().exit, 0);
  const auto refused = run_tenured(start_arguments(dir_ / "restored"), dir_.path());
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("--root-key-file"));
}

TEST_F(Backup, ThatIsDamagedIsRefusedByTheNameOfTheFile) {
  ASSERT_EQ(backup().exit, 0);
  const auto keys = some_file("keys");
  const auto whole = read_file(keys);
  damage(keys);
  expect_refused(keys.string() + " is damaged");
  write_file(keys, whole + "more");
  expect_refused(keys.string() + " is damaged");
  fs::remove(keys);
  expect_refused(keys.string() + " is missing");
  write_file(keys, whole);
  damage(dir_ / "backup/TENURE-BACKUP");
  expect_refused("TENURE-BACKUP is damaged");
  fs::remove(dir_ / "backup/TENURE-BACKUP");
  expect_refused("it has no file TENURE-BACKUP");
}

TEST_F(Backup, NeverTakesThePlaceOfWhatExists) {
  ASSERT_EQ(backup().exit, 0);
  const auto again = backup();
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.err, HasSubstr("exists already"));
  const auto over = restore("data");
  EXPECT_EQ(over.exit, 1);
  EXPECT_THAT(over.err, HasSubstr("exists already"));
  EXPECT_EQ(api_.get("/v1/me").status, 200);
}

TEST_F(Backup, ThatFailsLeavesNothingThatLooksLikeOne) {
  const auto none =
      tenure({"backup", "--data-dir", (dir_ / "nowhere").string(), "--to", (dir_ / "backup").string()});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.err, HasSubstr("there is no data directory here"));
  fs::create_directory(dir_ / "empty");
  EXPECT_EQ(
      tenure({"backup", "--data-dir", (dir_ / "empty").string(), "--to", (dir_ / "backup").string()}).exit,
      1);
  EXPECT_FALSE(fs::exists(dir_ / "backup"));
  EXPECT_FALSE(fs::exists(dir_ / "backup.unfinished"));
  fs::create_directory(dir_ / "backup.unfinished");
  const auto left = backup();
  EXPECT_EQ(left.exit, 1);
  EXPECT_THAT(left.err, HasSubstr("did not end"));
}

}  // namespace
}  // namespace tenure::test
