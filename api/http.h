// Requests and responses, as the routes see them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenure::http {

// TRACE and QUERY are known and offered nowhere: 405 says what is. none: of a request that names no method of
// these, or whose first line could not be read.
enum class Method : std::uint8_t { get, head, options, post, put, patch, delete_, trace, query, none };
// "-" for none.
[[nodiscard]] std::string_view to_string(Method method);
// Nothing for a method that this server does not know.
[[nodiscard]] std::optional<Method> parse_method(std::string_view text);

using Fields = std::vector<std::pair<std::string, std::string>>;

// One request, read to its end. Header views live as long as the request.
struct Request {
  Method method = Method::none;
  std::string_view target;            // as it came
  std::vector<std::string> segments;  // of the path, decoded one by one after splitting
  Fields query;                       // decoded, in order
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;
  std::string_view remote_ip;
  std::string request_id;   // the client's, or made
  std::string traceparent;  // the client's, or made (W3C Trace Context)
  std::string trace_id;     // its trace id
  // Of the route that matched, set by whoever dispatches, for metrics and logs: its pattern, and its place in
  // the table.
  std::string_view route;
  std::optional<std::size_t> route_index;

  // The first header of that name (any case); empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::size_t count_headers(std::string_view name) const;
  // Nothing when absent.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";  // ignored without a body
  Fields headers;
  bool no_store = false;  // holds something that no cache may keep
};

// Path and query of `target` into segments and query. Takes origin-form and absolute-form (RFC 9112, 3.2), of
// which scheme and authority are passed over. False when it is malformed: another form, bad percent-encoding,
// invalid UTF-8.
[[nodiscard]] bool parse_target(std::string_view target, Request& request);

[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right);

}  // namespace tenure::http
