#include "core/crypto/kafka_key_store.h"

#include <fmt/format.h>

#include <mutex>
#include <thread>
#include <vector>

#include "core/crypto/wrapped_keys.h"
#include "core/log/kafka_client.h"
#include "core/thread_name.h"

namespace tenure {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view root_check_name = ".root";
constexpr int poll_ms = 20;
constexpr auto watermark_timeout = 1s;
constexpr int partition = 0;

class Errors final : public kafka::ClientEvents {
 public:
  void on_error(rd_kafka_resp_err_t code, std::string_view reason, bool fatal) override {
    const std::lock_guard lock(mutex_);
    last_ = fmt::format("{} ({})", kafka::describe(code), reason);
    fatal_ = fatal_ || fatal;
  }
  [[nodiscard]] bool take_fatal() {
    const std::lock_guard lock(mutex_);
    return std::exchange(fatal_, false);
  }
  [[nodiscard]] std::string last() const {
    const std::lock_guard lock(mutex_);
    return last_.empty() ? "no answer in time" : last_;
  }

 private:
  mutable std::mutex mutex_;
  std::string last_;
  bool fatal_ = false;
};

// Puts records into the topic, and waits until they are stored.
class Writer final : public kafka::ClientEvents {
 public:
  Writer(const KafkaOptions& options, std::chrono::milliseconds timeout)
      : options_(options), timeout_(timeout) {}

  // The client gets its producer id in the background, long before the first tenant needs it.
  std::expected<void, std::string> start() { return connect(); }

  struct Record {
    std::string key, value;
  };
  std::expected<void, std::string> write(const std::vector<Record>& records) {
    if (auto connected = connect(); !connected) return connected;
    open_ = 0;
    failure_.clear();
    for (const auto& record : records) {
      const auto error = rd_kafka_producev(
          client_.get(), RD_KAFKA_V_TOPIC(options_.keys_topic.c_str()), RD_KAFKA_V_PARTITION(partition),
          RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
          // An empty value is not a null one: a null one would be compacted away.
          RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) failure_ = kafka::describe(error);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) ++open_;
    }
    const auto end = SteadyClock::now() + timeout_ + watermark_timeout;
    while (open_ > 0 && SteadyClock::now() < end) rd_kafka_poll(client_.get(), poll_ms);
    if (open_ == 0 && failure_.empty()) return {};
    // What is still on its way may arrive: a key that nothing was sealed with does no harm.
    kafka::give_up(*client_);
    client_.reset();
    return std::unexpected(failure_.empty() ? "no answer in time" : failure_);
  }

  void on_error(rd_kafka_resp_err_t, std::string_view, bool) override {}
  void on_delivery(const rd_kafka_message_t& message) override {
    --open_;
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) failure_ = kafka::describe(message.err);
  }

 private:
  // After a failure the client is a new one.
  std::expected<void, std::string> connect() {
    if (client_) return {};
    auto made = kafka::make_client(RD_KAFKA_PRODUCER, options_,
                                   {{"enable.idempotence", "true"},
                                    {"acks", "all"},
                                    {"linger.ms", "0"},
                                    {"message.timeout.ms", std::to_string(timeout_.count())},
                                    {"request.timeout.ms", std::to_string(timeout_.count())},
                                    {"retry.backoff.ms", "50"}},
                                   *this);
    if (!made) return std::unexpected(made.error());
    client_ = std::move(*made);
    return {};
  }

  const KafkaOptions& options_;
  const std::chrono::milliseconds timeout_;
  kafka::Handle client_;
  std::size_t open_ = 0;
  std::string failure_;
};

class KafkaKeyStore final : public KeyStore {
 public:
  KafkaKeyStore(KafkaOptions options, const crypto::Key& root, std::chrono::milliseconds timeout,
                bool read_only)
      : options_(std::move(options)),
        root_(root),
        timeout_(timeout),
        read_only_(read_only),
        writer_(options_, timeout) {}
  ~KafkaKeyStore() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    if (thread_.joinable()) thread_.join();
  }

  std::expected<void, KafkaKeyStoreFailure> open() {
    if (auto connected = connect(); !connected)
      return std::unexpected(KafkaKeyStoreFailure{connected.error()});
    const auto known = kafka::learn_leaders(*client_->get(), options_.keys_topic, timeout_);
    const auto end = known == RD_KAFKA_RESP_ERR_NO_ERROR ? end_of_topic() : std::nullopt;
    if (!end) return std::unexpected(KafkaKeyStoreFailure{no_answer(), true});
    if (auto assigned = assign(); !assigned) return std::unexpected(KafkaKeyStoreFailure{assigned.error()});
    const auto until = SteadyClock::now() + timeout_;
    while (next_ < *end) {
      const auto before = next_;
      poll();
      if (before == next_ && SteadyClock::now() > until)
        return std::unexpected(KafkaKeyStoreFailure{no_answer(), true});
    }
    if (auto started = read_only_ ? std::expected<void, std::string>() : writer_.start(); !started)
      return std::unexpected(KafkaKeyStoreFailure{started.error(), true});
    if (auto checked = check_root(); !checked) return checked;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  std::optional<crypto::Key> find(std::string_view owner) override {
    if (auto cached = cache_.find(owner)) return cached;
    const auto erasures = cache_.erasures();
    std::string wrapped;
    {
      const std::lock_guard lock(mutex_);
      const auto found = wrapped_.find(owner);
      if (found == wrapped_.end() || found->second.empty()) return std::nullopt;
      wrapped = found->second;
    }
    const Wiped opened{crypto::open(root_, wrapped, owner).value_or("")};
    auto key = key_from(opened.text);
    if (!key) {
      throw KeyStoreFailure(
          fmt::format("topic {}: the data key of {} does not open under the root key; restore the topic",
                      options_.keys_topic, owner));
    }
    cache_.put(owner, *key, erasures);
    return key;
  }

  bool may_still_come(std::string_view owner) override {
    const std::lock_guard lock(mutex_);
    // It came since `find` was asked, or was destroyed.
    if (const auto found = wrapped_.find(owner); found != wrapped_.end()) return !found->second.empty();
    const auto now = SteadyClock::now();
    auto& ask = asked_.try_emplace(std::string(owner), Ask{.since = now}).first->second;
    if (now - ask.since < kafka::stale_leader_max) return true;
    if (ask.number == 0) ask.number = ++asks_;
    return answered_ < ask.number;
  }

  std::expected<void, KeyStoreError> put(const std::vector<NewKey>& keys) override {
    const std::lock_guard one_writer(writer_mutex_);
    std::vector<Writer::Record> records;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [owner, key] : keys) {
        const bool twice = std::ranges::find(records, owner, &Writer::Record::key) != records.end();
        if (!twice && !wrapped_.contains(owner))
          records.push_back({owner, crypto::seal(root_, text_of(key), owner, random_)});
      }
    }
    return write(records);
  }

  std::expected<void, KeyStoreError> destroy(std::string_view owner) override {
    const std::lock_guard one_writer(writer_mutex_);
    auto written = write({{std::string(owner), ""}});
    if (written) cache_.erase(owner);
    return written;
  }

  bool destroyed(std::string_view owner) override {
    const std::lock_guard lock(mutex_);
    const auto found = wrapped_.find(owner);
    return found != wrapped_.end() && found->second.empty();
  }

 private:
  struct Ask {
    SteadyClock::time_point since;
    std::uint64_t number = 0;  // of the question how far the topic is; 0: not asked yet
  };

  std::expected<void, KeyStoreError> write(const std::vector<Writer::Record>& records) {
    if (records.empty()) return {};
    if (read_only_) {
      return std::unexpected(
          KeyStoreError{fmt::format("topic {} was opened to read only", options_.keys_topic)});
    }
    if (auto written = writer_.write(records); !written) {
      return std::unexpected(
          KeyStoreError{fmt::format("topic {} cannot be written: {}", options_.keys_topic, written.error())});
    }
    const std::lock_guard lock(mutex_);
    for (const auto& record : records) take(record.key, record.value);
    return {};
  }

  // The first key of an owner stays; only its destruction follows.
  void take(const std::string& owner, const std::string& value) {
    if (value.empty()) {
      wrapped_.insert_or_assign(owner, "");
      cache_.erase(owner);
    } else {
      wrapped_.try_emplace(owner, value);
    }
    asked_.erase(owner);
  }

  std::expected<void, std::string> connect() {
    auto made = kafka::make_client(RD_KAFKA_CONSUMER, options_,
                                   {{"group.id", "tenure-unused"},
                                    {"enable.auto.commit", "false"},
                                    {"enable.auto.offset.store", "false"},
                                    {"auto.offset.reset", "earliest"},
                                    {"fetch.error.backoff.ms", "50"},
                                    {"queued.max.messages.kbytes", "4096"}},
                                   errors_);
    if (!made) return std::unexpected(made.error());
    client_ = std::make_unique<kafka::Consumer>(std::move(*made));
    return {};
  }

  std::expected<void, std::string> assign() {
    kafka::Partitions assigned(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(assigned.get(), options_.keys_topic.c_str(), partition)->offset = next_;
    const auto error = client_->assign(*assigned);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return std::unexpected(
        fmt::format("topic {} cannot be read: {}", options_.keys_topic, kafka::describe(error)));
  }

  std::optional<std::int64_t> end_of_topic() {
    const auto ends = kafka::ask_ends(*client_->get(), options_.keys_topic, 1, watermark_timeout);
    if (!ends) return std::nullopt;
    return static_cast<std::int64_t>(ends->front());
  }

  void poll() {
    const kafka::Message message(rd_kafka_consumer_poll(client_->get(), poll_ms));
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    next_ = message->offset + 1;
    std::string owner(static_cast<const char*>(message->key), message->key_len);
    std::string value(static_cast<const char*>(message->payload), message->len);
    const std::lock_guard lock(mutex_);
    take(owner, value);
  }

  std::expected<void, KafkaKeyStoreFailure> check_root() {
    const std::lock_guard one_writer(writer_mutex_);
    std::optional<std::string> check;
    {
      const std::lock_guard lock(mutex_);
      const auto found = wrapped_.find(root_check_name);
      if (found != wrapped_.end()) check = found->second;
      if (!check && !wrapped_.empty()) {
        return std::unexpected(KafkaKeyStoreFailure{
            fmt::format("topic {} holds something that is not Tenure's; name another with --kafka-keys-topic",
                        options_.keys_topic)});
      }
    }
    if (!check && read_only_) {
      return std::unexpected(KafkaKeyStoreFailure{fmt::format(
          "topic {} holds no data keys; name the right one with --kafka-keys-topic", options_.keys_topic)});
    }
    if (!check) {
      auto written = write(
          {{std::string(root_check_name), crypto::seal(root_, root_check_text, root_check_name, random_)}});
      if (!written) return std::unexpected(KafkaKeyStoreFailure{written.error().message, true});
      return {};
    }
    if (crypto::open(root_, *check, root_check_name) == root_check_text) return {};
    return std::unexpected(
        KafkaKeyStoreFailure{fmt::format("the root key is not the one that the data keys in topic {} are "
                                         "wrapped with; start with the right --root-key-file",
                                         options_.keys_topic)});
  }

  [[nodiscard]] std::string no_answer() const {
    return fmt::format("topic {} does not answer: {}", options_.keys_topic, errors_.last());
  }

  void run() {
    name_this_thread("key reader");
    while (true) {
      std::uint64_t asks = 0;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        asks = asks_;
      }
      if (errors_.take_fatal() && !(connect() && assign())) continue;
      poll();
      if (asks > answered_) answer_asks(asks);
    }
  }

  // Reads as far as the topic is now: a key that was asked for before and is not there then, is not coming.
  void answer_asks(std::uint64_t asks) {
    const auto end = end_of_topic();
    if (!end) return;
    const auto until = SteadyClock::now() + watermark_timeout;
    while (next_ < *end && SteadyClock::now() < until) poll();
    if (next_ < *end) return;
    const std::lock_guard lock(mutex_);
    answered_ = asks;
  }

  const KafkaOptions options_;
  const crypto::Key root_;
  const std::chrono::milliseconds timeout_;
  const bool read_only_;
  SystemRandom random_;
  KeyCache cache_;
  Errors errors_;
  std::unique_ptr<kafka::Consumer> client_;  // the opening thread's, then the reader's
  std::int64_t next_ = 0;                    // likewise
  std::mutex writer_mutex_;                  // one writer; before mutex_
  Writer writer_;
  std::mutex mutex_;
  ByOwner<std::string> wrapped_;  // guarded by mutex_, like what follows
  ByOwner<Ask> asked_;            // for owners nothing is known of
  std::uint64_t asks_ = 0, answered_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::expected<std::unique_ptr<KeyStore>, KafkaKeyStoreFailure> open_kafka_key_store(
    const KafkaOptions& options, const crypto::Key& root_key, std::chrono::milliseconds timeout,
    bool read_only) {
  auto store = std::make_unique<KafkaKeyStore>(options, root_key, timeout, read_only);
  if (auto opened = store->open(); !opened) return std::unexpected(opened.error());
  return store;
}

}  // namespace tenure
