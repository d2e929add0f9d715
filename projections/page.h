// One page of a list: rows that are ready to send, and where the next page begins.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tenure {

struct Page {
  std::vector<std::string> rows;
  std::optional<std::string> next;  // the key after which the next page begins; none: this was the last
};

struct PageRequest {
  std::size_t limit = 0;
  std::optional<std::string> after;  // a former `next`
};

}  // namespace tenure
