// One log, folded in every way: the bytes of the store are always the same. What cannot be folded stops its
// partition.
#include "core/fold/fold.h"

#include <gtest/gtest.h>

#include "projections/operations.h"
#include "projections/workspaces.h"
#include "tests/support/scripted_log.h"
#include "tests/support/small_node.h"
#include "tests/support/temp_dir.h"

namespace tenure::testing {
namespace {

constexpr Partition home{1}, elsewhere{2};
constexpr std::size_t all = 1'000'000;

std::string dump(const Store& store) {
  std::string bytes;
  auto scan = store.scan("");
  for (scan.to_first(); scan.valid(); scan.next()) {
    bytes += std::to_string(scan.key().size()) + ':' + std::string(scan.key());
    bytes += std::to_string(scan.value().size()) + ':' + std::string(scan.value());
  }
  return bytes;
}

// A store and the fold that fills it, as a node has them.
class Folded {
 public:
  Folded(const std::filesystem::path& directory, EventLog& log, KeyStore& keys,
         std::size_t streams_in_memory = 100, SentCommits* sent = nullptr)
      : store_(Store::open(directory, Store::Mode::read_write).value()),
        states_(*store_, streams_in_memory),
        fold_(log, *store_, keys, projector_, sent) {}

  void fold(std::size_t commits_per_step) {
    while (fold_.behind()) (void)fold_.step(commits_per_step);
  }
  [[nodiscard]] Fold& folding() { return fold_; }
  [[nodiscard]] Store& store() { return *store_; }

 private:
  std::unique_ptr<Store> store_;
  StreamStates states_;
  Projector projector_{*store_, states_, [](Partition, const StreamName&) {}};
  Fold fold_;
};

// A log on which two nodes worked and raced: with void commits, duplicates, refusals, answers kept and grown
// old, failed attempts, cancelled operations.
class FoldTest : public ::testing::Test {
 protected:
  FoldTest() : one_(world_, directory_ / "one", 1), two_(world_, directory_ / "two", 2) {
    const UserId user{Uuid{{7}}};
    const auto account = make_account(world_, one_, user);
    for (const auto partition : {home, elsewhere}) {
      for (int i = 0; i < 3; ++i) {
        workspaces_.push_back(WorkspaceId::make(world_.clock.now(), world_.random));
        (void)one_.submit(workspace::CreateWorkspace{.workspace = workspaces_.back(),
                                                     .account = account,
                                                     .owner = user,
                                                     .name = "Workspace",
                                                     .slug = {},
                                                     .region = {}},
                          partition);
      }
      run_out();
    }
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < workspaces_.size(); ++i)
        race(workspaces_[i], i < 3 ? home : elsewhere, round);
      double_some();
      run_out();
      world_.clock.advance(std::chrono::hours(13));
    }
    copy_log();
  }

  void race(WorkspaceId id, Partition partition, int round) {
    const auto suffix = std::to_string(round);
    (void)two_.submit(workspace::UpdateWorkspace{id, "Of two " + suffix, {}}, partition);
    (void)one_.submit(workspace::UpdateWorkspace{id, "Of one " + suffix, Slug::from_name("one " + suffix)},
                      partition);
    (void)one_.submit(workspace::FreezeWorkspace{id, "round " + suffix}, partition);
    (void)two_.submit(operation::RetryOperation{id, OperationId(Uuid{{3}}), OperationId(Uuid{{4}})},
                      partition);
    CommandRequest kept;
    kept.command = workspace::UnfreezeWorkspace{id};
    kept.partition = partition;
    kept.caller = {.actor = {ActorType::user, "usr_test"},
                   .display = "Test",
                   .display_sealed = {},
                   .via_organization = {}};
    kept.idempotency = {id.str(), "key " + suffix, "fingerprint"};
    kept.done = [](const CommandResult&) {};
    two_.engine().submit(std::move(kept));
  }
  // As a producer does that did not hear an answer: every fifth record once more.
  void double_some() {
    for (const auto partition : {home, elsewhere}) {
      const auto records = world_.log.read(partition, Offset{0}, SIZE_MAX).value();
      for (std::size_t at = 0; at < records.size(); at += 5) world_.log.write(partition, records[at].bytes);
    }
  }
  void run_out() {
    for (int i = 0; i < 150; ++i) {
      one_.pump();
      two_.pump();
      world_.log.advance();
      world_.clock.advance(Duration(5));
    }
  }
  // Into a log that gives all records at once, so that steps alone say how the fold is split.
  void copy_log() {
    for (std::uint16_t number = 0; number < world_.log.partitions(); ++number) {
      const Partition partition{number};
      while (log_.end(partition) < world_.log.end(partition)) {
        const auto records = world_.log.read(partition, log_.end(partition), 1).value();
        for (const auto& record : records) log_.write(partition, *record.bytes);
      }
    }
  }
  [[nodiscard]] std::string folded_from_zero(const std::string& name, std::size_t split,
                                             std::size_t streams = 100) {
    Folded folded(directory_ / name, log_, *world_.keys, streams);
    folded.fold(split);
    EXPECT_TRUE(folded.folding().stopped().empty());
    return dump(folded.store());
  }

  test::TempDir directory_;
  SharedWorld world_;
  SmallNode one_, two_;
  ScriptedLog log_{3};
  std::vector<WorkspaceId> workspaces_;
};

TEST_F(FoldTest, TheLogHasCommitsThatCountAndVoidOnes) {
  Folded folded(directory_ / "counted", log_, *world_.keys);
  std::size_t accepted = 0, void_ones = 0;
  while (folded.folding().behind()) {
    for (const auto& commit : folded.folding().step(all)) ++(commit.accepted ? accepted : void_ones);
  }
  EXPECT_GT(accepted, 60U);
  EXPECT_GT(void_ones, 10U);
  EXPECT_EQ(workspaces::find(folded.store(), workspaces_.front())->header.status, workspace::Status::active);
}

TEST_F(FoldTest, EveryBatchSplitGivesTheSameBytes) {
  const auto whole = folded_from_zero("all", all);
  EXPECT_EQ(dump(one_.store()), whole) << "the live store of a node that took part";
  EXPECT_EQ(dump(two_.store()), whole) << "the live store of the other one";
  for (const std::size_t split : {1U, 2U, 3U, 7U, 64U}) {
    EXPECT_EQ(folded_from_zero("split " + std::to_string(split), split), whole) << "in steps of " << split;
  }
}

TEST_F(FoldTest, HowManyStreamsAreKeptInMemoryDoesNotShow) {
  EXPECT_EQ(folded_from_zero("few", 3, 1), folded_from_zero("many", 3, 10'000));
}

TEST_F(FoldTest, AStoreThatWasDeletedComesBackTheSame) {
  const auto first = folded_from_zero("store", 7);
  std::filesystem::remove_all(directory_ / "store");
  EXPECT_EQ(folded_from_zero("store", all), first);
}

TEST_F(FoldTest, GoesOnWhereItsStoreEndedHoweverOftenItIsOpened) {
  const auto whole = folded_from_zero("whole", all);
  for (int opened = 0; opened < 1'000; ++opened) {
    Folded part(directory_ / "parts", log_, *world_.keys);
    if (!part.folding().behind()) break;
    (void)part.folding().step(11);
    part.store().flush();
  }
  Folded part(directory_ / "parts", log_, *world_.keys);
  EXPECT_FALSE(part.folding().behind());
  EXPECT_EQ(dump(part.store()), whole);
}

TEST_F(FoldTest, GoesOnFromACopyAndTheTail) {
  {
    Folded half(directory_ / "half", log_, *world_.keys);
    for (int i = 0; i < 3; ++i) (void)half.folding().step(20);
    ASSERT_TRUE(half.folding().behind());
    ASSERT_TRUE(half.store().checkpoint(directory_ / "copy"));
  }
  Folded copy(directory_ / "copy", log_, *world_.keys);
  copy.fold(5);
  EXPECT_EQ(dump(copy.store()), folded_from_zero("whole", all));
}

TEST_F(FoldTest, AStepFoldsAboutAsMuchAsItIsTold) {
  Folded folded(directory_ / "steps", log_, *world_.keys);
  while (folded.folding().behind()) EXPECT_LE(folded.folding().step(4).size(), 4U);
}

TEST_F(FoldTest, ReachesWhatTheLogHeldAtAMomentHoweverFastItGrows) {
  Folded folded(directory_ / "growing", log_, *world_.keys);
  auto& fold = folded.folding();
  const auto ends = log_.ends();
  const auto any = *log_.read(home, Offset{0}, 1).value().front().bytes;
  while (!fold.has_reached(ends)) {
    ASSERT_FALSE(fold.step(4).empty());
    for (int i = 0; i < 10; ++i) log_.write(home, any);
  }
  EXPECT_TRUE(fold.behind());
}

// ---- What cannot be folded
// -----------------------------------------------------------------------------------------

class StoppedFoldTest : public FoldTest {
 protected:
  StoppedFoldTest() { good_ = log_.end(home); }

  // A commit of one event that counts, unless the event does not.
  [[nodiscard]] Commit commit_with(const EventData& event, const std::string& owner,
                                   const Version& expected = {}, Partition partition = home) {
    Commit commit;
    commit.envelope.id = CommitId::make(world_.clock.now(), world_.random);
    commit.envelope.genesis = genesis_of(partition);
    commit.envelope.time = world_.clock.now();
    commit.envelope.command = "Test";
    commit.envelope.actor = {ActorType::system, "test"};
    commit.envelope.node = NodeId(Uuid{{1}});
    commit.envelope.key_owner = owner;
    commit.envelope.writes = {{StreamName("test", commit.envelope.id.str()), expected, {event}}};
    return commit;
  }
  [[nodiscard]] std::string sealed(const Commit& commit) {
    return encode_record(commit, world_.keys->find(workspaces_.front().str()).value(), world_.random);
  }
  [[nodiscard]] std::string record_with(const EventData& event, const std::string& owner,
                                        const Version& expected = {}) {
    return sealed(commit_with(event, owner, expected));
  }
  [[nodiscard]] std::string good_record(Partition partition = home) {
    return sealed(commit_with(encode_event(reservation::Taken{}), workspaces_.front().str(), {}, partition));
  }
  [[nodiscard]] CommitId genesis_of(Partition partition) {
    return parse_record(*log_.read(partition, Offset{0}, 1).value().front().bytes)->envelope.id;
  }
  // Folds the log with `bad` after what was good, a good record behind it, and one in the other partition.
  void expect_a_stop_at(const std::string& bad, const std::string& why) {
    for (const std::size_t split : {1U, 3U, 1'000'000U}) {
      ScriptedLog log = log_;
      log.write(home, bad);
      log.write(home, good_record());
      log.write(elsewhere, good_record(elsewhere));
      Folded folded(directory_ / ("stopped " + std::to_string(++stores_)), log, *world_.keys);
      folded.fold(split);
      expect_stopped(folded, why);
      EXPECT_EQ(folded.folding().folded(elsewhere), log.end(elsewhere)) << "other partitions go on";
      log.write(elsewhere, good_record(elsewhere));
      folded.fold(split);
      EXPECT_EQ(folded.folding().folded(elsewhere), log.end(elsewhere));
      EXPECT_EQ(folded.folding().folded(home), good_) << "nothing is skipped";
      EXPECT_TRUE(workspaces::find(folded.store(), workspaces_.front())) << "what was folded is still read";
    }
  }
  void expect_stopped(Folded& folded, const std::string& why) const {
    const auto& stopped = folded.folding().stopped();
    ASSERT_EQ(stopped.size(), 1U);
    EXPECT_EQ(stopped.front().partition, home);
    EXPECT_EQ(stopped.front().offset, good_);
    const auto begin = "partition 1 stands still at offset " + std::to_string(to_number(good_)) + ": ";
    EXPECT_EQ(stopped.front().message.substr(0, begin.size()), begin);
    EXPECT_NE(stopped.front().message.find(why), std::string::npos) << stopped.front().message;
  }

  Offset good_{};
  int stores_ = 0;
};

// Its own commits are not opened again: what was sent stands for the record, but only for exactly these
// bytes.
TEST_F(StoppedFoldTest, ARecordThatComesBackAsItWasSentNeedNotOpen) {
  const auto commit = commit_with(encode_event(reservation::Taken{}), workspaces_.front().str());
  const auto record = sealed(commit);
  auto damaged = record;
  damaged.back() = static_cast<char>(~damaged.back());
  log_.write(home, damaged);
  const auto folds_when_sent = [&](const std::string& sent_record) {
    SentCommits sent;
    sent.add(sent_record, commit);
    Folded folded(directory_ / ("sent " + std::to_string(++stores_)), log_, *world_.keys, 100, &sent);
    folded.fold(all);
    EXPECT_EQ(sent.size(), sent_record == damaged ? 0U : 1U);
    return folded.folding().stopped().empty();
  };
  EXPECT_TRUE(folds_when_sent(damaged));
  EXPECT_FALSE(folds_when_sent(record));
}

TEST_F(StoppedFoldTest, AnUnknownEventStopsThePartition) {
  expect_a_stop_at(record_with({"workspace.teleported", 1, "{}"}, workspaces_.front().str()),
                   "does not know the event \"workspace.teleported\"");
}

TEST_F(StoppedFoldTest, ASchemaFromTheFutureStopsThePartition) {
  expect_a_stop_at(record_with({"reservation.taken", 2, "{}"}, workspaces_.front().str()),
                   "up to schema 1, not 2");
}

TEST_F(StoppedFoldTest, AnEventWithoutItsMembersStopsThePartition) {
  expect_a_stop_at(record_with({"workspace.renamed", 1, "{}"}, workspaces_.front().str()),
                   "workspace.renamed");
}

TEST_F(StoppedFoldTest, RubbishStopsThePartition) {
  expect_a_stop_at("rubbish", "does not begin like a record");
}

TEST_F(StoppedFoldTest, AFormatThatThisVersionDoesNotReadStopsThePartition) {
  auto record = good_record();
  record[3] = 1;
  expect_a_stop_at(record, "it has format 1, and this version reads 2: start the version that wrote it");
}

TEST_F(StoppedFoldTest, ARecordWithOneBitFlippedStopsThePartition) {
  auto record = good_record();
  record.back() = static_cast<char>(record.back() ^ 1);
  expect_a_stop_at(record, "does not open under the key of " + workspaces_.front().str());
}

TEST_F(StoppedFoldTest, ARecordThatIsCutOffStopsThePartition) {
  expect_a_stop_at(good_record().substr(0, 100), "its envelope is cut off");
}

TEST_F(StoppedFoldTest, AMissingDataKeyStopsThePartition) {
  const auto owner = WorkspaceId(Uuid{{99}}).str();
  expect_a_stop_at(record_with(encode_event(reservation::Taken{}), owner),
                   "the data key of " + owner + " is missing");
}

// These three threw out of the fold, or worse, and took every partition with them.
TEST_F(StoppedFoldTest, AnEventThatDoesNotFitItsStreamStopsThePartition) {
  expect_a_stop_at(
      record_with(encode_event(operation::StepCompleted{.environment = {}}), workspaces_.front().str()),
      "\"operation.step_completed\" does not fit its stream");
}

TEST_F(StoppedFoldTest, AnAuditEntryWithoutItsPayloadStopsThePartition) {
  auto commit = commit_with(encode_event(reservation::Taken{}), workspaces_.front().str());
  commit.envelope.audit = AuditEnvelope{.feed = workspaces_.front().str(), .action = "workspace.updated"};
  expect_a_stop_at(sealed(commit), "its audit entry is not understood");
  commit.envelope.audit->targets = {{"workspace", "ws_x"}};
  commit.audit_payload = plain_payload({.actor_display = "Ada", .target_displays = {}, .context = {}});
  expect_a_stop_at(sealed(commit), "its audit entry is not understood");
}

TEST_F(StoppedFoldTest, AnAnswerThatNoRowCanGiveStopsThePartition) {
  auto commit = commit_with(encode_event(reservation::Taken{}), workspaces_.front().str());
  commit.envelope.answer = {Success::ok, AnswerKind::workspace, workspace::stream(WorkspaceId(Uuid{{99}}))};
  expect_a_stop_at(sealed(commit), "its answer");
}

// A topic that was made anew and filled beyond the node's place, all between two of its reads.
TEST_F(StoppedFoldTest, ACommitOfAnotherLogStopsThePartition) {
  auto commit = commit_with(encode_event(reservation::Taken{}), workspaces_.front().str());
  commit.envelope.genesis = CommitId(Uuid{{5}});
  expect_a_stop_at(sealed(commit), "written for a log whose partition begins with commit " +
                                       CommitId(Uuid{{5}}).str() + ", and this one begins with " +
                                       genesis_of(home).str());
}

TEST_F(StoppedFoldTest, ALogThatLacksItsBeginningIsNotFolded) {
  ScriptedLog log{3};
  log.write(home, good_record());
  Folded folded(directory_ / "store", log, *world_.keys);
  folded.fold(all);
  ASSERT_EQ(folded.folding().stopped().size(), 1U);
  EXPECT_NE(folded.folding().stopped().front().message.find("and this one begins with this record"),
            std::string::npos);
}

// Two nodes that both find a partition empty race for it.
TEST_F(StoppedFoldTest, ACommitThatExpectsAnEmptyPartitionIsVoidInOneThatIsNot) {
  auto commit = commit_with(encode_event(reservation::Taken{}), workspaces_.front().str());
  commit.envelope.genesis = {};
  log_.write(home, sealed(commit));
  Folded folded(directory_ / "store", log_, *world_.keys);
  std::vector<FoldedCommit> results;
  while (folded.folding().behind())
    std::ranges::move(folded.folding().step(all), std::back_inserter(results));
  const auto last = std::ranges::find(results, commit.envelope.id, &FoldedCommit::id);
  ASSERT_NE(last, results.end());
  EXPECT_FALSE(last->accepted);
  EXPECT_TRUE(folded.folding().stopped().empty());
}

TEST_F(StoppedFoldTest, AStopIsTheSameAfterARestart) {
  log_.write(home, "rubbish");
  { Folded(directory_ / "store", log_, *world_.keys).fold(all); }
  Folded again(directory_ / "store", log_, *world_.keys);
  again.fold(all);
  expect_stopped(again, "does not begin like a record");
}

// It was folded on without end, and would have taken new records for old ones.
TEST_F(StoppedFoldTest, ALogThatEndsBeforeWhatTheStoreHasFoldedStopsThePartition) {
  ScriptedLog longer = log_;
  longer.write(home, good_record());
  { Folded(directory_ / "store", longer, *world_.keys).fold(all); }
  Folded again(directory_ / "store", log_, *world_.keys);
  EXPECT_FALSE(again.folding().behind());
  ASSERT_EQ(again.folding().stopped().size(), 1U);
  EXPECT_EQ(again.folding().stopped().front().message,
            "partition 1 stands still at offset " + std::to_string(to_number(good_) + 1) +
                ": the log ends before it, at offset " + std::to_string(to_number(good_)) +
                "; restore the log, or delete the store");
  log_.write(elsewhere, good_record(elsewhere));
  again.fold(all);
  EXPECT_EQ(again.folding().folded(elsewhere), log_.end(elsewhere)) << "other partitions go on";
}

TEST_F(StoppedFoldTest, AVoidCommitNeedsNoDataKey) {
  const auto owner = WorkspaceId(Uuid{{99}}).str();
  log_.write(home, record_with(encode_event(reservation::Taken{}), owner, {7, CommitId(Uuid{{1}})}));
  Folded folded(directory_ / "store", log_, *world_.keys);
  folded.fold(all);
  EXPECT_TRUE(folded.folding().stopped().empty());
  EXPECT_EQ(folded.folding().folded(home), log_.end(home));
}

}  // namespace
}  // namespace tenure::testing
