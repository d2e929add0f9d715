// tenure doctor: folds the log from its beginning, as far as the directory's store has, and compares, byte
// for byte. tenure rebuild: folds the log beside the store, and puts the new one in its place.
#include <fmt/core.h>

#include "core/store/database_directory.h"
#include "core/store/keys.h"
#include "projections/projector.h"
#include "tools/cli/offline.h"

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t differences_shown_max = 10;

// Tables that do not come from the log.
bool is_own(std::string_view key) { return key.starts_with('z') || key == "v"; }

std::string readable(std::string_view key) {
  std::string text;
  for (const char c : key) {
    const bool plain = c > 0x20 && c < 0x7f;
    text += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

struct Comparison {
  std::uint64_t keys = 0;
  std::vector<std::string> differences;
};

Comparison compare(const Store& live, const Store& folded) {
  Comparison result;
  auto left = live.scan("");
  auto right = folded.scan("");
  const auto skip_own = [](Store::Scan& scan) {
    while (scan.valid() && is_own(scan.key())) scan.next();
  };
  left.to_first();
  right.to_first();
  while (result.differences.size() < differences_shown_max) {
    skip_own(left);
    skip_own(right);
    if (!left.valid() && !right.valid()) break;
    ++result.keys;
    const int order = !left.valid() ? 1 : !right.valid() ? -1 : left.key().compare(right.key());
    if (order < 0) result.differences.push_back("only in the store: " + readable(left.key()));
    if (order > 0) result.differences.push_back("missing in the store: " + readable(right.key()));
    if (order == 0 && left.value() != right.value())
      result.differences.push_back("different in the store: " + readable(left.key()));
    if (order <= 0) left.next();
    if (order >= 0) right.next();
  }
  return result;
}

// What the store rests on has to be in the log.
std::expected<void, std::string> check_ends(EventLog& log, const std::vector<Offset>& folded) {
  for (std::uint16_t number = 0; number < log.partitions(); ++number) {
    const auto end = log.end(Partition{number});
    if (end >= folded[number]) continue;
    return std::unexpected(fmt::format(
        "the log ends at offset {} in partition {}, and the store has folded it up to {}; restore the log",
        to_number(end), number, to_number(folded[number])));
  }
  return {};
}

// Beside how far a partition is folded stands what its last record was.
std::expected<void, std::string> check_last_records(const Store& live, const Store& folded,
                                                    std::uint16_t partitions) {
  for (std::uint16_t number = 0; number < partitions; ++number) {
    const auto key = keys::next_offset(Partition{number});
    if (live.get(key) == folded.get(key)) continue;
    return std::unexpected(
        fmt::format("the store was not folded from this log: in partition {} the last record that it folded "
                    "is another one",
                    number));
  }
  return {};
}

std::uint64_t not_folded(EventLog& log, const std::vector<Offset>& folded) {
  std::uint64_t commits = 0;
  for (std::uint16_t number = 0; number < log.partitions(); ++number)
    commits += to_number(log.end(Partition{number})) - to_number(folded[number]);
  return commits;
}

std::expected<Exit, std::string> doctor(Data& data, Format format) {
  auto live = Store::open(data.directory() / "store", Store::Mode::read_only);
  if (!live) return std::unexpected(live.error().message);
  if (auto same = data.check_is_of_log(**live); !same) return std::unexpected(same.error());
  const auto until = folded_offsets(**live, data.log().partitions());
  if (auto checked = check_ends(data.log(), until); !checked) return std::unexpected(checked.error());
  const TemporaryFolder folder;
  auto folded = Store::open(folder.path() / "store", Store::Mode::read_write);
  if (!folded) return std::unexpected(folded.error().message);
  const auto commits = data.fold_into(**folded, until);
  if (!commits) return std::unexpected(commits.error());
  if (auto same = check_last_records(**live, **folded, data.log().partitions()); !same)
    return std::unexpected(same.error());
  const auto result = compare(**live, **folded);
  const auto ahead = not_folded(data.log(), until);
  if (format == Format::json) {
    json::Array differences(result.differences.begin(), result.differences.end());
    const json::Object found{{"healthy", result.differences.empty()},
                             {"commits", *commits},
                             {"keys", result.keys},
                             {"not_folded", ahead},
                             {"differences", std::move(differences)}};
    fmt::print("{}\n", json::dump(found));
  } else if (result.differences.empty()) {
    say(fmt::format("healthy: {} commits fold to the {} keys that the store holds", *commits, result.keys));
    if (ahead > 0) say(fmt::format("the log holds {} more, which the next start folds", ahead));
  }
  if (result.differences.empty()) return Exit::ok;
  for (const auto& difference : result.differences) say(difference);
  return std::unexpected(
      "the store differs from the log; stop the server and run tenure rebuild with the same flags");
}

// This node's own rows are taken along.
void copy_own(const Store& from, Store& to) {
  Store::Batch batch;
  auto scan = from.scan("z");
  for (scan.to_first(); scan.valid(); scan.next()) batch.put(scan.key(), scan.value());
  batch.put("v", rows_version());
  to.write(batch);
}

// Keeps every server away from the directory: one with the embedded log takes the log first, any takes the
// store.
std::expected<std::vector<DirectoryLock>, std::string> lock_out_servers(const fs::path& directory) {
  if (!fs::is_directory(directory))
    return std::unexpected(directory.string() + ": there is no data directory here");
  if (auto made = create_directory_durably(directory / "store"); !made) return std::unexpected(made.error());
  std::vector<DirectoryLock> locks;
  for (const auto* name : {"log", "store"}) {
    if (!fs::exists(directory / name)) continue;
    auto lock = DirectoryLock::take(directory / name);
    if (!lock) return std::unexpected(lock.error() + ": stop that process");
    locks.push_back(std::move(*lock));
  }
  return locks;
}

std::expected<Exit, std::string> rebuild(const Settings& settings, Format format) {
  const auto locks = lock_out_servers(settings.data_dir);
  if (!locks) return std::unexpected(locks.error());
  auto data = Data::open(settings);
  if (!data) return std::unexpected(data.error());
  const auto store = data->directory() / "store";
  const auto beside = data->directory() / "store.rebuilt";
  const auto replaced = data->directory() / "store.replaced";
  std::error_code error;
  fs::remove_all(beside, error);
  fs::remove_all(replaced, error);
  std::uint64_t commits = 0;
  {
    auto rebuilt = Store::open(beside, Store::Mode::read_write);
    if (!rebuilt) return std::unexpected(rebuilt.error().message);
    if (const auto live = Store::open(store, Store::Mode::read_only)) {
      if (auto same = data->check_is_of_log(**live); !same) return std::unexpected(same.error());
      copy_own(**live, **rebuilt);
    }
    const auto folded = data->fold_into(**rebuilt, {});
    if (!folded) return std::unexpected(folded.error());
    commits = *folded;
    (*rebuilt)->flush();
  }
  fs::rename(store, replaced);
  fs::rename(beside, store);
  fs::remove_all(replaced, error);
  if (format == Format::json) {
    fmt::print("{}\n", json::dump(json::Object{{"commits", commits}}));
  } else {
    say(fmt::format("rebuilt from {} commits", commits));
  }
  return Exit::ok;
}

}  // namespace

void add_doctor(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("doctor", "Does the store hold what the log says?");
  const auto flags = add_data_flags(command);
  command->callback([&environment, flags] {
    environment.chosen =
        with_data(flags, [&environment](Data& data) { return doctor(data, environment.format); });
  });
}

void add_rebuild(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("rebuild", "Fold the log anew, beside the store, and swap");
  const auto flags = add_data_flags(command);
  command->callback([&environment, flags] {
    environment.chosen = with_settings(
        flags, [&environment](const Settings& settings) { return rebuild(settings, environment.format); });
  });
}

}  // namespace tenure::cli
