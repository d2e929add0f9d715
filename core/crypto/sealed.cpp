#include "core/crypto/sealed.h"

namespace tenure {

Sealed Sealed::seal(std::string_view owner, const crypto::Key& key, std::string_view plaintext,
                    Random& random) {
  std::string text(owner);
  text += '.';
  text += crypto::to_base64url(crypto::seal(key, plaintext, owner, random));
  return Sealed(std::move(text));
}

std::optional<std::string> Sealed::open(KeyStore& keys) const {
  const auto dot = text_.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const auto owner = std::string_view(text_).substr(0, dot);
  const auto key = keys.find(owner);
  if (!key) return std::nullopt;
  const auto box = crypto::from_base64url(std::string_view(text_).substr(dot + 1));
  if (!box) return std::nullopt;
  return crypto::open(*key, *box, owner);
}

}  // namespace tenure
