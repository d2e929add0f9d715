// The headers that make a request conditional or repeatable.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"
#include "commands/execute.h"
#include "core/error.h"

namespace tenure::http {

// RFC 9110, 8.8.3: the etag in quotes.
[[nodiscard]] std::string etag_header(std::uint64_t version);

// RFC 9110, 13.1.1, and also a bare etag, as clients of this family of APIs send it. A weak etag matches
// nothing. Nothing when the header is absent; refused when it is no list of etags.
[[nodiscard]] std::expected<std::optional<IfMatch>, Rejection> parse_if_match(const Request& request);

// 1 to 64 visible characters, bare or quoted. Nothing when the header is absent.
[[nodiscard]] std::expected<std::optional<std::string>, Rejection> parse_idempotency_key(
    const Request& request);

}  // namespace tenure::http
