// Rows are stored ready to send but for what a node must not or cannot know when it folds: a person's name,
// sealed under that person's key, and the server's own address. Both stand in a row as placeholders, which no
// value inside a JSON string can imitate because its quotes are escaped:
//
//   {"$sealed":"usr_....<box>"}     becomes the name as a string, or "" when its key is gone
//   "$public_url/operations/op_..."  becomes the address followed by the path
#pragma once

#include <string>
#include <string_view>

#include "core/crypto/key_store.h"
#include "core/crypto/sealed.h"

namespace tenure::json {

inline constexpr std::string_view public_url_placeholder = "$public_url";

[[nodiscard]] std::string sealed_placeholder(const Sealed& value);

// A row with its placeholders filled in. `public_url` has no slash at its end.
[[nodiscard]] std::string fill_placeholders(std::string row, KeyStore& keys, std::string_view public_url);

}  // namespace tenure::json
