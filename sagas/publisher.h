// Hands public events on to other systems: at least once, those of one workspace in order.
//
// For each partition, one node at a time: it claims the partition's publication (commands/publication/) when
// the outbox has rows beyond what is published, sends them while its lease runs by its own clock, and writes
// down how far it came: with every renewal while there is work, and when it gives the claim back because
// there is none. Another node goes on from there once the lease has run out. What was sent and not written
// down is sent again. Under load, what is folded within 20 ms goes together.
//
// Threads: one, the one that folds, but for the answers of the sink, which come in through `post`.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "commands/execute.h"
#include "core/log/event_sink.h"

namespace tenure {

class Publisher {
 public:
  struct Parts {
    const Store& store;
    StreamStates& states;
    KeyStore& keys;
    EventSink* sink;  // nullptr: nothing is published
    const Clock& clock;
    Random& random;
    NodeId node;
    const Policy& policy;
    std::uint16_t partitions;
    std::function<void(CommandRequest)> submit;
    // Brings a function to the publisher's thread; callable from any thread.
    std::function<void(std::function<void()>)> post;
  };
  explicit Publisher(Parts parts);

  // Takes up what the outbox holds. After catching up; before, nothing is published.
  void start();
  void on_folded(const FoldedCommit& folded);
  // Looks at what was folded or is due. To be called after a fold step and at `next_tick`.
  void tick();
  [[nodiscard]] std::optional<Timestamp> next_tick() const;
  // Sends nothing more, and gives each claim back once all that was sent is stored: another node then goes on
  // behind it at once.
  void stop();
  // Whether it still holds a claim.
  [[nodiscard]] bool holds_any() const;

 private:
  struct Sent {
    Offset commit;
    bool stored = false;
  };
  struct Line {
    Partition partition{};
    bool look = false;
    std::optional<Timestamp> look_at;
    Timestamp looked_at;            // last
    Offset next{};                  // whose records are to be sent next
    std::deque<Sent> sent;          // and not stored, or behind one that is not
    std::uint64_t sent_before = 0;  // records that have left `sent`
    std::uint64_t session = 0;      // of the sink, to which `sent` went
    std::uint64_t attempt = 0;      // answers to an earlier one do not count
    std::uint32_t failures = 0;     // since a record was stored
    Timestamp paused_until;
    Timestamp worked_at;  // when a record was last sent or stored
    bool command_on_its_way = false;
  };

  [[nodiscard]] publication::State state_of(const Line& line) const;
  [[nodiscard]] bool is_mine(const publication::State& state, Timestamp now) const;
  void look_at(Line& line, Timestamp now);
  void work(Line& line, const publication::State& state, Timestamp now);
  void wait_for_work(Line& line, const publication::State& state, Timestamp now);
  void send(Line& line, Timestamp now);
  void answered(std::size_t partition, std::uint64_t attempt, std::uint64_t number, bool stored);
  // From the first record that is not stored, after a pause that grows from failure to failure.
  void begin_again(Line& line);
  [[nodiscard]] static Offset through(const Line& line);
  [[nodiscard]] bool has_work(const Line& line) const;
  [[nodiscard]] bool make_key();
  void claim(Line& line);
  void release(Line& line);
  void submit(Line& line, Command command);
  static void look_later(Line& line, Timestamp at);
  // At once after a pause, and otherwise so that what is folded meanwhile goes together.
  void look_soon(Line& line) const;

  Parts parts_;
  std::vector<Line> lines_;  // by partition; none without a sink
  // This node's, under which its claims are sealed. The same in every attempt to store it: one that failed
  // may still arrive, and the first counts.
  std::optional<crypto::Key> key_;
  bool stopping_ = false;
};

}  // namespace tenure
