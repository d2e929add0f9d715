// The audit feeds: one gapless sequence of entries for each workspace, organization and account, each feed a
// Merkle tree (RFC 9162) whose leaf index is the entry's sequence.
//
//   envelope = JCS({action, actor {id, type}, commitment, occurred_at, outcome, position, reason?, sequence,
//   targets [{id, type}]}) leaf     = SHA-256(0x00 || envelope)
//
// The commitment stands for the part of the entry that may be erased (core/events/audit_payload.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/fold/fold.h"
#include "core/json/json.h"
#include "projections/merkle.h"
#include "projections/page.h"

namespace tenure::audit {

inline constexpr std::uint32_t version = 3;

// The bytes that a leaf is made from.
[[nodiscard]] std::string leaf_bytes(const CommitEnvelope& commit, std::uint64_t sequence,
                                     Timestamp occurred_at, Position position);

// What the commit says about its entry; null without one. An error unless it is all that an entry is made
// from.
[[nodiscard]] std::expected<json::Value, RecordError> payload_of(const Commit& commit, json::Memory memory);

// Writes entries while folding. Threads: the fold's.
class Writer {
 public:
  explicit Writer(const Store& store) : store_(store) {}
  // `payload` is the commit's, as `payload_of` gives it.
  void append(const AcceptedCommit& commit, const json::Value& payload, Store::Batch& rows);
  // Everything appended is in the store.
  void written();

 private:
  struct Feed {
    merkle::Edge edge;
    Timestamp last{};
  };
  [[nodiscard]] Feed& feed(const std::string& id);

  const Store& store_;
  std::map<std::string, Feed> feeds_;
};

struct Filter {
  std::optional<std::string> actor;    // id
  std::optional<std::string> action;   // exact, or a prefix followed by *
  std::optional<std::string> target;   // id
  std::optional<std::string> outcome;  // as spelled
  std::optional<Timestamp> from, to;   // from <= occurred_at < to
};
enum class Order { newest_first, oldest_first };
// Rows with placeholders.
[[nodiscard]] Page list(const Store& store, std::string_view feed, const Filter& filter, Order order,
                        const PageRequest& page);

struct Head {
  std::uint64_t size = 0;
  merkle::Hash root{};
};
[[nodiscard]] Head head(const Store& store, std::string_view feed);

// A node of the feed's tree, by its level (0: leaves) and its index in that level; nothing while its subtree
// is not complete.
[[nodiscard]] std::optional<merkle::Hash> node(const Store& store, std::string_view feed, std::uint8_t level,
                                               std::uint64_t index);

}  // namespace tenure::audit
