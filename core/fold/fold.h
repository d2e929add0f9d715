// The fold: from the log to everything that is read.
//
// It reads each partition in order and applies the one rule of the system: a commit counts if, and only if,
// every version that it expects is the stream's version at that point of the log. Otherwise it is void and
// changes nothing, for every reader, for ever. The rule is a pure function of the log, so all nodes agree
// without talking.
//
// What accepted commits do is up to a FoldTarget. All changes of one step, and how far each partition was
// folded, go into one atomic batch: a crash loses at most whole steps, and the same records fold to the same
// bytes however they are split into steps.
//
// Threads: one, the same for all methods, but for `folded`, which any thread may call.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/key_store.h"
#include "core/events/commit.h"
#include "core/fold/sent_commits.h"
#include "core/log/event_log.h"
#include "core/store/store.h"

namespace tenure {

// A commit that counts, at its place.
struct AcceptedCommit {
  Position position;
  Commit commit;
  crypto::Key key;  // of the tenant, for the audit entry's salt
};

// The row that answers the command, as it is right after the commit.
struct RenderedAnswer {
  std::string body;                      // empty: none
  std::optional<std::uint64_t> version;  // of the resource, for its etag
};

class FoldTarget {
 public:
  virtual ~FoldTarget() = default;
  // The version of a stream, with everything applied so far, also in the batch that is being made.
  [[nodiscard]] virtual Version version(Partition partition, const StreamName& stream) = 0;
  // Puts what the commit does into the batch. An error stops the partition, and has changed nothing.
  [[nodiscard]] virtual std::expected<RenderedAnswer, RecordError> apply(const AcceptedCommit& commit,
                                                                         Store::Batch& batch) = 0;
  // The batch with everything applied so far is in the store.
  virtual void written() = 0;
};

struct FoldedCommit {
  Position position;
  CommitId id;
  Timestamp time;
  bool accepted = false;
  RenderedAnswer answer;  // when accepted
};

// Why a partition stands still. Nothing is skipped: a person has to act.
struct Stopped {
  Partition partition{};
  Offset offset{};
  std::string message;
  bool log_is_damaged = false;  // it cannot be read there; otherwise a record cannot be folded
};

// How far a store is folded.
struct FoldedThrough {
  Offset next{};                 // of the first record that is not
  Timestamp latest;              // of the times of accepted commits
  CommitId genesis;              // of the first record; nil when there is none
  crypto::Digest last_record{};  // of the record before `next`
};
[[nodiscard]] FoldedThrough folded_through(const Store& store, Partition partition);
// Its `next`, by partition.
[[nodiscard]] std::vector<Offset> folded_offsets(const Store& store, std::uint16_t partitions);

class Fold {
 public:
  // Goes on where the store's last batch ended. A partition whose log ends before that is stopped. `sent` are
  // the node's own commits; none for a fold that sends nothing.
  Fold(EventLog& log, Store& store, KeyStore& keys, FoldTarget& target, SentCommits* sent = nullptr);

  // Folds what the log has, at most about `commits_max` commits: what came of each, partition by partition in
  // order. Empty when there is nothing to do.
  [[nodiscard]] std::vector<FoldedCommit> step(std::size_t commits_max);
  // Whether the log holds records that are not folded and not behind a stop.
  [[nodiscard]] bool behind();
  // Whether every partition that does not stand still is folded up to `ends`.
  [[nodiscard]] bool has_reached(const std::vector<Offset>& ends) const;

  // The offset of the next record that this partition will fold.
  [[nodiscard]] Offset folded(Partition partition) const;
  [[nodiscard]] std::vector<Offset> folded() const;
  [[nodiscard]] std::uint64_t commits_behind();
  [[nodiscard]] const std::vector<Stopped>& stopped() const { return stopped_; }
  // Partitions whose next commit names a data key that is still on its way: `step` looks again.
  [[nodiscard]] bool waits_for_key() const;

  // Before the first step: whether the store was folded from this log. The error says what does not fit.
  [[nodiscard]] std::expected<void, std::string> check_store_is_of_log();

 private:
  struct PartitionState {
    std::atomic<std::uint64_t> next{0};
    std::uint64_t pending = 0;  // `next` once the batch is written
    Timestamp latest;
    CommitId genesis;
    crypto::Digest last_record{};
    bool stopped = false;
    bool waits_for_key = false;
  };
  // Why a record is not folded: for good, or not yet.
  struct NotFolded {
    RecordError error;
    bool yet = false;
  };

  void refuse_a_shorter_log(Partition partition);
  void step_partition(Partition partition, std::size_t commits_max, std::vector<FoldedCommit>& results);
  [[nodiscard]] std::expected<FoldedCommit, NotFolded> fold_record(Position position,
                                                                   std::string_view record);
  [[nodiscard]] std::expected<void, RecordError> check_is_of_log(Position position,
                                                                 const CommitEnvelope& commit) const;
  [[nodiscard]] bool accepts(Position position, const CommitEnvelope& commit);
  void stop(Position position, const std::string& what, bool log_is_damaged = false);

  EventLog& log_;
  Store& store_;
  KeyStore& keys_;
  FoldTarget& target_;
  SentCommits* sent_;
  std::vector<std::unique_ptr<PartitionState>> partitions_;
  std::size_t first_partition_ = 0;  // where the next step begins, so that none starves
  Store::Batch batch_;
  std::vector<Stopped> stopped_;
};

}  // namespace tenure
