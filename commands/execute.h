// The one path from a command to its answer:
//
//   1. authenticate      api/authentication.cpp, for a command that comes over HTTP
//   2. authorize         commands/authorize.h
//   3. idempotency       the same key again: the kept answer
//   4. decide            on folded state, with this node's own commits in flight on top
//   5. commit            sealed, appended to the log
//   6. folded            read back, accepted or void; a void one is decided again
//   7. answer
//
// Executor does 3 to 7. A commit names every stream that its decision looked at, with the version that it
// saw, so two nodes that race have one winner; the loser decides again on the newer state, a bounded number
// of times.
//
// Threads: one, the one that folds. `done` functions run on it and must not block.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "commands/commands.h"
#include "commands/decision.h"
#include "commands/guards.h"
#include "commands/refusals.h"
#include "commands/stream_states.h"
#include "core/fold/fold.h"
#include "core/fold/sent_commits.h"

namespace tenure {

struct IdempotencyKey {
  std::string scope;  // id of the workspace or user that the key belongs to; it has a data key
  std::string key;
  std::string fingerprint;  // hexadecimal; the same for the same request
};

struct Answer {
  Success success = Success::no_content;
  std::string body;                      // a row with its placeholders; empty: none
  std::optional<std::uint64_t> version;  // of the resource, for its etag
  std::optional<Position> position;      // of the commit; none where nothing was committed
  bool replayed = false;                 // kept from an earlier request with the same idempotency key
};
using CommandResult = std::expected<Answer, Rejection>;

struct CommandRequest {
  Command command;
  Partition partition{};
  Caller caller;
  RequestContext context;
  std::optional<IdempotencyKey> idempotency;
  std::optional<IfMatch> if_match;
  std::string causation_id;
  std::function<void(CommandResult)> done;
};

// The row that answers a command, from the state of its stream.
using RenderAnswer = std::function<RenderedAnswer(const AnswerRef&, const StreamState&)>;

class Executor {
 public:
  struct Parts {
    EventLog& log;
    const Store& store;
    KeyStore& keys;
    StreamStates& folded;
    SentCommits& sent;  // to be known when they come back from the log
    const Clock& clock;
    Random& random;
    NodeId node;
    Policy policy;
    RenderAnswer render;
    Duration commit_timeout;  // then the outcome is unknown
    Duration refusal_window;  // equal refusals within it are counted into one entry
    // Called on the log's thread; brings the result to `on_appended` on the executor's thread.
    std::function<void(CommitId, AppendResult)> appended;
  };
  explicit Executor(Parts parts);
  ~Executor();

  // Decides now; the commit waits for `flush`.
  void submit(CommandRequest request);
  // For a refusal before any decision, for want of permission.
  void refuse(RefusalRequest request);
  // Makes new data keys durable and hands the commits to the log.
  void flush();

  void on_appended(const CommitId& commit, const AppendResult& result);
  // Every folded commit, in order, after the fold's batch was written.
  void on_folded(const FoldedCommit& folded);

  // Answers what has waited too long, writes counted refusals. To be called at `next_tick`.
  void tick();
  [[nodiscard]] std::optional<Timestamp> next_tick() const;
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size() + held_ + awaiting_.size(); }

 private:
  struct Pending;        // a request on its way
  struct InFlight;       // its commit, appended and not folded yet
  struct PartitionLine;  // what is in flight in one partition, and the states that it will bring about
  class Seen;            // States for one decision

  void run(std::shared_ptr<Pending> pending);
  void run_again(std::shared_ptr<Pending> pending);
  [[nodiscard]] bool answer_from_kept(Pending& pending, const StreamName& stream);
  void wait_for_version(std::shared_ptr<Pending> pending);
  void look_at_awaited_versions();
  void commit(std::shared_ptr<Pending> pending, const Decision& decision, const Seen& seen);
  void answer_without_commit(std::shared_ptr<Pending> pending, CommandResult result, const Seen& seen);
  // Enters a refusal into its feed first.
  void answer(const std::shared_ptr<Pending>& pending, CommandResult result);
  void decide_waiting_again(const PartitionLine& line);
  void write_refusal(RefusalRequest request, std::uint64_t repeated);
  void write_repeated_refusals();
  void enqueue(Partition partition, Commit commit, std::unique_ptr<InFlight> flight);
  void settle(InFlight& flight, const FoldedCommit& folded);
  void give_up(const CommitId& commit, const Rejection& why);
  [[nodiscard]] std::unique_ptr<InFlight> take(const CommitId& commit);
  [[nodiscard]] std::unique_ptr<InFlight> drop(const CommitId& commit);
  // Those that another node's accepted commits have made void for ever.
  void settle_unknown();
  [[nodiscard]] bool is_overtaken(const InFlight& flight) const;
  void come_back_void(const CommitId& commit);
  void release_held(PartitionLine& line);
  void make_key(const std::string& owner);
  [[nodiscard]] crypto::Key key_of(const std::string& owner);
  [[nodiscard]] StreamName idempotency_stream(const IdempotencyKey& key);
  [[nodiscard]] Timestamp now_in(Partition partition);

  Parts parts_;
  std::function<std::string(std::string_view, std::string_view)> blind_;
  std::vector<std::unique_ptr<PartitionLine>> lines_;  // by partition
  std::unordered_map<CommitId, std::unique_ptr<InFlight>> in_flight_;
  std::size_t held_ = 0;  // requests that wait for a partition to settle
  struct Outgoing {
    Partition partition;
    CommitId id;
    std::string record;
  };
  std::vector<Outgoing> outgoing_;
  std::vector<CommitId> unknown_;           // in flight, and the log does not say whether it has them
  std::vector<KeyStore::NewKey> new_keys_;  // of `outgoing_`
  std::multimap<Timestamp, CommitId> deadlines_;
  std::multimap<Timestamp, std::shared_ptr<Pending>> awaiting_;  // a version that If-Match names, until when
  RefusalCounter refusals_;
};

}  // namespace tenure
