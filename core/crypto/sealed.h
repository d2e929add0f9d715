// A person's name or address, sealed under that person's own key: it can be stored in any event or view,
// and is gone everywhere when the person's key is destroyed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/crypto/crypto.h"
#include "core/crypto/key_store.h"

namespace tenure {

class Sealed {
 public:
  Sealed() = default;
  explicit Sealed(std::string text) : text_(std::move(text)) {}

  // `owner` is the id of the person, whose key is `key`.
  [[nodiscard]] static Sealed seal(std::string_view owner, const crypto::Key& key, std::string_view plaintext,
                                   Random& random);
  // The plaintext; nothing when the owner's key is gone.
  [[nodiscard]] std::optional<std::string> open(KeyStore& keys) const;

  // "<owner>.<base64url>", as stored.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  friend bool operator==(const Sealed&, const Sealed&) = default;

 private:
  std::string text_;
};

}  // namespace tenure
