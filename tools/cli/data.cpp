#include "tools/cli/data.h"

#include <unistd.h>

#include <cstdlib>

#include "core/log/embedded_log.h"
#include "projections/projector.h"

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t streams_in_memory = 65'536;
constexpr std::size_t commits_per_step = 4'096;

// A log that ends where somebody says.
class LogUpTo final : public EventLog {
 public:
  LogUpTo(EventLog& log, std::vector<Offset> until) : log_(log), until_(std::move(until)) {}

  std::uint16_t partitions() const override { return log_.partitions(); }
  void append(Partition, std::string, Appended done) override { done({AppendStatus::failed, {}, "this log is only read"}); }
  std::expected<std::vector<LogRecord>, LogError> read(Partition partition, Offset from, std::size_t bytes_max) override {
    auto records = log_.read(partition, from, bytes_max);
    if (!records) return records;
    std::erase_if(*records, [&](const LogRecord& record) { return record.offset >= end(partition); });
    return records;
  }
  Offset end(Partition partition) override {
    const auto end = log_.end(partition);
    return until_.empty() ? end : std::min(end, until_[to_number(partition)]);
  }
  bool wait(Partition, Offset, std::chrono::milliseconds) override { return false; }
  void watch(std::function<void()>) override {}

 private:
  EventLog& log_;
  std::vector<Offset> until_;
};

}  // namespace

std::expected<Data, std::string> Data::open(const DataOptions& options) {
  std::error_code error;
  if (!fs::is_directory(options.directory, error)) {
    return std::unexpected(options.directory.string() + ": there is no data directory here");
  }
  Data data;
  data.directory_ = options.directory;
  const auto key_file = options.root_key_file.empty() ? options.directory / "root-key" : options.root_key_file;
  const auto root_key = read_root_key(key_file);
  if (!root_key) return std::unexpected(root_key.error().message);
  auto keys = open_embedded_key_store(options.directory / "keys", *root_key, true);
  if (!keys) return std::unexpected(keys.error().message);
  data.keys_ = std::move(*keys);
  EmbeddedLogOptions log_options{.directory = options.directory / "log"};
  log_options.mode = EmbeddedLogOptions::Mode::read_only;
  auto log = open_embedded_log(log_options);
  if (!log) return std::unexpected(log.error().message);
  data.log_ = std::move(*log);
  return data;
}

std::expected<std::uint64_t, std::string> Data::fold_into(Store& store, const std::vector<Offset>& until,
                                                          const std::function<void(std::uint64_t)>& progress) {
  LogUpTo bounded(*log_, until);
  StreamStates states(store, streams_in_memory);
  Projector projector(store, states, [](Partition, const StreamName&) {});
  Fold fold(bounded, store, *keys_, projector);
  std::uint64_t commits = 0;
  while (fold.behind()) {
    commits += fold.step(commits_per_step).size();
    progress(commits);
  }
  if (!fold.stopped().empty()) return std::unexpected(fold.stopped().front().message);
  return commits;
}

TemporaryFolder::TemporaryFolder() {
  auto pattern = (fs::temp_directory_path() / "tenure-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error(pattern + ": cannot be made");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

}  // namespace tenure::cli
