// The layout of the store: every key of it, in one place.
//
// A key is one letter that names the table, then fields. Numbers are big-endian, so that byte order is their
// order; ids are their 16 bytes; a text that is not last ends with a zero byte. Rows marked (json) are ready
// to send.
//
// clang-format off
//
//   core/fold
//   'n' partition:2                            -> next_offset:8 time:8 genesis:16 hash:32   how far it is folded: the latest time, its first commit, the last record's SHA-256
//   's' partition:2 stream                     -> version:8 commit:16 state  every stream's version and state
//   'e' partition:2 stream 0 number:8          -> event (json)               a stream's events, from 1
//   'h' workspace:text 0 offset:8 index:2      -> key of the event in 'e'    a workspace's events, in log order
//   'i' partition:2 commit:16                  -> stream 0 answer            kept for the idempotency key that the commit reserved: by age
//   'd' kind:text 0 name:text 0 partition:2 offset:8 -> error  dead letters of views and sagas
//   'v' view:text                              -> version of its rows
//
//   projections/
//   'W' ws                                     -> header, workspace (json)
//   'N' acc lower-case name 0 ws               -> ""                         an account's workspaces by name
//   'C' acc created_at:8 ws                    -> ""                         ... by creation
//   'P' usr lower-case name 0 ws               -> acc created_at:8           a member's workspaces by name
//   'Q' usr created_at:8 ws                    -> acc                        ... by creation
//   'E' ws env                                 -> environment (json)
//   'O' op                                     -> header, operation (json)
//   'o' ws op                                  -> type:1 status:1            a workspace's operations by age
//   'T' ws tok                                 -> token (json)
//   'K' sha-256:32                             -> credential                 who holds a token or a session
//   'U' usr                                    -> user
//   'A' acc                                    -> header, account (json)
//   'R' usr acc                                -> role:1
//   'S' usr ses                                -> session (json)
//   'F' feed:text                              -> size, last time, left edge of the Merkle tree
//   'f' feed:text 0 sequence:8                 -> time:8 nodes:1 node:32... entry (json)   the leaf and the roots of the subtrees that it completes, by level
//   'p' partition:2 offset:8 index:2           -> event (CloudEvents json)   to be published to other systems
//   'q' partition:2 subject                    -> sequence:8                 of a subject's last public event
//
//   sagas/
//   'g' partition:2 stream                     -> ""                         operations that still run
//
//   this node's own, not from the log
//   'z' ...
//
// clang-format on
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/events/stream.h"
#include "core/log/position.h"
#include "core/time/clock.h"

namespace tenure::keys {

// Only in these tables may ranges of keys be erased.
inline constexpr std::string_view tables_erased_by_range = "p";

// Most requests read a row of these: whose a credential is, who that is, what they may, and where.
inline constexpr std::string_view tables_read_often = "AKRUW";

// Puts a key together.
class Key {
 public:
  explicit Key(char table) {
    bytes_.reserve(96);  // most are shorter
    bytes_ += table;
  }
  Key& u8(std::uint8_t value) {
    bytes_ += static_cast<char>(value);
    return *this;
  }
  Key& u16(std::uint16_t value) { return number(value, 2); }
  Key& u64(std::uint64_t value) { return number(value, 8); }
  Key& partition(Partition value) { return u16(to_number(value)); }
  Key& time(Timestamp value) { return u64(static_cast<std::uint64_t>(to_unix_millis(value))); }
  Key& uuid(const Uuid& value) {
    bytes_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
    return *this;
  }
  template <IdPrefix P>
  Key& id(const TypeId<P>& value) {
    return uuid(value.uuid());
  }
  // The last field.
  Key& rest(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  // A field that others follow. `value` holds no zero byte.
  Key& text(std::string_view value) {
    bytes_ += value;
    bytes_ += '\0';
    return *this;
  }
  [[nodiscard]] const std::string& str() const& { return bytes_; }
  [[nodiscard]] std::string str() && { return std::move(bytes_); }
  operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor)

 private:
  Key& number(std::uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
      bytes_ += static_cast<char>(value >> shift & 0xffU);
    return *this;
  }

  std::string bytes_;
};

// Takes a key or a value apart, from the front. Reading past the end is a programming error (it throws).
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint64_t u64() { return number(8); }
  Timestamp time() { return from_unix_millis(static_cast<std::int64_t>(u64())); }
  Uuid uuid();
  template <class Id>
  Id id() {
    return Id(uuid());
  }
  std::string_view take(std::size_t size);
  std::string_view text();  // up to its zero byte
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::uint64_t number(std::size_t size);

  std::string_view bytes_;
};

[[nodiscard]] inline std::string u64(std::uint64_t value) { return Key('\0').u64(value).str().substr(1); }
[[nodiscard]] inline std::uint64_t read_u64(std::string_view bytes) { return Reader(bytes).u64(); }
// The first key after all those that begin with `prefix`.
[[nodiscard]] std::string after_prefix(std::string prefix);

[[nodiscard]] inline std::string next_offset(Partition partition) {
  return Key('n').partition(partition).str();
}
[[nodiscard]] inline std::string stream_state(Partition partition, const StreamName& stream) {
  return Key('s').partition(partition).rest(stream.str()).str();
}
[[nodiscard]] inline std::string stream_events(Partition partition, const StreamName& stream) {
  return Key('e').partition(partition).text(stream.str()).str();
}
[[nodiscard]] inline std::string stream_event(Partition partition, const StreamName& stream,
                                              std::uint64_t number) {
  return Key('e').partition(partition).text(stream.str()).u64(number).str();
}
[[nodiscard]] inline std::string kept_answer(Partition partition, const CommitId& commit) {
  return Key('i').partition(partition).id(commit).str();
}

}  // namespace tenure::keys
