#include "api/connection_text.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "core/crypto/crypto.h"
#include "core/crypto/random.h"
#include "core/limits.h"

namespace tenure::http {
namespace {

constexpr std::size_t gzip_bytes_min = 1024;
constexpr int gzip_window_bits = 15 + 16;  // 16: with a gzip header
constexpr int gzip_memory_level = 8;
constexpr std::size_t made_request_id_chars = 22;

std::string_view status_text(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

// RFC 9110, 5.6.7; made once a second.
std::string_view date_text() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const auto now = std::time(nullptr);
  if (now != made_at) {
    made_at = now;
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
  }
  return text;
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_request_line(std::string_view line) {
  constexpr std::string_view protocol = "HTTP/";
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == 0 || first == std::string_view::npos || last < first + 2) return false;
  if (line.find(' ', first + 1) != last) return false;
  const auto version = line.substr(last + 1);
  if (!version.starts_with(protocol) || version.size() != protocol.size() + 3) return false;
  const auto digits = version.substr(protocol.size());
  return is_digits(digits.substr(0, 1)) && digits[1] == '.' && is_digits(digits.substr(2));
}

constexpr std::size_t traceparent_chars = 55;
constexpr std::size_t trace_id_at = 3;
constexpr std::size_t trace_id_chars = 32;

// W3C Trace Context: version-traceid-parentid-flags, the ids not all zero. What a later version puts behind
// these is cut off.
std::string valid_traceparent(std::string_view traceparent) {
  if (traceparent.size() < traceparent_chars || traceparent.starts_with("ff")) return {};
  const bool says_more = traceparent.size() > traceparent_chars;
  if (says_more && (traceparent.starts_with("00") || traceparent[traceparent_chars] != '-')) return {};
  const auto trace = traceparent.substr(trace_id_at, trace_id_chars);
  const auto parent = traceparent.substr(36, 16);
  const bool well_formed = is_lower_hex(traceparent.substr(0, 2)) && traceparent[2] == '-' &&
                           is_lower_hex(trace) && traceparent[35] == '-' && is_lower_hex(parent) &&
                           traceparent[52] == '-' && is_lower_hex(traceparent.substr(53, 2));
  const auto is_zero = [](std::string_view text) {
    return text.find_first_not_of('0') == std::string_view::npos;
  };
  if (!well_formed || is_zero(trace) || is_zero(parent)) return {};
  return std::string(traceparent.substr(0, traceparent_chars));
}

std::string begin_trace(Random& random) {
  constexpr std::size_t parent_id_chars = 16;
  std::array<std::uint8_t, (trace_id_chars + parent_id_chars) / 2> bytes{};
  random.fill(bytes);
  bytes.front() |= 1;  // neither id may be all zero
  bytes.back() |= 1;
  const auto ids = crypto::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return "00-" + ids.substr(0, trace_id_chars) + '-' + ids.substr(trace_id_chars) + "-00";
}

// Whether a coding stands in an Accept-Encoding header with a weight above 0 (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    const auto comma = header.find(',');
    auto element = header.substr(0, comma);
    element.remove_prefix(std::min(element.find_first_not_of(" \t"), element.size()));
    const auto name = element.substr(0, element.find_first_of("; \t"));
    if (equal_ignoring_case(name, "gzip")) {
      const auto weight = element.find("q=");
      return weight == std::string_view::npos ||
             element.find_first_of("123456789", weight) != std::string_view::npos;
    }
    if (comma == std::string_view::npos) return false;
    header.remove_prefix(comma + 1);
  }
  return false;
}

std::string gzip(std::string_view body) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits, gzip_memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace

HeadScan::Found HeadScan::look(std::string_view received) {
  for (auto end = received.find('\n', looked_at_); end != std::string_view::npos;
       end = received.find('\n', looked_at_)) {
    if (end == 0 || received[end - 1] != '\r') return Found::malformed;
    if (looked_at_ == 0 && !is_request_line(received.substr(0, end - 1))) return Found::malformed;
    const bool empty_line = end == looked_at_ + 1;
    if (empty_line) return Found::complete;
    if (end + 1 == received.size())
      return Found::incomplete;  // whether it is folded shows with the next byte
    if (received[end + 1] == ' ' || received[end + 1] == '\t') return Found::malformed;
    looked_at_ = end + 1;
  }
  return Found::incomplete;
}

void read_trace(Request& request) {
  thread_local SystemRandom random;
  const auto id = request.header("X-Request-Id");
  if (!id.empty() && id.size() <= limits::request_id_chars_max && is_visible_ascii(id)) {
    request.request_id = id;
  } else {
    request.request_id = "req_" + crypto::random_base62(made_request_id_chars, random);
  }
  request.traceparent = valid_traceparent(request.header("traceparent"));
  if (request.traceparent.empty()) request.traceparent = begin_trace(random);
  request.trace_id = request.traceparent.substr(trace_id_at, trace_id_chars);
}

std::optional<Rejection> check_framing(unsigned version, const Request& request) {
  const auto malformed = [](std::string_view why) {
    return Rejection{Reason::malformed_request, std::string(why), {}, {}};
  };
  const auto lengths = request.count_headers("Content-Length");
  const auto codings = request.count_headers("Transfer-Encoding");
  const auto hosts = request.count_headers("Host");
  if (lengths > 1) return malformed("The request has more than one Content-Length.");
  if (lengths == 1 && !is_digits(request.header("Content-Length")))
    return malformed("The Content-Length is not one number.");
  if (lengths > 0 && codings > 0)
    return malformed("The request has both Content-Length and Transfer-Encoding.");
  if (codings > 0 && (codings > 1 || version < 11))
    return malformed("The request's Transfer-Encoding is ambiguous.");
  if (codings == 1 && !equal_ignoring_case(request.header("Transfer-Encoding"), "chunked")) {
    return Rejection{Reason::not_implemented, "The only transfer coding is chunked.", {}, {}};
  }
  if (hosts > 1 || (hosts == 0 && version == 11)) return malformed("The request needs exactly one Host.");
  return std::nullopt;
}

void write_response(const Response& response, const Request& request, Persistence persistence,
                    std::string& out) {
  const bool worth_it = response.body.size() >= gzip_bytes_min;
  const auto compressed =
      worth_it && accepts_gzip(request.header("Accept-Encoding")) ? gzip(response.body) : std::string();
  const std::string_view body =
      compressed.empty() ? std::string_view(response.body) : std::string_view(compressed);

  out.clear();
  const auto line = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                 status_text(response.status));
  line("Date", date_text());
  line("X-Request-Id", request.request_id);
  line("traceparent", request.traceparent);
  if (response.status != 204) {
    if (!response.body.empty()) line("Content-Type", response.content_type);
    line("Content-Length", fmt::format_int(body.size()).c_str());
  }
  if (worth_it) line("Vary", "Accept-Encoding");
  if (!compressed.empty()) line("Content-Encoding", "gzip");
  if (response.no_store) line("Cache-Control", "no-store");
  line("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) line(name, value);
  if (persistence == Persistence::close) line("Connection", "close");
  if (persistence == Persistence::keep_and_say) line("Connection", "keep-alive");
  out += "\r\n";
  if (request.method != Method::head) out += body;
}

}  // namespace tenure::http
