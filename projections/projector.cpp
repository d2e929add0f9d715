#include "projections/projector.h"

#include <fmt/core.h>

#include "core/store/keys.h"
#include "projections/history.h"
#include "projections/views.h"

namespace tenure {
namespace {

// A reservation is nothing but its version, and a publication is this system's own business: their events need no copy
// for reading.
bool has_history(const StreamName& stream) {
  const auto category = stream.category();
  return category != "idempotency" && category != "refusal" && category != "slug" && category != "bootstrap" &&
         category != publication::State::category;
}

std::uint64_t published_through(const AnyState& state) {
  const auto* publication = std::get_if<publication::State>(&state);
  return publication == nullptr ? 0 : publication->through;
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

std::expected<RenderedAnswer, RecordError> Projector::apply(const AcceptedCommit& accepted, Store::Batch& rows) {
  // Everything that can fail comes before the first change.
  const auto events = decode(accepted.commit);
  if (!events) return std::unexpected(events.error());

  const auto& commit = accepted.commit.envelope;
  const auto partition = accepted.position.partition;
  std::size_t index = 0;
  for (std::size_t i = 0; i < commit.writes.size(); ++i) {
    apply_write(accepted, commit.writes[i], (*events)[i], index, rows);
    index += (*events)[i].size();
  }
  audit_.append(accepted, rows);
  RenderedAnswer answer;
  if (commit.answer && commit.answer->kind != AnswerKind::empty) {
    answer = render_answer(*commit.answer, states_.get(partition, commit.answer->stream));
  }
  kept_answers_.expire(accepted, rows);
  kept_answers_.keep(accepted, answer, rows);
  return answer;
}

std::expected<Projector::EventsOfWrites, RecordError> Projector::decode(const OpenedCommit& commit) {
  EventsOfWrites decoded;
  auto data = commit.event_data.begin();
  for (const auto& write : commit.envelope.writes) {
    auto& events = decoded.emplace_back();
    for (const auto& encoded : write.events) {
      auto event = decode_event(encoded.type, encoded.schema, *data++);
      if (!event) return std::unexpected(event.error());
      events.push_back(std::move(*event));
    }
  }
  return decoded;
}

void Projector::apply_write(const AcceptedCommit& accepted, const StreamWrite& write, const std::vector<Event>& events,
                            std::size_t first_index, Store::Batch& rows) {
  if (events.empty()) return;
  const auto partition = accepted.position.partition;
  const auto& commit = accepted.commit.envelope;
  const StreamState before = states_.get(partition, write.stream);
  auto& after = states_.change(partition, write.stream, events.size(), commit.id);
  for (const auto& event : events) evolve(after.state, event, commit.time);
  states_.save(partition, write.stream, rows);
  const StreamChange change{.partition = partition, .stream = write.stream, .before = before, .after = after};
  for (const auto& view : view_table) view.reduce(change, rows);
  changed_(partition, write.stream);
  if (const auto through = published_through(after.state); outbox_ && through > published_through(before.state)) {
    outbox::Writer::trim(partition, Offset{through}, rows);
  }
  if (has_history(write.stream)) {
    keep_events(accepted, write, events, before.version.number + 1, first_index, rows);
  }
}

void Projector::keep_events(const AcceptedCommit& accepted, const StreamWrite& write, const std::vector<Event>& events,
                            std::uint64_t first_number, std::size_t first_index, Store::Batch& rows) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const history::Entry entry{.commit = accepted,
                               .stream = write.stream,
                               .number = first_number + i,
                               .index = first_index + i,
                               .encoded = write.events[i],
                               .event = events[i]};
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
