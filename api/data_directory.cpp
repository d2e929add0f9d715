#include "api/data_directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "api/log.h"
#include "core/log/embedded_log.h"
#include "core/store/database_directory.h"
#include "projections/projector.h"

namespace tenure {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view rows_version_key = "v";

std::expected<crypto::Key, std::string> root_key_for(const Settings& settings, Random& random) {
  if (!settings.root_key_file.empty()) {
    auto key = read_root_key(settings.root_key_file);
    if (!key) return std::unexpected(key.error().message);
    return *key;
  }
  const auto file = settings.data_dir / "root-key";
  if (fs::exists(file)) {
    auto key = read_root_key(file);
    if (!key) return std::unexpected(key.error().message);
    return *key;
  }
  if (fs::exists(settings.data_dir / "keys")) {
    return std::unexpected(fmt::format(
        "{}: the root key is missing, but data keys that it wraps are there; put it back, or name it with --root-key-file",
        file.string()));
  }
  auto key = create_root_key(file, random);
  if (!key) return std::unexpected(key.error().message);
  log::warning("made a root key; keep a copy of it apart from the data, without it nothing can be read",
               {{"file", file.string()}});
  return *key;
}

std::expected<NodeId, std::string> node_id_for(const Settings& settings, Random& random) {
  const auto file = settings.data_dir / "node-id";
  if (const auto word = read_word(file)) {
    auto id = NodeId::parse(*word);
    if (!id) return std::unexpected(fmt::format("{}: {}; delete the file", file.string(), id.error()));
    return *id;
  }
  const auto id = NodeId::make(SystemClock().now(), random);
  if (auto written = write_secret_file(file, id.str() + "\n"); !written) return std::unexpected(written.error());
  return id;
}

// Rows of another version would be read wrongly: the store begins anew, the log has everything.
std::expected<std::unique_ptr<Store>, std::string> store_for(const Settings& settings) {
  const auto directory = settings.data_dir / "store";
  auto store = Store::open(directory, Store::Mode::read_write);
  if (!store) return std::unexpected(store.error().message);
  const auto version = (*store)->get(rows_version_key);
  if (version && *version != rows_version()) {
    log::info("the views of this version are others: folding the log again", {});
    store->reset();
    std::error_code error;
    fs::remove_all(directory, error);
    if (error) return std::unexpected(fmt::format("{}: {}", directory.string(), error.message()));
    store = Store::open(directory, Store::Mode::read_write);
    if (!store) return std::unexpected(store.error().message);
  }
  Store::Batch batch;
  batch.put(rows_version_key, rows_version());
  (*store)->write(batch);
  return std::move(*store);
}

}  // namespace

std::expected<DataDirectory, std::string> DataDirectory::open(const Settings& settings, Random& random) {
  if (auto made = create_directory_durably(settings.data_dir); !made) return std::unexpected(made.error());
  DataDirectory data;
  // The log first: it is what a second process must not get hold of.
  EmbeddedLogOptions options{.directory = settings.data_dir / "log"};
  options.partitions = static_cast<std::uint16_t>(settings.partitions + 1);
  auto log = open_embedded_log(options);
  if (!log) return std::unexpected(log.error().message);
  data.log = std::move(*log);
  auto root_key = root_key_for(settings, random);
  if (!root_key) return std::unexpected(root_key.error());
  data.root_key = *root_key;
  auto keys = open_embedded_key_store(settings.data_dir / "keys", data.root_key, false);
  if (!keys) return std::unexpected(keys.error().message);
  data.keys = std::move(*keys);
  auto node = node_id_for(settings, random);
  if (!node) return std::unexpected(node.error());
  data.node = *node;
  auto store = store_for(settings);
  if (!store) return std::unexpected(store.error());
  data.store = std::move(*store);
  return data;
}

std::optional<std::string> read_word(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  if (!(stream >> word)) return std::nullopt;
  return word;
}

std::expected<void, std::string> write_secret_file(const fs::path& file, std::string_view text) {
  const auto refuse = [&] { return std::unexpected(fmt::format("{}: {}", file.string(), std::strerror(errno))); };
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return refuse();
  const bool written = ::fchmod(descriptor, S_IRUSR | S_IWUSR) == 0 &&
                       ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written) return refuse();
  return {};
}

}  // namespace tenure
