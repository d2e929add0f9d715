#include "core/log/kafka_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/thread_name.h"

namespace tenure::kafka {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t all_unread_bytes_max = 64U << 20U;
constexpr std::size_t unread_bytes_min = 8U << 20U;   // twice the largest record
constexpr std::size_t read_bytes_kept = 512U << 10U;  // of each partition
constexpr int poll_ms = 20;
constexpr int messages_between_publications = 1'000;
constexpr auto read_timeout = 2s;
constexpr auto seek_timeout = 2s;
constexpr auto health_every = 1s;
constexpr auto reconnect_pause = 200ms;

std::uint64_t partition_share(std::size_t partitions) {
  return std::max(unread_bytes_min, all_unread_bytes_max / std::max<std::size_t>(1, partitions));
}

bool knows_no_topic(rd_kafka_resp_err_t code) {
  static constexpr std::array codes{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
                                    RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION};
  return std::ranges::find(codes, code) != codes.end();
}

int to_ms(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

}  // namespace

Reader::Reader(KafkaOptions options, std::vector<Offset> from, std::function<void()> advanced)
    : options_(std::move(options)),
      advanced_(std::move(advanced)),
      unread_bytes_max_(partition_share(from.size())),
      windows_(from.size()),
      ends_(from.size()) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    windows_[i].begin = windows_[i].read_to = to_number(from[i]);
    windows_[i].compares = windows_[i].begin > 0;
  }
}

Reader::~Reader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (health_.joinable()) health_.join();
  client_.reset();
}

// A broker answers the requests of a connection in their order, and a fetch waits for records:
// questions have a client of their own.
std::expected<void, LogError> Reader::start(std::chrono::milliseconds timeout) {
  auto asking = make_client(RD_KAFKA_PRODUCER, options_, {}, *this);
  if (!asking) return std::unexpected(LogError{asking.error()});
  asking_ = std::move(*asking);
  if (const auto error = learn_leaders(*asking_, options_.topic, timeout);
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(no_answer(error));
  if (auto checked = check_topic_is_whole(timeout); !checked) return checked;
  if (auto connected = connect(); !connected) return std::unexpected(LogError{connected.error()});
  thread_ = std::thread([this] { run(); });
  health_ = std::thread([this] { watch_health(); });
  std::unique_lock lock(mutex_);
  const bool all_read = changed_.wait_for(lock, timeout, [&] {
    return std::ranges::all_of(windows_,
                               [](const Window& window) { return window.is_read || !window.damage.empty(); });
  });
  if (!all_read) return std::unexpected(no_answer(RD_KAFKA_RESP_ERR__TIMED_OUT));
  return {};
}

std::expected<void, LogError> Reader::check_topic_is_whole(std::chrono::milliseconds timeout) {
  const auto begins = ask_begins(*asking_, options_.topic, static_cast<int>(windows_.size()), timeout);
  if (!begins) return std::unexpected(no_answer(begins.error()));
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    if ((*begins)[i] > windows_[i].wanted()) return std::unexpected(LogError{place_is_gone(i)});
  }
  for (const auto until = SteadyClock::now() + stale_leader_max;;) {
    const auto ends = ask_ends(*asking_, options_.topic, static_cast<int>(windows_.size()), timeout);
    if (!ends) return std::unexpected(no_answer(ends.error()));
    std::ranges::copy(*ends, ends_.begin());
    const auto shorter =
        std::ranges::mismatch(*ends, windows_, std::ranges::greater_equal(), {}, &Window::begin);
    if (shorter.in1 == ends->end()) return {};
    if (SteadyClock::now() >= until) {
      return std::unexpected(LogError{fmt::format(
          "topic {} ends at offset {} in partition {}, but this node has folded it up to {}: it "
          "was made anew, or has lost records. Bring the topic back, or start with an empty data directory",
          options_.topic, *shorter.in1, shorter.in1 - ends->begin(), shorter.in2->begin)});
    }
    std::this_thread::sleep_for(reconnect_pause);
  }
}

// A new client that goes on where the windows end. The record before is read once more: while there was no
// client, the topic may have been made anew.
std::expected<void, std::string> Reader::connect() {
  const Settings ours{
      {"group.id", "tenure-unused"},  // the client demands one; nothing is ever committed to it
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"enable.partition.eof", "true"},
      {"isolation.level", "read_uncommitted"},  // a stuck foreign transaction must not hold up the log
      {"check.crcs", "true"},
      {"fetch.error.backoff.ms", "50"},
      {"fetch.wait.max.ms", "100"},  // a partition that joins is read from when the fetch before it has ended
      {"queued.max.messages.kbytes", "16384"},
      {"fetch.message.max.bytes", "1048576"}};
  auto made = make_client(RD_KAFKA_CONSUMER, options_, ours, *this);
  if (!made) return std::unexpected(made.error());
  auto client = std::make_shared<Consumer>(std::move(*made));
  Partitions assigned(rd_kafka_topic_partition_list_new(static_cast<int>(windows_.size())));
  std::shared_ptr<Consumer> old;  // ends after the lock: its end may call on_error
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    auto* partition = rd_kafka_topic_partition_list_add(assigned.get(), options_.topic.c_str(),
                                                        static_cast<std::int32_t>(i));
    auto& window = windows_[i];
    window.compares = window.fetched() > 0;
    partition->offset = static_cast<std::int64_t>(window.wanted());
    window.paused = false;
  }
  if (const auto error = client->assign(*assigned); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::unexpected(fmt::format("topic {} cannot be read: {}", options_.topic, describe(error)));
  }
  old = std::exchange(client_, std::move(client));
  return {};
}

LogError Reader::no_answer(rd_kafka_resp_err_t error) const {
  return {fmt::format("topic {} does not answer: {}", options_.topic, describe(error)), true};
}

std::shared_ptr<Consumer> Reader::client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

void Reader::run() {
  name_this_thread("log reader");
  auto client = this->client();
  while (true) {
    apply_requests();
    if (broken_.exchange(false)) {
      client.reset();
      std::this_thread::sleep_for(reconnect_pause);
      while (!connect()) std::this_thread::sleep_for(reconnect_pause);
      client = this->client();
    }
    Message message(rd_kafka_consumer_poll(client->get(), poll_ms));
    for (int taken = 0; message && taken < messages_between_publications; ++taken) {
      take(std::move(message));
      message.reset(rd_kafka_consumer_poll(client->get(), 0));
    }
    if (message) take(std::move(message));
    publish();
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void Reader::apply_requests() {
  std::unique_lock lock(mutex_);
  const auto client = client_;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    auto& window = windows_[i];
    Partitions one(rd_kafka_topic_partition_list_new(1));
    auto* place =
        rd_kafka_topic_partition_list_add(one.get(), options_.topic.c_str(), static_cast<std::int32_t>(i));
    if (window.seek_to) {
      place->offset = static_cast<std::int64_t>(*window.seek_to);
      lock.unlock();
      auto* error = rd_kafka_seek_partitions(client->get(), one.get(), to_ms(seek_timeout));
      const bool sought = error == nullptr && place->err == RD_KAFKA_RESP_ERR_NO_ERROR;
      if (error != nullptr) rd_kafka_error_destroy(error);
      lock.lock();
      if (!sought) continue;  // once more next time
      window.records.clear();
      window.last.reset();
      window.compares = false;
      window.begin = window.read_to = *std::exchange(window.seek_to, std::nullopt);
      window.bytes = window.unread_bytes = 0;
    }
    if (!window.paused && window.unread_bytes > unread_bytes_max_) {
      window.paused = rd_kafka_pause_partitions(client->get(), one.get()) == RD_KAFKA_RESP_ERR_NO_ERROR;
    } else if (window.paused && window.unread_bytes < unread_bytes_max_ / 2) {
      window.paused = rd_kafka_resume_partitions(client->get(), one.get()) != RD_KAFKA_RESP_ERR_NO_ERROR;
    }
  }
}

void Reader::take(Message message) {
  const bool is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !is_end) return take_error(*message);
  bool same_topic = true;
  {
    const std::lock_guard lock(mutex_);
    auto& window = windows_[static_cast<std::size_t>(message->partition)];
    window.is_read = true;
    window.unknown_since.reset();
    if (!is_end) same_topic = take_record(window, *message);
  }
  if (!same_topic) lost(message->partition);
}

bool Reader::take_record(Window& window, const rd_kafka_message_t& message) {
  const auto offset = static_cast<std::uint64_t>(message.offset);
  const auto next = window.wanted();
  if (offset < next || !window.damage.empty() || window.seek_to) return true;
  if (offset > next) {
    window.damage = fmt::format(
        "topic {} lacks partition {}, offset {}: the next record is at {}. Records were deleted or something "
        "else writes to "
        "the topic with transactions; restore it, and see cleanup.policy and retention",
        options_.topic, message.partition, next, offset);
    changed_.notify_all();
    return true;
  }
  const std::string_view payload(static_cast<const char*>(message.payload), message.len);
  if (std::exchange(window.compares, false)) {
    if (window.last == nullptr) window.last = std::make_shared<const std::string>(payload);
    return *window.last == payload;
  }
  auto bytes = std::make_shared<const std::string>(payload);
  window.bytes += message.len;
  window.unread_bytes += message.len;
  window.last = bytes;
  window.records.push_back({Offset{offset}, std::move(bytes)});
  return true;
}

void Reader::take_error(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__FATAL:
      broken_ = true;
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return take_unknown_place(message.partition);
    default:
      on_error(message.err, rd_kafka_message_errstr(&message), false);
  }
}

// A new client asks again who leads. It is safe to go on as long as the record before is the same.
void Reader::take_unknown_place(std::int32_t partition) {
  const auto now = SteadyClock::now();
  auto since = now;
  {
    const std::lock_guard lock(mutex_);
    auto& known = windows_[static_cast<std::size_t>(partition)].unknown_since;
    since = known.value_or(now);
    known = since;
  }
  if (now - since >= stale_leader_max) return lost(partition);
  broken_ = true;
}

std::string Reader::place_is_gone(std::size_t partition) const {
  return fmt::format(
      "topic {} no longer has the place in partition {} that this node was reading at: it was made anew, or "
      "its retention deletes. Restore it and start again",
      options_.topic, partition);
}

// The topic is not the one that was being read. Nothing of it may be folded on top, in any partition.
void Reader::lost(std::int32_t partition) {
  const auto what = place_is_gone(static_cast<std::size_t>(partition));
  const std::lock_guard lock(mutex_);
  for (auto& window : windows_) {
    if (window.damage.empty()) window.damage = what;
  }
  available_ = false;
  trouble_ = what;
  for (std::size_t i = 0; i < windows_.size(); ++i)
    ends_[i] = std::max<std::uint64_t>(ends_[i], windows_[i].fetched() + 1);
  changed_.notify_all();
  advanced_();
}

void Reader::publish() {
  bool moved = false;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < windows_.size(); ++i) {
      const auto fetched = windows_[i].fetched();
      if (fetched <= ends_[i]) continue;
      ends_[i].store(fetched, std::memory_order_release);
      moved = true;
    }
  }
  changed_.notify_all();
  if (moved) advanced_();
}

Offset Reader::end(Partition partition) const {
  return Offset{ends_[to_number(partition)].load(std::memory_order_acquire)};
}

std::expected<std::vector<LogRecord>, LogError> Reader::read(Partition partition, Offset from,
                                                             std::size_t bytes_max) {
  const auto wanted = to_number(from);
  std::unique_lock lock(mutex_);
  auto& window = windows_[to_number(partition)];
  if (wanted >= ends_[to_number(partition)]) return std::vector<LogRecord>{};
  const auto at_hand = [&] { return !window.seek_to && wanted >= window.begin && wanted < window.fetched(); };
  if (wanted < window.begin || wanted > window.fetched()) window.seek_to = wanted;
  changed_.wait_for(lock, read_timeout, [&] { return at_hand() || !window.damage.empty() || stopping_; });
  if (!at_hand()) {
    if (!window.damage.empty()) return std::unexpected(LogError{window.damage});
    return std::vector<LogRecord>{};
  }
  std::vector<LogRecord> found;
  std::size_t bytes = 0;
  for (auto i = wanted - window.begin; i < window.records.size(); ++i) {
    const auto& record = window.records[i];
    bytes += record.bytes->size();
    if (!found.empty() && bytes > bytes_max) break;
    found.push_back(record);
    if (window.begin + i < window.read_to) continue;
    window.unread_bytes -= record.bytes->size();
    window.read_to = window.begin + i + 1;
  }
  let_go(window);
  return found;
}

// What was read is kept for a moment only.
void Reader::let_go(Window& window) const {
  while (window.begin < window.read_to && window.bytes - window.unread_bytes > read_bytes_kept) {
    window.bytes -= window.records.front().bytes->size();
    window.records.pop_front();
    ++window.begin;
  }
}

bool Reader::wait(Partition partition, Offset offset, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return end(partition) > offset; });
}

void Reader::on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) {
  if (fatal) broken_ = true;
  if (knows_no_topic(code)) topic_is_gone_ = true;
  const std::lock_guard lock(mutex_);
  trouble_ = fmt::format("{} ({})", describe(code), reason);
}

void Reader::watch_health() {
  name_this_thread("log health");
  while (true) {
    const bool good = look_at_health();
    std::unique_lock lock(mutex_);
    if (available_ != good) available_ = good;
    if (changed_.wait_for(lock, health_every, [&] { return stopping_; })) return;
  }
}

// Asks the brokers how far every partition is: the only way to tell an idle log from a dead one.
bool Reader::look_at_health() {
  const auto asked_at = SteadyClock::now();
  rd_kafka_poll(asking_.get(), 0);
  const auto ends = ask_ends(*asking_, options_.topic, static_cast<int>(windows_.size()), health_every);
  const std::lock_guard lock(mutex_);
  if (!ends) {
    if (knows_no_topic(ends.error())) topic_is_gone_ = true;
    if (trouble_.empty()) trouble_ = describe(ends.error());
    return false;
  }
  // It may have come back as another one: a new client compares.
  if (topic_is_gone_.exchange(false)) broken_ = true;
  std::uint64_t behind = 0;
  bool shorter = false;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const auto fetched = windows_[i].fetched();
    // A leader that was just elected may not know yet how far its followers are.
    shorter = shorter || (*ends)[i] < fetched;
    behind += (*ends)[i] > fetched ? (*ends)[i] - fetched : 0;
    if (!windows_[i].damage.empty()) return false;
  }
  records_behind_ = behind;
  if (behind == 0 && !shorter) whole_at_ = asked_at;
  trouble_ = shorter ? "a leader does not know yet what was read from the one before it" : "";
  return !shorter;
}

LogStatus Reader::status() const {
  const std::lock_guard lock(mutex_);
  const auto behind_for =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - whole_at_);
  return {.available = available_,
          .trouble = trouble_,
          .records_behind = records_behind_,
          .behind_for = behind_for};
}

}  // namespace tenure::kafka
