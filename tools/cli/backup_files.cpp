#include "tools/cli/backup_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "core/crypto/crypto.h"
#include "core/json/json.h"
#include "core/store/database_directory.h"

namespace tenure::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t format_current = 1;
constexpr std::string_view manifest_name = "TENURE-BACKUP";
constexpr std::size_t piece_bytes = 1U << 20U;
constexpr std::array<std::string_view, 3> folders{"log", "keys", "store"};

std::unexpected<std::string> failed(const fs::path& path) {
  return std::unexpected(fmt::format("{}: {}", path.string(), std::generic_category().message(errno)));
}

std::expected<std::string, std::string> hash_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return failed(file);
  std::string piece(piece_bytes, '\0');
  const auto digest = crypto::sha256_of_pieces([&] {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    return std::string_view(piece.data(), static_cast<std::size_t>(stream.gcount()));
  });
  if (stream.bad()) return failed(file);
  return crypto::to_hex(digest);
}

std::expected<void, std::string> sync_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(file);
  const bool synced = ::fsync(descriptor) == 0;
  const auto result = synced ? std::expected<void, std::string>() : failed(file);
  ::close(descriptor);
  return result;
}

std::expected<void, std::string> sync_all(const fs::path& directory) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    auto synced = entry.is_directory() ? sync_directory(entry.path()) : sync_file(entry.path());
    if (!synced) return synced;
  }
  return sync_directory(directory);
}

std::string to_line(const BackupManifest& manifest) {
  std::string line;
  json::Writer out(line);
  out.begin_object().member("format", format_current).member("tenure", TENURE_VERSION);
  out.member("made_at", manifest.made_at).member("log", manifest.log).key("folded").begin_array();
  for (const auto offset : manifest.folded) out.unsigned_integer(to_number(offset));
  out.end_array().key("files").begin_array();
  for (const auto& file : manifest.files) {
    out.begin_object()
        .member("path", file.path)
        .member("bytes", file.bytes)
        .member("sha256", file.sha256)
        .end_object();
  }
  out.end_array().end_object();
  return line;
}

// Nothing outside the folders that a backup has.
bool is_ours(const fs::path& path) {
  const bool known = std::ranges::find(folders, path.parent_path().string()) != folders.end();
  return known && path.has_filename() && path.filename() != "." && path.filename() != "..";
}

// Throws when the members are not those of `to_line`.
BackupManifest from_json(const json::Value& value) {
  BackupManifest manifest;
  manifest.log = std::string_view(value.at("log").as_string());
  manifest.made_at = std::string_view(value.at("made_at").as_string());
  for (const auto& offset : value.at("folded").as_array())
    manifest.folded.push_back(Offset{offset.to_number<std::uint64_t>()});
  for (const auto& file : value.at("files").as_array()) {
    manifest.files.push_back({.path = std::string(std::string_view(file.at("path").as_string())),
                              .bytes = file.at("bytes").to_number<std::uint64_t>(),
                              .sha256 = std::string(std::string_view(file.at("sha256").as_string()))});
    if (!is_ours(manifest.files.back().path)) throw std::invalid_argument(manifest.files.back().path);
  }
  return manifest;
}

}  // namespace

std::uint64_t BackupManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : files) sum += file.bytes;
  return sum;
}

std::expected<std::vector<BackupManifest::File>, std::string> list_files(const fs::path& directory) {
  std::vector<BackupManifest::File> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_directory()) continue;
    auto hash = hash_of(entry.path());
    if (!hash) return std::unexpected(hash.error());
    files.push_back(
        {entry.path().lexically_relative(directory).string(), entry.file_size(), std::move(*hash)});
  }
  std::ranges::sort(files, {}, &BackupManifest::File::path);
  return files;
}

std::expected<void, std::string> write_manifest(const fs::path& directory, const BackupManifest& manifest) {
  const auto line = to_line(manifest);
  std::ofstream file(directory / manifest_name, std::ios::binary);
  file << line << '\n' << crypto::to_hex(crypto::sha256(line)) << '\n';
  file.close();
  if (!file) return failed(directory / manifest_name);
  return {};
}

std::expected<BackupManifest, std::string> read_manifest(const fs::path& directory) {
  const auto path = directory / manifest_name;
  if (!fs::exists(path)) {
    return std::unexpected(fmt::format("{}: this is no backup, or no whole one: it has no file {}",
                                       directory.string(), manifest_name));
  }
  const auto damaged = std::unexpected(path.string() + " is damaged: use another backup; nothing was made");
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::string hash;
  if (!std::getline(file, line) || !std::getline(file, hash)) return damaged;
  if (hash != crypto::to_hex(crypto::sha256(line))) return damaged;
  const auto value = json::parse(line);
  if (!value) return damaged;
  try {
    if (value->at("format").as_int64() > format_current) {
      return std::unexpected(directory.string() +
                             ": a newer version made this backup; restore it with that one");
    }
    return from_json(*value);
  } catch (const std::exception&) {
    return damaged;
  }
}

std::expected<void, std::string> check_files(const fs::path& directory, const BackupManifest& manifest) {
  for (const auto& file : manifest.files) {
    const auto path = directory / file.path;
    if (!fs::exists(path))
      return std::unexpected(path.string() + " is missing: use another backup; nothing was made");
    const auto hash = hash_of(path);
    if (!hash) return std::unexpected(hash.error());
    if (fs::file_size(path) == file.bytes && *hash == file.sha256) continue;
    return std::unexpected(path.string() + " is damaged: use another backup; nothing was made");
  }
  return {};
}

std::expected<Draft, std::string> Draft::begin(const fs::path& directory) {
  auto whole = fs::absolute(directory).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  if (fs::exists(fs::symlink_status(whole)))
    return std::unexpected(whole.string() + " exists already; name another directory");
  if (auto made = create_directory_durably(whole.parent_path()); !made) return std::unexpected(made.error());
  auto unfinished = whole;
  unfinished += ".unfinished";
  if (::mkdir(unfinished.c_str(), S_IRWXU) == 0) return Draft(std::move(whole), std::move(unfinished));
  if (errno != EEXIST) return failed(unfinished);
  return std::unexpected(
      unfinished.string() +
      " is left from one that did not end, or is being made; delete it when nobody is at it");
}

Draft::~Draft() {
  std::error_code error;
  if (!unfinished_.empty()) fs::remove_all(unfinished_, error);
}

Draft::Draft(Draft&& other) noexcept
    : directory_(std::move(other.directory_)), unfinished_(std::exchange(other.unfinished_, {})) {}

std::expected<void, std::string> Draft::publish() {
  if (auto synced = sync_all(unfinished_); !synced) return synced;
  if (::rename(unfinished_.c_str(), directory_.c_str()) != 0) return failed(directory_);
  unfinished_.clear();
  return sync_directory(directory_.parent_path());
}

}  // namespace tenure::cli
