#include "projections/kept_answers.h"

#include "commands/kept_answer.h"
#include "core/limits.h"
#include "core/store/keys.h"

namespace tenure {
namespace {

// More than the one that a commit can add, so that the backlog shrinks.
constexpr int expired_per_commit_max = 3;

}  // namespace

void KeptAnswers::keep(const AcceptedCommit& accepted, const RenderedAnswer& answer, Store::Batch& rows) {
  const auto& commit = accepted.commit.envelope;
  if (!commit.idempotency) return;
  const auto partition = accepted.position.partition;
  rows.put(keys::kept_answer(partition, commit.idempotency->stream),
           encode_kept_answer({.fingerprint = commit.idempotency->fingerprint,
                               .success = commit.answer ? commit.answer->success : Success::no_content,
                               .answer = answer,
                               .position = accepted.position}));
  keys::Key entry('x');
  entry.partition(partition).time(commit.time).rest(commit.idempotency->stream.str());
  rows.put(entry, "");
  added_.insert(std::move(entry).str());
  auto& none_before = none_before_[partition];
  none_before = std::min(none_before, commit.time);
}

void KeptAnswers::expire(const AcceptedCommit& accepted, Store::Batch& rows) {
  const auto partition = accepted.position.partition;
  const auto kept_since = accepted.commit.envelope.time - limits::idempotency_kept_min;
  auto& none_before = none_before_[partition];
  if (none_before > kept_since) return;

  const auto prefix = keys::Key('x').partition(partition).str();
  auto scan = store_.scan(prefix);
  scan.to_first();
  for (int expired = 0;;) {
    while (scan.valid() && removed_.contains(std::string(scan.key()))) scan.next();
    auto next = added_.lower_bound(prefix);
    const bool in_batch =
        next != added_.end() && next->starts_with(prefix) && (!scan.valid() || *next < scan.key());
    if (!in_batch && !scan.valid()) {
      none_before = kept_since + Duration(1);  // anything added later lowers it again
      return;
    }
    const std::string key = in_batch ? *next : std::string(scan.key());
    keys::Reader reader(std::string_view(key).substr(prefix.size()));
    const auto time = reader.time();
    if (time >= kept_since) {
      none_before = time;
      return;
    }
    if (++expired > expired_per_commit_max) return;
    const StreamName stream{std::string(reader.rest())};
    rows.erase(key);
    rows.erase(keys::kept_answer(partition, stream));
    states_.forget(partition, stream, rows);
    if (in_batch) added_.erase(next);
    removed_.insert(key);
  }
}

void KeptAnswers::written() {
  added_.clear();
  removed_.clear();
}

}  // namespace tenure
