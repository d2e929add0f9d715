#include "core/log/log_stamp.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <random>
#include <system_error>

#include "core/limits.h"
#include "core/store/database_directory.h"

namespace tenure {

namespace {

constexpr std::uint32_t format_current = 1;
constexpr const char* stamp_name = "TENURE-LOG";

std::string random_uuid() {
  std::random_device device;
  std::array<std::uint32_t, 4> words{};
  for (auto& word : words) word = device();
  words[1] = (words[1] & 0xFFFF0FFFU) | 0x00004000U;
  words[2] = (words[2] & 0x3FFFFFFFU) | 0x80000000U;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16U,
                     words[1] & 0xFFFFU, words[2] >> 16U, words[2] & 0xFFFFU, words[3]);
}

std::expected<void, std::string> write_durably(const std::filesystem::path& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = written && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (written) return {};
  return std::unexpected(
      fmt::format("file {} cannot be written ({}): free space or grant access, and start again",
                  path.string(), std::generic_category().message(error)));
}

}  // namespace

std::expected<std::optional<LogStamp>, std::string> read_log_stamp(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / stamp_name;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  std::ifstream file(path);
  std::array<std::string, 3> names;
  std::uint32_t format = 0;
  LogStamp stamp;
  file >> names[0] >> format;
  if (file && names[0] == "format" && format > format_current) {
    return std::unexpected(fmt::format(
        "the log in {} has format {} and this version knows {}: start a newer version; nothing was changed",
        directory.string(), format, format_current));
  }
  file >> names[1] >> stamp.id >> names[2] >> stamp.partitions;
  const bool sound = file && names == std::array<std::string, 3>{"format", "id", "partitions"} &&
                     format == format_current && stamp.id.size() == 36 && stamp.partitions > 0 &&
                     stamp.partitions <= limits::partitions_max;
  if (!sound) {
    return std::unexpected(
        fmt::format("file {} is damaged: restore it, or the directory, from a backup; nothing was changed",
                    path.string()));
  }
  return stamp;
}

std::expected<LogStamp, std::string> create_log_stamp(const std::filesystem::path& directory,
                                                      std::uint16_t partitions) {
  const LogStamp stamp{random_uuid(), partitions};
  const std::filesystem::path unfinished = directory / (std::string(stamp_name) + ".new");
  const std::string text =
      fmt::format("format {}\nid {}\npartitions {}\n", format_current, stamp.id, stamp.partitions);
  if (auto written = write_durably(unfinished, text); !written) return std::unexpected(written.error());
  std::error_code error;
  std::filesystem::rename(unfinished, directory / stamp_name, error);
  if (error)
    return std::unexpected(
        fmt::format("file {} cannot be renamed: {}", unfinished.string(), error.message()));
  if (auto synced = sync_directory(directory); !synced) return std::unexpected(synced.error());
  return stamp;
}

}  // namespace tenure
