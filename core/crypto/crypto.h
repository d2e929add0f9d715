// The primitives, by OpenSSL: SHA-256, HMAC-SHA-256, HKDF-SHA-256, AES-256-GCM, CRC-32, and text encodings.
// All functions may be called from any thread. A failure inside OpenSSL throws std::runtime_error.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/crypto/random.h"

namespace tenure::crypto {

using Digest = std::array<std::uint8_t, 32>;
inline constexpr std::size_t gcm_nonce_bytes = 12;
inline constexpr std::size_t gcm_tag_bytes = 16;

// 32 bytes that are wiped when they go.
class Key {
 public:
  Key() = default;
  explicit Key(std::span<const std::uint8_t, 32> bytes);
  static Key generate(Random& random);
  ~Key();
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  [[nodiscard]] std::span<const std::uint8_t, 32> bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

[[nodiscard]] Digest sha256(std::string_view data);
// SHA-256 of the concatenation, without copying it together.
[[nodiscard]] Digest sha256(std::span<const std::string_view> parts);
// Of what `next` gives, piece by piece, until it gives an empty one.
[[nodiscard]] Digest sha256_of_pieces(const std::function<std::string_view()>& next);
[[nodiscard]] Digest hmac_sha256(const Key& key, std::string_view data);
// RFC 5869 with an empty salt; `info` separates the purposes of one key.
[[nodiscard]] Key hkdf_sha256(const Key& key, std::string_view info);

// AES-256-GCM (NIST SP 800-38D). The result is nonce || ciphertext || tag. A nonce is random: one key may
// seal about 2^32 messages.
[[nodiscard]] std::string seal(const Key& key, std::string_view plaintext, std::string_view associated_data,
                               Random& random);
// Nothing when the box is too short, or key, associated data or box are not those of `seal`.
[[nodiscard]] std::optional<std::string> open(const Key& key, std::string_view box,
                                              std::string_view associated_data);

// As zlib's crc32.
[[nodiscard]] std::uint32_t crc32(std::string_view data);

// Compares in a time that depends on the lengths only.
[[nodiscard]] bool equal_constant_time(std::string_view left, std::string_view right);

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Digest& digest);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
// RFC 4648: standard alphabet with padding; `base64url` without.
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);
// `length` characters of 0-9A-Za-z, each uniform.
[[nodiscard]] std::string random_base62(std::size_t length, Random& random);
// 0-9A-Za-z as digits, zero-padded to `width`.
[[nodiscard]] std::string to_base62(std::uint32_t number, std::size_t width);

[[nodiscard]] inline std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace tenure::crypto
