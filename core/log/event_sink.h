// Where public events go: a topic that other systems read.
//
// Threads: any. `Stored` functions run on a thread of the sink's own and must return quickly. None runs after
// the destructor has returned.
#pragma once

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
  // Never blocks; `stored` is called exactly once. It is tried for as long as it takes. When a record is not
  // stored, neither is any that was published after it, unless it was on its way: publish again from there.
  virtual void publish(EventRecord record, Stored stored) = 0;
  // Gives up what is not stored yet. What is on its way may still arrive.
  virtual void abandon() = 0;
  // Why nothing is stored at the moment, for people; empty: all is well.
  [[nodiscard]] virtual std::string trouble() const { return {}; }
};

}  // namespace tenure
