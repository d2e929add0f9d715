// Answers kept under idempotency keys, and their removal once they are old.
//
// Age is measured in the log's own time, at every commit, so that each node removes the same answers at the
// same place of the log, however it reads it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "commands/stream_states.h"
#include "core/fold/fold.h"

namespace tenure {

class KeptAnswers {
 public:
  KeptAnswers(const Store& store, StreamStates& states) : store_(store), states_(states) {}

  void keep(const AcceptedCommit& commit, const RenderedAnswer& answer, Store::Batch& rows);
  // Removes a few of the partition's answers that were kept long enough when the commit was made.
  void expire(const AcceptedCommit& commit, Store::Batch& rows);
  void written();

 private:
  const Store& store_;
  StreamStates& states_;
  // Entries that the store does not show yet: added and removed by the batch that is being made.
  std::map<std::string, StreamName> added_;
  std::set<std::string> removed_;
  // For each partition, a time before which no entry stands: saves looking.
  std::map<Partition, Timestamp> none_before_;
};

}  // namespace tenure
