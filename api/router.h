// Finds the route of a path. A path is split at its slashes first; each segment is decoded, and then matched:
// an encoded slash or colon is part of its segment. Where a literal and a parameter both match, the literal
// does.
#pragma once

#include <string>
#include <vector>

#include "api/route.h"

namespace tenure {

class Router {
 public:
  // Throws std::logic_error when two routes match the same requests: their patterns differ in names of
  // parameters at most.
  explicit Router(const std::vector<Route>& routes);

  struct Match {
    const Route* route = nullptr;       // nothing: no such path, or not with this method
    std::vector<http::Method> allowed;  // without a route, the path's methods; empty: no such path
    std::vector<std::pair<std::string_view, std::string>> path;
  };
  // HEAD matches GET's route.
  [[nodiscard]] Match find(http::Method method, const std::vector<std::string>& segments) const;

 private:
  struct Segment {
    std::string_view text;  // literal, or the parameter's name
    bool is_parameter = false;
    std::string_view verb;  // after a colon; empty: none
    [[nodiscard]] bool same_shape(const Segment& other) const;
  };
  struct Pattern {
    std::vector<Segment> segments;
    const Route* route;
  };
  [[nodiscard]] static std::vector<Segment> split(std::string_view pattern);
  [[nodiscard]] static bool same_shape(const Pattern& left, const Pattern& right);
  [[nodiscard]] static bool more_literal(const Pattern& left, const Pattern& right);
  [[nodiscard]] static bool matches(const Pattern& pattern, const std::vector<std::string>& segments);
  static void read_parameters(const Pattern& pattern, const std::vector<std::string>& segments, Match& match);

  std::vector<std::vector<Pattern>> by_length_;  // the more literal ones first
};

}  // namespace tenure
