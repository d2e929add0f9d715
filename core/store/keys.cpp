#include "core/store/keys.h"

#include <algorithm>
#include <stdexcept>

namespace tenure::keys {

std::string_view Reader::take(std::size_t size) {
  if (size > bytes_.size()) throw std::logic_error("a key or value of the store is shorter than its layout");
  const auto taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

std::string_view Reader::text() {
  const auto end = bytes_.find('\0');
  if (end == std::string_view::npos) throw std::logic_error("a text in a key of the store has no end");
  const auto taken = take(end);
  bytes_.remove_prefix(1);
  return taken;
}

Uuid Reader::uuid() {
  const auto bytes = take(16);
  Uuid uuid;
  std::ranges::copy(bytes, reinterpret_cast<char*>(uuid.bytes.data()));
  return uuid;
}

std::uint64_t Reader::number(std::size_t size) {
  std::uint64_t value = 0;
  for (const char byte : take(size)) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<std::uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<std::uint8_t>(prefix.back()) + 1);
  return prefix;
}

}  // namespace tenure::keys
