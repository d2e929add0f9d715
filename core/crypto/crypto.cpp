#include "core/crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace tenure::crypto {
namespace {

void check(int result, const char* what) {
  if (result != 1) throw std::runtime_error(std::string("OpenSSL failed: ") + what);
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// Looking an algorithm up costs more than hashing a short text, so each is fetched once and each thread keeps
// a context.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return algorithm;
}
EVP_MD_CTX* digest_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigestContext> context(EVP_MD_CTX_new());
  return context.get();
}
EVP_CIPHER_CTX* cipher_context() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext> context(EVP_CIPHER_CTX_new());
  return context.get();
}

constexpr std::size_t sha256_block_bytes = 64;
constexpr std::string_view base62_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_standard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64_url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode_base64(std::string_view input, std::string_view alphabet, bool pad) {
  std::string text;
  text.reserve((input.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < input.size(); i += 3) {
    const auto at = [&](std::size_t j) {
      return j < input.size() ? static_cast<std::uint8_t>(input[j]) : 0U;
    };
    const std::uint32_t group = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    const auto chars = std::min<std::size_t>(input.size() - i, 3) + 1;
    for (std::size_t j = 0; j < 4; ++j) {
      if (j < chars) {
        text += alphabet[group >> (18 - 6 * j) & 0x3fU];
      } else if (pad) {
        text += '=';
      }
    }
  }
  return text;
}

// The value of each character; -1 where there is none.
using DecodeTable = std::array<std::int8_t, 256>;
constexpr DecodeTable decode_table(std::string_view alphabet) {
  DecodeTable table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr DecodeTable base64_standard_values = decode_table(base64_standard);
constexpr DecodeTable base64_url_values = decode_table(base64_url);

// `text` without padding. Bits left over must be zero, so that every text has one spelling.
std::optional<std::string> decode_base64(std::string_view text, const DecodeTable& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string output;
  output.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = values[static_cast<std::uint8_t>(c)];
    if (value < 0) return std::nullopt;
    pending = pending << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      output += static_cast<char>(pending >> bits & 0xffU);
    }
    pending &= (1U << bits) - 1;
  }
  if (pending != 0) return std::nullopt;
  return output;
}

}  // namespace

Key::Key(std::span<const std::uint8_t, 32> bytes) { std::ranges::copy(bytes, bytes_.begin()); }

Key Key::generate(Random& random) {
  Key key;
  random.fill(key.bytes_);
  return key;
}

Key::~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Digest sha256(std::string_view data) { return sha256(std::span<const std::string_view>(&data, 1)); }

Digest sha256(std::span<const std::string_view> parts) {
  Digest digest{};
  auto* context = digest_context();
  check(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr), "SHA-256");
  for (const auto part : parts) check(EVP_DigestUpdate(context, part.data(), part.size()), "SHA-256");
  check(EVP_DigestFinal_ex(context, digest.data(), nullptr), "SHA-256");
  return digest;
}

// With a context of its own: `next` may hash too.
Digest sha256_of_pieces(const std::function<std::string_view()>& next) {
  Digest digest{};
  const std::unique_ptr<EVP_MD_CTX, FreeDigestContext> context(EVP_MD_CTX_new());
  check(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr), "SHA-256");
  for (auto piece = next(); !piece.empty(); piece = next()) {
    check(EVP_DigestUpdate(context.get(), piece.data(), piece.size()), "SHA-256");
  }
  check(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr), "SHA-256");
  return digest;
}

// RFC 2104, with keys of 32 bytes, which are shorter than a block.
Digest hmac_sha256(const Key& key, std::string_view data) {
  std::array<char, sha256_block_bytes> inner{};
  std::array<char, sha256_block_bytes> outer{};
  for (std::size_t i = 0; i < sha256_block_bytes; ++i) {
    const auto byte = i < key.bytes().size() ? key.bytes()[i] : std::uint8_t{0};
    inner[i] = static_cast<char>(byte ^ 0x36U);
    outer[i] = static_cast<char>(byte ^ 0x5cU);
  }
  const auto text = [](const auto& block) { return std::string_view(block.data(), block.size()); };
  const auto digest = sha256(std::array<std::string_view, 2>{text(inner), data});
  const auto result = sha256(std::array<std::string_view, 2>{text(outer), view(digest)});
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return result;
}

Key hkdf_sha256(const Key& key, std::string_view info) {
  const Key salt;
  const auto extracted =
      hmac_sha256(salt, {reinterpret_cast<const char*>(key.bytes().data()), key.bytes().size()});
  const auto derived = hmac_sha256(Key(extracted), std::string(info) + '\x01');
  return Key(derived);
}

std::string seal(const Key& key, std::string_view plaintext, std::string_view associated_data,
                 Random& random) {
  std::string box(gcm_nonce_bytes + plaintext.size() + gcm_tag_bytes, '\0');
  auto* nonce = bytes(box);
  random.fill({nonce, gcm_nonce_bytes});
  auto* context = cipher_context();
  int written = 0;
  check(EVP_EncryptInit_ex2(context, aes_256_gcm(), key.bytes().data(), nonce, nullptr), "AES-GCM");
  check(EVP_EncryptUpdate(context, nullptr, &written, bytes(associated_data),
                          static_cast<int>(associated_data.size())),
        "AES-GCM");
  auto* out = nonce + gcm_nonce_bytes;
  check(EVP_EncryptUpdate(context, out, &written, bytes(plaintext), static_cast<int>(plaintext.size())),
        "AES-GCM");
  out += written;
  check(EVP_EncryptFinal_ex(context, out, &written), "AES-GCM");
  check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, gcm_tag_bytes, out), "AES-GCM");
  return box;
}

std::optional<std::string> open(const Key& key, std::string_view box, std::string_view associated_data) {
  if (box.size() < gcm_nonce_bytes + gcm_tag_bytes) return std::nullopt;
  const auto ciphertext = box.substr(gcm_nonce_bytes, box.size() - gcm_nonce_bytes - gcm_tag_bytes);
  std::string tag(box.substr(box.size() - gcm_tag_bytes));
  std::string plaintext(ciphertext.size(), '\0');
  auto* context = cipher_context();
  int written = 0;
  check(EVP_DecryptInit_ex2(context, aes_256_gcm(), key.bytes().data(), bytes(box), nullptr), "AES-GCM");
  check(EVP_DecryptUpdate(context, nullptr, &written, bytes(associated_data),
                          static_cast<int>(associated_data.size())),
        "AES-GCM");
  check(EVP_DecryptUpdate(context, bytes(plaintext), &written, bytes(ciphertext),
                          static_cast<int>(ciphertext.size())),
        "AES-GCM");
  check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, gcm_tag_bytes, tag.data()), "AES-GCM");
  if (EVP_DecryptFinal_ex(context, bytes(plaintext) + written, &written) != 1) return std::nullopt;
  return plaintext;
}

std::uint32_t crc32(std::string_view data) {
  return static_cast<std::uint32_t>(::crc32_z(::crc32(0, nullptr, 0), bytes(data), data.size()));
}

bool equal_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string to_hex(std::string_view input) {
  std::string text;
  text.reserve(2 * input.size());
  for (const char c : input) {
    text += hex_digits[static_cast<std::uint8_t>(c) >> 4U];
    text += hex_digits[static_cast<std::uint8_t>(c) & 0xfU];
  }
  return text;
}

std::string to_hex(const Digest& digest) { return to_hex(view(digest)); }

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string output;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digits.find(text[i]);
    const auto low = hex_digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    output += static_cast<char>(high << 4U | low);
  }
  return output;
}

std::string to_base64(std::string_view input) { return encode_base64(input, base64_standard, true); }
std::string to_base64url(std::string_view input) { return encode_base64(input, base64_url, false); }

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode_base64(text, base64_standard_values);
}
std::optional<std::string> from_base64url(std::string_view text) {
  return decode_base64(text, base64_url_values);
}

std::string random_base62(std::size_t length, Random& random) {
  constexpr std::size_t fair =
      256 / base62_digits.size() * base62_digits.size();  // above it, some digits are likelier
  std::string text;
  std::array<std::uint8_t, 32> bytes{};
  while (text.size() < length) {
    random.fill(bytes);
    for (const auto byte : bytes) {
      if (byte < fair && text.size() < length) text += base62_digits[byte % base62_digits.size()];
    }
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

std::string to_base62(std::uint32_t number, std::size_t width) {
  std::string text(width, '0');
  for (auto at = text.rbegin(); at != text.rend() && number != 0; ++at) {
    *at = base62_digits[number % base62_digits.size()];
    number /= static_cast<std::uint32_t>(base62_digits.size());
  }
  return text;
}

}  // namespace tenure::crypto
