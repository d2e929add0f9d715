// Files whose bytes must never change: what was once written to a log must be readable for ever.
//
// TENURE_WRITE_GOLDEN=1 writes those that are missing; it never changes one.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace tenure::testing {

class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name)
      : path_(std::filesystem::path(TENURE_SOURCE_DIR) / "tests" / "golden" / name) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::optional<std::string> read() const {
    std::ifstream file(path_, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void write_when_missing_and_asked_to(const std::string& bytes) const {
    if (std::getenv("TENURE_WRITE_GOLDEN") == nullptr || std::filesystem::exists(path_)) return;
    std::ofstream(path_, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tenure::testing
