#include "core/ids/typeid.h"

#include <algorithm>

namespace tenure {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t suffix_chars = 26;
constexpr std::array<std::size_t, 4> hyphens{8, 13, 18, 23};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Uuid::str() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const auto byte : bytes) {
    if (std::ranges::find(hyphens, text.size()) != hyphens.end()) text += '-';
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
  }
  return text;
}

std::expected<Uuid, std::string> Uuid::parse(std::string_view text) {
  const auto error =
      std::unexpected(std::string("expected a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057"));
  if (text.size() != 36) return error;
  Uuid uuid;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::ranges::find(hyphens, i) != hyphens.end()) {
      if (text[i] != '-') return error;
      continue;
    }
    const int digit = hex_digit(text[i]);
    if (digit < 0) return error;
    auto& byte = uuid.bytes[nibble++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | digit);
  }
  return uuid;
}

Uuid make_uuid_v7(Timestamp time, Random& random) {
  Uuid uuid;
  random.fill(uuid.bytes);
  const auto millis = static_cast<std::uint64_t>(to_unix_millis(time));
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0fU) | 0x70U);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3fU) | 0x80U);
  return uuid;
}

Timestamp made_at(const Uuid& uuid) {
  std::int64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | uuid.bytes[i];
  return from_unix_millis(millis);
}

// 128 bits in 26 characters of 5 bits: the first carries only 3.
std::string encode_base32(const Uuid& uuid) {
  std::string text(suffix_chars, '0');
  std::uint32_t pending = 0;
  int bits = 0;
  auto at = text.rbegin();
  for (auto byte = uuid.bytes.rbegin(); byte != uuid.bytes.rend(); ++byte) {
    pending |= static_cast<std::uint32_t>(*byte) << bits;
    for (bits += 8; bits >= 5; bits -= 5) {
      *at++ = alphabet[pending & 0x1fU];
      pending >>= 5U;
    }
  }
  *at = alphabet[pending & 0x1fU];
  return text;
}

std::expected<Uuid, std::string> decode_base32(std::string_view text) {
  if (text.size() != suffix_chars) return std::unexpected("expected 26 characters after the prefix");
  if (text.front() > '7') return std::unexpected("the id is larger than 128 bits");
  Uuid uuid;
  std::uint32_t pending = 0;
  int bits = 0;
  auto byte = uuid.bytes.rbegin();
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    const auto value = alphabet.find(*c);
    if (value == std::string_view::npos)
      return std::unexpected("the id has a character outside 0-9 and a-z without i, l, o, u");
    pending |= static_cast<std::uint32_t>(value) << bits;
    bits += 5;
    if (bits >= 8 && byte != uuid.bytes.rend()) {
      *byte++ = static_cast<std::uint8_t>(pending & 0xffU);
      pending >>= 8U;
      bits -= 8;
    }
  }
  return uuid;
}

}  // namespace tenure
