#include "projections/projector.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/store/keys.h"
#include "projections/history.h"
#include "projections/views.h"

namespace tenure {
namespace {

// A reservation is nothing but its version, and a publication is this system's own business: their events
// need no copy for reading.
bool has_history(const StreamName& stream) {
  const auto category = stream.category();
  return category != "idempotency" && category != "refusal" && category != "slug" &&
         category != "bootstrap" && category != publication::State::category;
}

std::uint64_t published_through(const AnyState& state) {
  const auto* publication = std::get_if<publication::State>(&state);
  return publication == nullptr ? 0 : publication->through;
}

// Whether `render_answer` can make this kind of answer from the state.
bool answers(AnswerKind kind, const AnyState& state) {
  switch (kind) {
    case AnswerKind::empty:
      return true;
    case AnswerKind::workspace:
      return std::holds_alternative<workspace::State>(state);
    case AnswerKind::environment:
      return std::holds_alternative<environment::State>(state);
    case AnswerKind::operation:
      return std::holds_alternative<operation::State>(state);
    case AnswerKind::created_api_token:
      return std::holds_alternative<api_token::State>(state);
  }
  return false;
}

}  // namespace

std::string rows_version() {
  std::string text =
      fmt::format("audit:{},history:{},outbox:{}", audit::version, history::version, outbox::version);
  for (const auto& view : view_table) text += fmt::format(",{}:{}", view.name, view.version);
  return text;
}

RenderedAnswer render_answer(const AnswerRef& answer, const StreamState& state) {
  switch (answer.kind) {
    case AnswerKind::empty:
      return {};
    case AnswerKind::workspace:
      return {workspaces::render(state), state.version.number};
    case AnswerKind::environment:
      return {environments::render(state), state.version.number};
    case AnswerKind::operation:
      return {operations::render(state), std::nullopt};
    case AnswerKind::created_api_token:
      return {api_tokens::render_created(state), std::nullopt};
  }
  return {};
}

Version Projector::version(Partition partition, const StreamName& stream) {
  return states_.get(partition, stream).version;
}

std::expected<RenderedAnswer, RecordError> Projector::apply(const AcceptedCommit& accepted,
                                                            Store::Batch& rows) {
  // Everything that can fail comes before the first change.
  const auto events = decode(accepted.commit);
  if (!events) return std::unexpected(events.error());
  auto moved = evolve_copies(accepted, *events);
  if (!moved) return std::unexpected(moved.error());
  if (!has_answer(accepted, *moved))
    return std::unexpected(RecordError{"its answer is no row of its stream"});
  json::Arena memory;
  const auto audit_payload = audit::payload_of(accepted.commit, memory);
  if (!audit_payload) return std::unexpected(audit_payload.error());

  const auto& commit = accepted.commit.envelope;
  const auto partition = accepted.position.partition;
  std::size_t index = 0;
  for (std::size_t i = 0; i < commit.writes.size(); ++i) {
    apply_write(accepted, {commit.writes[i], (*events)[i], std::move((*moved)[i]), index}, rows);
    index += (*events)[i].size();
  }
  audit_.append(accepted, *audit_payload, rows);
  RenderedAnswer answer;
  if (commit.answer && commit.answer->kind != AnswerKind::empty) {
    answer = render_answer(*commit.answer, states_.get(partition, commit.answer->stream));
  }
  kept_answers_.expire(accepted, rows);
  kept_answers_.keep(accepted, answer, rows);
  return answer;
}

std::expected<Projector::EventsOfWrites, RecordError> Projector::decode(const Commit& commit) {
  EventsOfWrites decoded;
  for (const auto& write : commit.envelope.writes) {
    auto& events = decoded.emplace_back();
    for (const auto& encoded : write.events) {
      json::Arena memory;
      const auto data = json::parse(encoded.data, json::depth_max_default, memory);
      if (!data) {
        return std::unexpected(
            RecordError{fmt::format("the event \"{}\" is not JSON: {}", encoded.type, data.error().message)});
      }
      auto event = decode_event(encoded.type, encoded.schema, *data);
      if (!event) return std::unexpected(event.error());
      events.push_back(std::move(*event));
    }
  }
  return decoded;
}

// The state of each written stream after its events.
std::expected<std::vector<AnyState>, RecordError> Projector::evolve_copies(const AcceptedCommit& accepted,
                                                                           const EventsOfWrites& events) {
  const auto& commit = accepted.commit.envelope;
  std::vector<AnyState> moved(commit.writes.size());
  for (std::size_t i = 0; i < commit.writes.size(); ++i) {
    if (events[i].empty()) continue;
    moved[i] = states_.get(accepted.position.partition, commit.writes[i].stream).state;
    for (const auto& event : events[i]) {
      try {
        evolve(moved[i], event, commit.time);
      } catch (const std::exception& error) {
        return std::unexpected(
            RecordError{fmt::format("the event \"{}\" does not fit its stream {}: {}", name_of(event),
                                    commit.writes[i].stream.str(), error.what())});
      }
    }
  }
  return moved;
}

bool Projector::has_answer(const AcceptedCommit& accepted, const std::vector<AnyState>& moved) {
  const auto& commit = accepted.commit.envelope;
  if (!commit.answer) return true;
  const auto& stream = commit.answer->stream;
  const auto written = std::ranges::find(commit.writes, stream, &StreamWrite::stream);
  const bool moves = written != commit.writes.end() && !written->events.empty();
  return answers(commit.answer->kind, moves ? moved[static_cast<std::size_t>(written - commit.writes.begin())]
                                            : states_.get(accepted.position.partition, stream).state);
}

void Projector::apply_write(const AcceptedCommit& accepted, Move move, Store::Batch& rows) {
  const auto& write = move.write;
  const auto& events = move.events;
  if (events.empty()) return;
  const auto partition = accepted.position.partition;
  const auto& commit = accepted.commit.envelope;
  const auto [before, after] =
      states_.move(partition, write.stream, events.size(), commit.id, std::move(move.state), rows);
  const StreamChange change{.partition = partition, .stream = write.stream, .before = before, .after = after};
  for (const auto& view : view_table) view.reduce(change, rows);
  changed_(partition, write.stream);
  if (const auto through = published_through(after.state);
      outbox_ && through > published_through(before.state)) {
    outbox::Writer::trim(partition, Offset{through}, rows);
  }
  if (has_history(write.stream)) keep_events(accepted, move, before.version.number + 1, rows);
}

void Projector::keep_events(const AcceptedCommit& accepted, const Move& move, std::uint64_t first_number,
                            Store::Batch& rows) {
  for (std::size_t i = 0; i < move.events.size(); ++i) {
    const history::Entry entry{.commit = accepted,
                               .stream = move.write.stream,
                               .number = first_number + i,
                               .index = move.first_index + i,
                               .encoded = move.write.events[i],
                               .event = move.events[i]};
    history::append(entry, rows);
    if (outbox_) outbox_->append(entry, rows);
  }
}

void Projector::written() {
  states_.trim();
  audit_.written();
  kept_answers_.written();
  if (outbox_) outbox_->written();
}

}  // namespace tenure
