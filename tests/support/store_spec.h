// A store in a directory of its own, and what stands in its files.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/store.h"

namespace tenure {

class StoreTest : public testing::Test {
 public:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenure-store-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~StoreTest() override { std::filesystem::remove_all(root_); }

 protected:
  [[nodiscard]] std::filesystem::path directory() const { return root_ / "store"; }

  [[nodiscard]] std::unique_ptr<Store> open(Store::Mode mode = Store::Mode::read_write) const {
    auto store = Store::open(directory(), mode);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
  }
  [[nodiscard]] std::string refusal(Store::Mode mode = Store::Mode::read_write) const {
    auto store = Store::open(directory(), mode);
    return store ? "opened" : store.error().message;
  }

  static void put(Store& store, std::string_view key, std::string_view value) {
    Store::Batch batch;
    batch.put(key, value);
    store.write(batch);
  }

  // Also what an interrupted rename or an obsolete file would still hold.
  [[nodiscard]] int files_containing(std::string_view needle) const {
    int found = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.find(needle) != std::string::npos) ++found;
    }
    return found;
  }
  [[nodiscard]] std::vector<std::filesystem::path> files(std::string_view part) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      if (entry.path().filename().string().find(part) != std::string::npos) found.push_back(entry.path());
    }
    return found;
  }

  std::filesystem::path root_;
};

inline std::vector<std::string> keys_of(Store::Scan scan) {
  std::vector<std::string> keys;
  for (scan.to_first(); scan.valid(); scan.next()) keys.emplace_back(scan.key());
  return keys;
}

inline std::string random_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace tenure
