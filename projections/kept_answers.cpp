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
  auto key = keys::kept_answer(partition, commit.id);
  rows.put(key, encode_kept_answer({.key = commit.idempotency->stream,
                                    .fingerprint = commit.idempotency->fingerprint,
                                    .success = commit.answer ? commit.answer->success : Success::no_content,
                                    .answer = answer,
                                    .position = accepted.position}));
  added_.emplace(std::move(key), commit.idempotency->stream);
  auto& none_before = none_before_[partition];
  none_before = std::min(none_before, made_at(commit.id.uuid()));
}

void KeptAnswers::expire(const AcceptedCommit& accepted, Store::Batch& rows) {
  const auto partition = accepted.position.partition;
  const auto kept_since = accepted.commit.envelope.time - limits::idempotency_kept_min;
  auto& none_before = none_before_[partition];
  if (none_before > kept_since) return;

  const auto prefix = keys::Key('i').partition(partition).str();
  auto scan = store_.scan(prefix);
  scan.to_first();
  for (int expired = 0;;) {
    while (scan.valid() && removed_.contains(std::string(scan.key()))) scan.next();
    auto next = added_.lower_bound(prefix);
    const bool in_batch = next != added_.end() && next->first.starts_with(prefix) &&
                          (!scan.valid() || next->first < scan.key());
    if (!in_batch && !scan.valid()) {
      none_before = kept_since + Duration(1);  // anything added later lowers it again
      return;
    }
    const std::string key = in_batch ? next->first : std::string(scan.key());
    const auto time = made_at(keys::Reader(std::string_view(key).substr(prefix.size())).uuid());
    if (time >= kept_since) {
      none_before = time;
      return;
    }
    if (++expired > expired_per_commit_max) return;
    rows.erase(key);
    states_.forget(partition, in_batch ? next->second : decode_kept_answer(scan.value()).key, rows);
    if (in_batch) added_.erase(next);
    removed_.insert(key);
  }
}

void KeptAnswers::written() {
  added_.clear();
  removed_.clear();
}

}  // namespace tenure
