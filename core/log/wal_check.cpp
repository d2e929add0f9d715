#include "core/log/wal_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "core/log/crc32c.h"

namespace tenure {

namespace {

constexpr std::size_t block_bytes = 32768;
constexpr std::size_t header_bytes = 7;
constexpr std::size_t sector_bytes = 512;
constexpr std::size_t batch_header_bytes = 12;

enum Type : std::uint8_t { zero = 0, full = 1, first = 2, middle = 3, last = 4 };

template <typename Number>
Number little_endian(std::string_view bytes) {
  Number number = 0;
  for (std::size_t at = sizeof(Number); at-- > 0;) {
    number = static_cast<Number>(number << 8U) | static_cast<unsigned char>(bytes[at]);
  }
  return number;
}

std::uint32_t unmasked(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xa282ead8U;
  return (rotated >> 17U) | (rotated << 15U);
}

struct Fragment {
  Type type = zero;
  std::string_view data;
};

// The whole record at `at`, if one is there.
std::optional<Fragment> fragment_at(std::string_view file, std::size_t at) {
  const std::size_t block_end = at - at % block_bytes + block_bytes;
  if (at + header_bytes > std::min(file.size(), block_end)) return std::nullopt;
  const std::string_view header = file.substr(at, header_bytes);
  const auto length = little_endian<std::uint16_t>(header.substr(4, 2));
  const auto type = static_cast<std::uint8_t>(header[6]);
  if (type < full || type > last) return std::nullopt;
  if (at + header_bytes + length > std::min(file.size(), block_end)) return std::nullopt;
  const std::string_view checked = file.substr(at + 6, 1U + length);
  if (crc32c(checked) != unmasked(little_endian<std::uint32_t>(header.substr(0, 4)))) return std::nullopt;
  return Fragment{static_cast<Type>(type), checked.substr(1)};
}

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

// The place after `broken` where another batch begins. Searched byte by byte: a broken length hides what
// follows.
std::optional<std::size_t> next_batch(std::string_view file, std::size_t broken) {
  for (std::size_t at = broken + 1; at + header_bytes + batch_header_bytes <= file.size(); ++at) {
    const auto type = static_cast<std::uint8_t>(file[at + 6]);
    if (type != full && type != first) continue;
    const auto found = fragment_at(file, at);
    if (found && found->data.size() >= batch_header_bytes) return at;
  }
  return std::nullopt;
}

// Whether the bytes from `begin` are what is left of a batch whose write was cut short.
bool could_be_torn(std::string_view file, std::size_t begin, std::size_t broken) {
  if (all_zero(file.substr(broken))) return true;
  const std::size_t block_end = broken - broken % block_bytes + block_bytes;
  if (broken + header_bytes > file.size()) return true;
  const auto length = little_endian<std::uint16_t>(file.substr(broken + 4, 2));
  const bool cut_off = broken + header_bytes + length > file.size() && file.size() < block_end;
  if (cut_off) return true;
  for (std::size_t sector = begin - begin % sector_bytes; sector < file.size(); sector += sector_bytes) {
    const std::size_t from = std::max(sector, begin);
    const std::size_t to = std::min(sector + sector_bytes, file.size());
    if (to - from >= 16 && all_zero(file.substr(from, to - from))) return true;
  }
  return false;
}

class Reader {
 public:
  explicit Reader(WalSummary& summary) : summary_(summary) {}

  std::expected<void, WalDamage> read(const std::filesystem::path& path, std::string_view file) {
    path_ = &path;
    std::size_t at = 0;
    std::size_t begin = 0;  // of the batch being put together
    std::string batch;
    bool inside = false;
    is_first_ = true;
    while (at < file.size()) {
      const std::size_t left_in_block = block_bytes - at % block_bytes;
      if (left_in_block < header_bytes) {
        at += left_in_block;
        continue;
      }
      const auto fragment = fragment_at(file, at);
      const bool begins = fragment && (fragment->type == full || fragment->type == first);
      if (!fragment) return broken(file, inside ? begin : at, at);
      if (begins == inside) return damage(at, "a batch is in pieces");
      if (begins) {
        begin = at;
        batch.clear();
      }
      batch += fragment->data;
      inside = fragment->type == first || fragment->type == middle;
      if (!inside) {
        if (auto taken = take(batch, begin); !taken) return taken;
      }
      at += header_bytes + fragment->data.size();
    }
    return {};  // a batch that is still open ends with the file: torn
  }

 private:
  std::expected<void, WalDamage> take(std::string_view batch, std::size_t begin) {
    if (batch.size() < batch_header_bytes) return damage(begin, "a batch has no header");
    const auto sequence = little_endian<std::uint64_t>(batch.substr(0, 8));
    const auto count = little_endian<std::uint32_t>(batch.substr(8, 4));
    if (count == 0) return {};  // RocksDB writes one after a recovery
    const auto expected = summary_.last_sequence + 1;
    if (sequence < expected) {
      return damage(begin, fmt::format("batch {} stands behind batch {}", sequence, summary_.last_sequence));
    }
    if (sequence > expected && !is_first_) {
      return damage(begin, fmt::format("batches {} to {} are missing", expected, sequence - 1));
    }
    is_first_ = false;
    summary_.last_sequence = sequence + count - 1;
    return {};
  }

  std::expected<void, WalDamage> broken(std::string_view file, std::size_t begin, std::size_t at) {
    if (const auto later = next_batch(file, at)) {
      return damage(
          at, fmt::format("the record there is broken, and whole ones follow from position {} on", *later));
    }
    if (!could_be_torn(file, begin, at)) return damage(at, "the last record is broken, but not by a crash");
    return {};
  }

  std::expected<void, WalDamage> damage(std::size_t at, std::string_view what) {
    return std::unexpected(WalDamage{fmt::format("file {}, position {}: {}", path_->string(), at, what)});
  }

  WalSummary& summary_;
  const std::filesystem::path* path_ = nullptr;
  bool is_first_ = true;  // no batch of the file was taken yet
};

std::optional<std::uint64_t> number_of(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (path.extension() != ".log" || error != std::errc() || end != stem.data() + stem.size())
    return std::nullopt;
  return number;
}

std::expected<std::string, WalDamage> contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    std::error_code error;
    return std::unexpected(WalDamage{fmt::format("file {} cannot be read", path.string()),
                                     !std::filesystem::exists(path, error)});
  }
  std::string bytes(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.gcount() != static_cast<std::streamsize>(bytes.size())) {
    return std::unexpected(
        WalDamage{fmt::format("file {}, position {} cannot be read", path.string(), file.gcount())});
  }
  return bytes;
}

}  // namespace

std::expected<WalSummary, WalDamage> check_wal(const std::filesystem::path& directory) {
  std::vector<std::pair<std::uint64_t, std::filesystem::path>> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (const auto number = number_of(entry.path())) files.emplace_back(*number, entry.path());
  }
  std::ranges::sort(files);
  WalSummary summary;
  Reader reader(summary);
  for (const auto& [number, path] : files) {
    const auto bytes = contents(path);
    if (!bytes) return std::unexpected(bytes.error());
    if (auto read = reader.read(path, *bytes); !read) return std::unexpected(read.error());
    summary.files.push_back(path);
  }
  return summary;
}

bool are_still_there(const WalSummary& before) {
  std::error_code error;
  return std::ranges::all_of(before.files,
                             [&](const auto& file) { return std::filesystem::exists(file, error); });
}

}  // namespace tenure
