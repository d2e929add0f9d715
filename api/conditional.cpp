#include "api/conditional.h"

#include <algorithm>
#include <charconv>

#include "core/limits.h"
#include "core/text/unicode.h"

namespace tenure::http {
namespace {

constexpr std::size_t if_match_bytes_max = 256;

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Nothing when quotes stand anywhere but around the whole.
std::optional<std::string_view> unquote(std::string_view text) {
  if (text.starts_with('"')) {
    if (text.size() < 2 || !text.ends_with('"')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  if (text.find('"') != std::string_view::npos) return std::nullopt;
  return text;
}

// Several lines of one header are one list (RFC 9110, 5.3).
std::string joined_lines(const Request& request, std::string_view name) {
  std::string text;
  for (const auto& [key, value] : request.headers) {
    if (equal_ignoring_case(key, name)) text.append(text.empty() ? "" : ",").append(value);
  }
  return text;
}

// The first element of a list; its comma, if any, begins what is left. A comma inside quotes belongs to the
// element.
std::string_view take_element(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end) {
    if (list[end] == '"') quoted = !quoted;
  }
  const auto element = trim(list.substr(0, end));
  list.remove_prefix(end);
  return element;
}

std::optional<std::uint64_t> version_of(std::string_view etag) {
  std::uint64_t version = 0;
  const auto* end = etag.data() + etag.size();
  const auto [stopped, error] = std::from_chars(etag.data(), end, version);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return version;
}

}  // namespace

std::string etag_header(std::uint64_t version) { return '"' + std::to_string(version) + '"'; }

std::expected<std::optional<IfMatch>, Rejection> parse_if_match(const Request& request) {
  if (request.count_headers("If-Match") == 0) return std::nullopt;
  const Rejection malformed{Reason::invalid_header, "If-Match takes an etag, a list of etags, or *.", {}, {}};
  const auto joined = joined_lines(request, "If-Match");
  auto text = trim(joined);
  if (text.size() > if_match_bytes_max) return std::unexpected(malformed);
  if (text == "*") return IfMatch{.any = true, .versions = {}};
  IfMatch match;
  while (true) {
    const auto element = take_element(text);
    const bool weak = element.starts_with("W/");
    const auto etag = unquote(weak ? element.substr(2) : element);
    if (!etag || etag->empty() || element == "*") return std::unexpected(malformed);
    const auto version = version_of(*etag);
    if (version && !weak) match.versions.push_back(*version);
    if (text.empty()) return match;
    text.remove_prefix(1);
  }
}

std::expected<std::optional<std::string>, Rejection> parse_idempotency_key(const Request& request) {
  const auto count = request.count_headers("Idempotency-Key");
  if (count == 0) return std::nullopt;
  const auto key = unquote(trim(request.header("Idempotency-Key")));
  const bool visible = key && std::ranges::all_of(*key, [](char c) { return c > 0x20 && c < 0x7f; });
  if (count > 1 || !visible || key->empty() || key->size() > limits::idempotency_key_chars_max) {
    return std::unexpected(
        Rejection{Reason::invalid_header, "Idempotency-Key takes 1 to 64 visible ASCII characters.", {}, {}});
  }
  return std::string(*key);
}

}  // namespace tenure::http
