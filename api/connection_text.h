// The text side of a connection, apart from its sockets: checks of a request's head, and a response as bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"
#include "core/error.h"

namespace tenure::http {

inline constexpr std::string_view continue_text = "HTTP/1.1 100 Continue\r\n\r\n";

// Fills in the request id, taken from X-Request-Id or made, and the trace id of `traceparent`.
void read_trace(Request& request);

// Framing that two readers could understand differently (RFC 9112, 6.3), a missing or doubled Host, a transfer coding or an
// expectation that is not offered. `version` is 10 or 11.
[[nodiscard]] std::optional<Rejection> check_framing(unsigned version, const Request& request);

// Replaces `out` with the whole response. Compresses when the client accepts it and it is worth it.
void write_response(const Response& response, const Request& request, bool keep_alive, std::string& out);

}  // namespace tenure::http
