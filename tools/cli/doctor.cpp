// tenure doctor: folds the log from its beginning and compares with what the directory's store holds, byte for byte.
// tenure rebuild: folds the log beside the store, and puts the new one in its place.
#include <fmt/core.h>

#include "core/log/embedded_log.h"
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
    if (order == 0 && left.value() != right.value()) result.differences.push_back("different in the store: " + readable(left.key()));
    if (order <= 0) left.next();
    if (order >= 0) right.next();
  }
  return result;
}

std::expected<Exit, std::string> doctor(Data& data) {
  auto live = Store::open(data.directory() / "store", Store::Mode::read_only);
  if (!live) return std::unexpected(live.error().message);
  const TemporaryFolder folder;
  auto folded = Store::open(folder.path() / "store", Store::Mode::read_write);
  if (!folded) return std::unexpected(folded.error().message);
  const auto commits = data.fold_into(**folded, folded_offsets(**live, data.log().partitions()), [](std::uint64_t) {});
  if (!commits) return std::unexpected(commits.error());
  const auto result = compare(**live, **folded);
  if (result.differences.empty()) {
    say(fmt::format("healthy: {} commits fold to the {} keys that the store holds", *commits, result.keys));
    return Exit::ok;
  }
  for (const auto& difference : result.differences) say(difference);
  return std::unexpected("the store differs from the log; stop the server and run: tenure rebuild --data-dir " + data.directory().string());
}

// This node's own rows are taken along.
void copy_own(const Store& from, Store& to) {
  Store::Batch batch;
  auto scan = from.scan("z");
  for (scan.to_first(); scan.valid(); scan.next()) batch.put(scan.key(), scan.value());
  batch.put("v", rows_version());
  to.write(batch);
}

std::expected<Exit, std::string> rebuild(const DataOptions& options) {
  // Holding the log open for writing keeps every server away.
  EmbeddedLogOptions exclusive{.directory = options.directory / "log"};
  if (!fs::exists(exclusive.directory)) return std::unexpected(options.directory.string() + ": there is no data directory here");
  const auto lock = open_embedded_log(exclusive);
  if (!lock) return std::unexpected(lock.error().message);
  auto data = Data::open(options);
  if (!data) return std::unexpected(data.error());
  const auto store = options.directory / "store";
  const auto beside = options.directory / "store.rebuilt";
  const auto replaced = options.directory / "store.replaced";
  std::error_code error;
  fs::remove_all(beside, error);
  fs::remove_all(replaced, error);
  std::uint64_t commits = 0;
  {
    auto rebuilt = Store::open(beside, Store::Mode::read_write);
    if (!rebuilt) return std::unexpected(rebuilt.error().message);
    const auto folded = data->fold_into(**rebuilt, {}, [](std::uint64_t) {});
    if (!folded) return std::unexpected(folded.error());
    commits = *folded;
    if (const auto live = Store::open(store, Store::Mode::read_only)) copy_own(**live, **rebuilt);
    (*rebuilt)->flush();
  }
  if (fs::exists(store)) fs::rename(store, replaced);
  fs::rename(beside, store);
  fs::remove_all(replaced, error);
  say(fmt::format("rebuilt from {} commits", commits));
  return Exit::ok;
}

}  // namespace

void add_doctor(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("doctor", "Does the store hold what the log says?");
  const auto options = add_data_options(command, "data");
  command->callback([&environment, options] { environment.chosen = with_data(options, &doctor); });
}

void add_rebuild(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("rebuild", "Fold the log anew, beside the store, and swap");
  const auto options = add_data_options(command, "data");
  command->callback([&environment, options] {
    environment.chosen = [options] {
      const auto done = rebuild(*options);
      if (done) return *done;
      say("tenure: " + done.error());
      return Exit::failed;
    };
  });
}

}  // namespace tenure::cli
