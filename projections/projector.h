// What an accepted commit does to the store: the streams' states, the views, the audit feed, the raw events
// and the answer kept under its idempotency key.
//
// Threads: the fold's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "commands/execute.h"
#include "commands/stream_states.h"
#include "core/fold/fold.h"
#include "projections/audit.h"
#include "projections/kept_answers.h"
#include "projections/outbox.h"

namespace tenure {

// A number for the layout of all rows: moves when any view's version does.
[[nodiscard]] std::string rows_version();

// The row that answers a command.
[[nodiscard]] RenderedAnswer render_answer(const AnswerRef& answer, const StreamState& state);

class Projector final : public FoldTarget {
 public:
  // `changed` hears of every stream that a commit moves, before the batch is written.
  using Changed = std::function<void(Partition, const StreamName&)>;
  // Whether public events go to an outbox: constant for a log.
  enum class Publishing : std::uint8_t { off, on };
  Projector(const Store& store, StreamStates& states, Changed changed,
            Publishing publishing = Publishing::off)
      : states_(states), changed_(std::move(changed)), audit_(store), kept_answers_(store, states) {
    if (publishing == Publishing::on) outbox_.emplace(store);
  }

  [[nodiscard]] Version version(Partition partition, const StreamName& stream) override;
  [[nodiscard]] std::expected<RenderedAnswer, RecordError> apply(const AcceptedCommit& commit,
                                                                 Store::Batch& rows) override;
  void written() override;

 private:
  using EventsOfWrites = std::vector<std::vector<Event>>;
  [[nodiscard]] static std::expected<EventsOfWrites, RecordError> decode(const Commit& commit);
  [[nodiscard]] std::expected<std::vector<AnyState>, RecordError> evolve_copies(const AcceptedCommit& commit,
                                                                                const EventsOfWrites& events);
  [[nodiscard]] bool has_answer(const AcceptedCommit& commit, const std::vector<AnyState>& moved);
  // What one write of a commit does to its stream.
  struct Move {
    const StreamWrite& write;
    const std::vector<Event>& events;
    AnyState state;               // after them
    std::size_t first_index = 0;  // of the events, among the commit's
  };
  void apply_write(const AcceptedCommit& commit, Move move, Store::Batch& rows);
  void keep_events(const AcceptedCommit& commit, const Move& move, std::uint64_t first_number,
                   Store::Batch& rows);

  StreamStates& states_;
  Changed changed_;
  audit::Writer audit_;
  KeptAnswers kept_answers_;
  std::optional<outbox::Writer> outbox_;
};

}  // namespace tenure
