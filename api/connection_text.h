// The text side of a connection, apart from its sockets: checks of a request's head, and a response as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"
#include "core/error.h"

namespace tenure::http {

inline constexpr std::string_view continue_text = "HTTP/1.1 100 Continue\r\n\r\n";

// Finds the end of a request's head (RFC 9112, 2.1), and on the way what the parser behind it would forgive
// or take for something else: lines that end without a carriage return and folded lines (5.2), which other
// readers of the same bytes could understand differently, and a request line (3) that is not method, target
// and version with one space between them.
class HeadScan {
 public:
  enum class Found : std::uint8_t { incomplete, complete, malformed };
  // `received` begins with the request line and is what the last call saw, or longer.
  [[nodiscard]] Found look(std::string_view received);

 private:
  std::size_t looked_at_ = 0;
};

// Fills in the request id, taken from X-Request-Id or made, and the trace context (W3C Trace Context, 3.2),
// taken from traceparent or begun: not sampled, as nobody has asked for it.
void read_trace(Request& request);

// Framing that two readers could understand differently (RFC 9112, 6.3), a missing or doubled Host, a
// transfer coding that is not offered. `version` is 10 or 11.
[[nodiscard]] std::optional<Rejection> check_framing(unsigned version, const Request& request);

// What becomes of the connection after an answer. HTTP/1.0 keeps it only if that is said.
enum class Persistence : std::uint8_t { close, keep, keep_and_say };

// Replaces `out` with the whole response. Compresses when the client accepts it and it is worth it.
void write_response(const Response& response, const Request& request, Persistence persistence,
                    std::string& out);

}  // namespace tenure::http
