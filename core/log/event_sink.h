// Where public events go: a topic that other systems read.
//
// Threads: any. `Stored` functions run on a thread of the sink's own and must return quickly. None runs after
// the destructor has returned.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tenure {

struct EventRecord {
  std::string key;  // records of one key are read in the order in which they were published
  std::vector<std::pair<std::string, std::string>> headers;
  std::string value;
};

class EventSink {
 public:
  using Stored = std::function<void(bool stored)>;

  virtual ~EventSink() = default;
  // The one that runs now. It ends with the first record that is not stored, so that nothing overtakes that
  // record.
  [[nodiscard]] virtual std::uint64_t session() const = 0;
  // Never blocks; `stored` is called exactly once. It is tried for as long as it takes. A record for a
  // session that has ended is not stored: publish again, in the session that runs, from the first one that
  // was not.
  virtual void publish(std::uint64_t session, EventRecord record, Stored stored) = 0;
  // Ends the session and gives up what is not stored yet. What is on its way may still arrive.
  virtual void abandon() = 0;
  // Why nothing is stored at the moment, for people; empty: all is well.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
};

}  // namespace tenure
