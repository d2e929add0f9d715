// What other systems are still to be told: the public events of accepted commits as CloudEvents 1.0, in log
// order. A partition's rows go when its publication (commands/publication/) has come past them.
//
// A row holds nothing that may not leave the system. Only a log whose events are published has rows: whether
// it has is as constant as its number of partitions, or two folds of it would differ.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/log/event_sink.h"
#include "projections/history.h"

namespace tenure::outbox {

inline constexpr std::uint32_t version = 1;
inline constexpr std::string_view source = "/tenure";
inline constexpr std::string_view type_prefix = "tenure.";

// Writes rows while folding. Threads: the fold's.
class Writer {
 public:
  explicit Writer(const Store& store) : store_(store) {}
  // An event that is not public makes no row.
  void append(const history::Entry& entry, Store::Batch& rows);
  // Everything below `through` is published.
  static void trim(Partition partition, Offset through, Store::Batch& rows);
  // Everything appended is in the store.
  void written();

 private:
  [[nodiscard]] std::uint64_t next_sequence(Partition partition, std::string_view subject,
                                            Store::Batch& rows);

  const Store& store_;
  std::unordered_map<std::string, std::uint64_t> sequences_;  // by key of the store: the last one given
};

// The public events of one commit.
struct Commit {
  Offset offset;
  std::vector<EventRecord> records;
};
// From `from` on, whole commits, until they hold `records_max` records.
[[nodiscard]] std::vector<Commit> read(const Store& store, Partition partition, Offset from,
                                       std::size_t records_max);
[[nodiscard]] bool is_empty(const Store& store, Partition partition, Offset from);
// How many rows there are in all partitions; counts no further than `max`.
[[nodiscard]] std::uint64_t count(const Store& store, std::uint64_t max);

}  // namespace tenure::outbox
