// tenure backup: a copy of a data directory, beside a running server too. With the embedded log it holds the
// log and the data keys; with the log on Kafka, whose topics the brokers keep, the store, so that a node
// begins where it was made. tenure restore: makes a data directory from it.
#include <fmt/core.h>

#include <latch>
#include <mutex>

#include "api/data_directory.h"
#include "core/events/position_text.h"
#include "core/limits.h"
#include "core/log/embedded_log.h"
#include "core/store/keys.h"
#include "tools/cli/backup_files.h"
#include "tools/cli/offline.h"

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t keys_per_batch = 1'024;
constexpr const char* log_stamp = "TENURE-LOG";

// Once all of them are durable.
std::expected<void, std::string> append(EventLog& log, Partition partition,
                                        const std::vector<LogRecord>& records) {
  std::latch open(static_cast<std::ptrdiff_t>(records.size()));
  std::mutex mutex;
  std::string failure;
  for (const auto& record : records) {
    log.append(partition, *record.bytes, [&](const AppendResult& result) {
      {
        const std::lock_guard lock(mutex);
        if (result.status != AppendStatus::durable) failure = result.detail;
      }
      open.count_down();
    });
  }
  open.wait();
  if (!failure.empty()) return std::unexpected(failure);
  return {};
}

std::expected<std::vector<Offset>, std::string> copy_records(EventLog& from, EventLog& to) {
  std::vector<Offset> ends;
  for (std::uint16_t number = 0; number < from.partitions(); ++number) {
    const Partition partition{number};
    const auto end = from.end(partition);
    for (Offset at{0}; at < end;) {
      const auto records = from.read(partition, at, limits::log_read_bytes);
      if (!records) return std::unexpected(records.error().message);
      if (auto appended = append(to, partition, *records); !appended)
        return std::unexpected(appended.error());
      at = next(records->back().offset);
    }
    ends.push_back(end);
  }
  return ends;
}

// The copy is the same log: it has its id.
std::expected<std::vector<Offset>, std::string> copy_log(const fs::path& from, const fs::path& to) {
  const auto source =
      open_embedded_log({.directory = from, .partitions = {}, .mode = EmbeddedLogOptions::Mode::read_only});
  if (!source) return std::unexpected(source.error().message);
  fs::create_directory(to);
  fs::copy_file(from / log_stamp, to / log_stamp);
  const auto copy = open_embedded_log({.directory = to, .partitions = {}});
  if (!copy) return std::unexpected(copy.error().message);
  return copy_records(**source, **copy);
}

// The log before the keys: then the key of every commit in it is there.
std::expected<BackupManifest, std::string> back_up_embedded(const fs::path& data, const fs::path& to) {
  auto ends = copy_log(data / "log", to / "log");
  if (!ends) return std::unexpected(ends.error());
  fs::create_directory(to / "keys");
  if (auto copied = copy_embedded_key_store(data / "keys", to / "keys"); !copied)
    return std::unexpected(copied.error().message);
  return BackupManifest{
      .log = std::string(BackupManifest::embedded), .folded = std::move(*ends), .made_at = {}, .files = {}};
}

void copy_rows(const Store& from, Store& to) {
  Store::Batch batch;
  std::size_t keys = 0;
  auto scan = from.scan("");
  for (scan.to_first(); scan.valid(); scan.next()) {
    batch.put(scan.key(), scan.value());
    if (++keys % keys_per_batch != 0) continue;
    to.write(batch);
    batch.clear();
  }
  to.write(batch);
  to.flush();
}

std::vector<Offset> folded_of(const Store& store) {
  std::vector<Offset> folded;
  auto scan = store.scan("n");
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto partition = keys::Reader(scan.key().substr(1)).u16();
    folded.resize(partition + std::size_t{1});
    folded[partition] = Offset{keys::read_u64(scan.value())};
  }
  return folded;
}

std::expected<BackupManifest, std::string> back_up_store(const fs::path& data, const fs::path& to) {
  const auto source = Store::open(data / "store", Store::Mode::read_only);
  if (!source) return std::unexpected(source.error().message);
  auto log = known_log(**source);
  if (!log)
    return std::unexpected(data.string() +
                           ": there is no log here, and the store does not say that one on Kafka is its own");
  const auto copy = Store::open(to / "store", Store::Mode::read_write);
  if (!copy) return std::unexpected(copy.error().message);
  copy_rows(**source, **copy);
  return BackupManifest{.log = std::move(*log), .folded = folded_of(**copy), .made_at = {}, .files = {}};
}

std::expected<Exit, std::string> backup(const fs::path& data, const fs::path& to) {
  if (!fs::is_directory(data)) return std::unexpected(data.string() + ": there is no data directory here");
  auto draft = Draft::begin(to);
  if (!draft) return std::unexpected(draft.error());
  auto manifest =
      fs::exists(data / "log") ? back_up_embedded(data, draft->path()) : back_up_store(data, draft->path());
  if (!manifest) return std::unexpected(manifest.error());
  auto files = list_files(draft->path());
  if (!files) return std::unexpected(files.error());
  manifest->files = std::move(*files);
  manifest->made_at = to_rfc3339(SystemClock().now());
  if (auto written = write_manifest(draft->path(), *manifest); !written)
    return std::unexpected(written.error());
  if (auto published = draft->publish(); !published) return std::unexpected(published.error());
  say(fmt::format("backed up to {}: {} files, {} bytes, up to position {}", to.string(),
                  manifest->files.size(), manifest->bytes(), to_string(manifest->folded)));
  say(manifest->is_of_kafka() ? fmt::format("It is a node's store, of the log on {}. Not in it: that log, "
                                            "its data keys, and the root key.",
                                            manifest->log)
                              : "It is the log and the data keys. Not in it: the root key, without which it "
                                "cannot be read; keep that apart.");
  return Exit::ok;
}

std::expected<Exit, std::string> restore(const fs::path& from, const fs::path& data) {
  const auto manifest = read_manifest(from);
  if (!manifest) return std::unexpected(manifest.error());
  if (auto checked = check_files(from, *manifest); !checked) return std::unexpected(checked.error());
  auto draft = Draft::begin(data);
  if (!draft) return std::unexpected(draft.error());
  for (const auto& file : manifest->files) {
    fs::create_directory((draft->path() / file.path).parent_path());
    fs::copy_file(from / file.path, draft->path() / file.path);
  }
  if (auto published = draft->publish(); !published) return std::unexpected(published.error());
  say(fmt::format("restored to {}: as of {}, up to position {}", data.string(), manifest->made_at,
                  to_string(manifest->folded)));
  say(manifest->is_of_kafka()
          ? fmt::format("Start tenured on it with the log on {}: it folds what came since.", manifest->log)
          : fmt::format("Put the root key into {}, or name it with --root-key-file, and start tenured.",
                        (data / "root-key").string()));
  return Exit::ok;
}

}  // namespace

void add_backup(CLI::App& app, Environment& environment) {
  auto* command =
      app.add_subcommand("backup", "Copy a data directory's log, or its store when the log is on Kafka");
  const auto flags = add_directory_flag(command);
  const auto to = std::make_shared<std::string>();
  command->add_option("--to", *to, "a new directory")->required();
  command->callback([&environment, flags, to] {
    environment.chosen =
        with_settings(flags, [to](const Settings& settings) { return backup(settings.data_dir, *to); });
  });
}

void add_restore(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("restore", "Make a new data directory from a backup");
  const auto flags = add_directory_flag(command);
  const auto from = std::make_shared<std::string>();
  command->add_option("--from", *from, "the backup")->required();
  command->callback([&environment, flags, from] {
    environment.chosen =
        with_settings(flags, [from](const Settings& settings) { return restore(*from, settings.data_dir); });
  });
}

}  // namespace tenure::cli
