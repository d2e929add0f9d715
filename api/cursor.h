// Cursors of lists: where the next page begins, authenticated and bound to the list that it was made for.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/crypto/crypto.h"
#include "core/error.h"

namespace tenure::http {

// `binding` names the list: route, query and the caller's scope. A cursor opens under the same binding only.
[[nodiscard]] std::string encode_cursor(const crypto::Key& key, std::string_view binding,
                                        std::string_view position);
// Refused (invalid_cursor) when it was changed, or made for another list.
[[nodiscard]] std::expected<std::string, Rejection> decode_cursor(const crypto::Key& key,
                                                                  std::string_view binding,
                                                                  std::string_view cursor);

}  // namespace tenure::http
