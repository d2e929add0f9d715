#include "api/http.h"

#include <algorithm>
#include <array>

#include "core/text/unicode.h"

namespace tenure::http {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 9> methods{{{"GET", Method::get},
                                                                      {"HEAD", Method::head},
                                                                      {"OPTIONS", Method::options},
                                                                      {"POST", Method::post},
                                                                      {"PUT", Method::put},
                                                                      {"PATCH", Method::patch},
                                                                      {"DELETE", Method::delete_},
                                                                      {"TRACE", Method::trace},
                                                                      {"QUERY", Method::query}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  if (!text::is_utf8(decoded)) return std::nullopt;
  return decoded;
}

bool parse_query(std::string_view query, Fields& fields) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    if (!part.empty()) {
      const auto equals = part.find('=');
      auto name = percent_decode(part.substr(0, equals), true);
      auto value = percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1), true);
      if (!name || !value) return false;
      fields.emplace_back(std::move(*name), std::move(*value));
    }
    if (end == std::string_view::npos) return true;
    query.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace

std::string_view to_string(Method method) {
  return method == Method::none ? "-" : methods[static_cast<std::size_t>(method)].first;
}

std::optional<Method> parse_method(std::string_view text) {
  const auto found = std::ranges::find(methods, text, &std::pair<std::string_view, Method>::first);
  if (found == methods.end()) return std::nullopt;
  return found->second;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

std::size_t Request::count_headers(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); }));
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  const auto found =
      std::ranges::find(query, name, [](const auto& field) { return std::string_view(field.first); });
  if (found == query.end()) return std::nullopt;
  return found->second;
}

namespace {

// What follows scheme and authority; nothing for another scheme.
std::optional<std::string_view> origin_form_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto end = target.find_first_of("/?", scheme.size());
    if (end == std::string_view::npos) return "/";
    return target[end] == '/' ? std::optional(target.substr(end)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool parse_target(std::string_view target, Request& request) {
  if (!target.starts_with('/')) {
    const auto origin_form = origin_form_of(target);
    if (!origin_form) return false;
    target = *origin_form;
  }
  const auto question = target.find('?');
  auto path = target.substr(1, question == std::string_view::npos ? question : question - 1);
  while (true) {
    const auto slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash), false);
    if (!segment) return false;
    request.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return question == std::string_view::npos || parse_query(target.substr(question + 1), request.query);
}

}  // namespace tenure::http
