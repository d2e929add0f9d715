// Finds the route of a path. A path is split at its slashes first; each segment is decoded, and then matched: an encoded
// slash or colon is part of its segment.
#pragma once

#include <string>
#include <vector>

#include "api/route.h"

namespace tenure {

class Router {
 public:
  // Throws std::logic_error when two routes have the same method and pattern.
  explicit Router(const std::vector<Route>& routes);

  struct Match {
    const Route* route = nullptr;               // nothing: no such path, or not with this method
    std::vector<http::Method> allowed;          // the path's methods; empty: no such path
    std::vector<std::pair<std::string_view, std::string>> path;
  };
  // HEAD matches GET's route.
  [[nodiscard]] Match find(http::Method method, const std::vector<std::string>& segments) const;

 private:
  struct Segment {
    std::string_view text;       // literal, or the parameter's name
    bool is_parameter = false;
    std::string_view verb;       // after a colon; empty: none
  };
  struct Pattern {
    std::vector<Segment> segments;
    const Route* route;
  };
  [[nodiscard]] static std::vector<Segment> split(std::string_view pattern);
  [[nodiscard]] static bool matches(const Pattern& pattern, const std::vector<std::string>& segments);

  std::vector<std::vector<Pattern>> by_length_;
};

}  // namespace tenure
