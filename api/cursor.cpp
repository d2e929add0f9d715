#include "api/cursor.h"

namespace tenure::http {
namespace {

constexpr std::size_t tag_bytes = 16;

std::string tag_of(const crypto::Key& key, std::string_view binding, std::string_view position) {
  std::string text = std::to_string(binding.size());
  text.append(":").append(binding).append(position);
  return std::string(crypto::view(crypto::hmac_sha256(key, text)).substr(0, tag_bytes));
}

}  // namespace

std::string encode_cursor(const crypto::Key& key, std::string_view binding, std::string_view position) {
  return crypto::to_base64url(tag_of(key, binding, position) + std::string(position));
}

std::expected<std::string, Rejection> decode_cursor(const crypto::Key& key, std::string_view binding,
                                                    std::string_view cursor) {
  const auto bytes = crypto::from_base64url(cursor);
  if (bytes && bytes->size() >= tag_bytes) {
    auto position = bytes->substr(tag_bytes);
    if (crypto::equal_constant_time(tag_of(key, binding, position),
                                    std::string_view(*bytes).substr(0, tag_bytes))) {
      return position;
    }
  }
  return std::unexpected(Rejection{Reason::invalid_cursor, "", {}, {}});
}

}  // namespace tenure::http
