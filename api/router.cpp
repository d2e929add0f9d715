#include "api/router.h"

#include <algorithm>
#include <stdexcept>

#include "core/text/unicode.h"

namespace tenure {

Router::Router(const std::vector<Route>& routes) {
  for (const auto& route : routes) {
    Pattern pattern{split(route.pattern.substr(1)), &route};
    const auto length = pattern.segments.size();
    if (by_length_.size() <= length) by_length_.resize(length + 1);
    for (const auto& other : by_length_[length]) {
      if (other.route->method == route.method && same_shape(other, pattern)) {
        throw std::logic_error("two routes for " + std::string(route.pattern));
      }
    }
    by_length_[length].push_back(std::move(pattern));
  }
  for (auto& patterns : by_length_) std::ranges::stable_sort(patterns, more_literal);
}

bool Router::Segment::same_shape(const Segment& other) const {
  return is_parameter == other.is_parameter && verb == other.verb && (is_parameter || text == other.text);
}

bool Router::same_shape(const Pattern& left, const Pattern& right) {
  return std::ranges::equal(left.segments, right.segments, &Segment::same_shape);
}

bool Router::more_literal(const Pattern& left, const Pattern& right) {
  return std::ranges::lexicographical_compare(left.segments, right.segments, {}, &Segment::is_parameter,
                                              &Segment::is_parameter);
}

std::vector<Router::Segment> Router::split(std::string_view pattern) {
  std::vector<Segment> segments;
  while (true) {
    const auto slash = pattern.find('/');
    Segment segment{pattern.substr(0, slash), false, {}};
    if (const auto colon = segment.text.find(':'); colon != std::string_view::npos) {
      segment.verb = segment.text.substr(colon + 1);
      segment.text = segment.text.substr(0, colon);
    }
    if (segment.text.starts_with('{')) {
      segment.is_parameter = true;
      segment.text = segment.text.substr(1, segment.text.size() - 2);
    }
    segments.push_back(segment);
    if (slash == std::string_view::npos) return segments;
    pattern.remove_prefix(slash + 1);
  }
}

bool Router::matches(const Pattern& pattern, const std::vector<std::string>& segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& wanted = pattern.segments[i];
    std::string_view text = segments[i];
    const auto colon = text.rfind(':');
    if (!wanted.verb.empty()) {
      if (colon == std::string_view::npos || text.substr(colon + 1) != wanted.verb) return false;
      text = text.substr(0, colon);
    } else if (wanted.is_parameter && colon != std::string_view::npos) {
      return false;  // an unknown verb is an unknown path, not an odd id
    }
    if (wanted.is_parameter ? text.empty() || text::has_control_characters(text) : text != wanted.text)
      return false;
  }
  return true;
}

void Router::read_parameters(const Pattern& pattern, const std::vector<std::string>& segments, Match& match) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& segment = pattern.segments[i];
    if (!segment.is_parameter) continue;
    const auto end = segment.verb.empty() ? std::string::npos : segments[i].rfind(':');
    match.path.emplace_back(segment.text, segments[i].substr(0, end));
  }
}

Router::Match Router::find(http::Method method, const std::vector<std::string>& segments) const {
  Match match;
  if (segments.size() >= by_length_.size()) return match;
  const auto wanted = method == http::Method::head ? http::Method::get : method;
  for (const auto& pattern : by_length_[segments.size()]) {
    if (!matches(pattern, segments)) continue;
    if (pattern.route->method == wanted) {
      match.route = pattern.route;
      match.allowed.clear();
      read_parameters(pattern, segments, match);
      return match;
    }
    match.allowed.push_back(pattern.route->method);
    if (pattern.route->method == http::Method::get) match.allowed.push_back(http::Method::head);
  }
  return match;
}

}  // namespace tenure
