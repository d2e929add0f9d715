#include "core/text/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace tenure::text {
namespace {

// Longer words are not worth comparing, and a hostile one must not cost much.
constexpr std::size_t word_bytes_max = 64;

// Optimal string alignment: letters inserted, left out, replaced, or swapped with their neighbour, which is
// one slip and not two.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before_last(right.size() + 1);
  std::vector<std::size_t> last(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const auto substituted = last[j] + (left[i] == right[j] ? 0 : 1);
      row[j + 1] = std::min({row[j] + 1, last[j + 1] + 1, substituted});
      const bool swapped = i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j];
      if (swapped) row[j + 1] = std::min(row[j + 1], before_last[j - 1] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > word_bytes_max) return std::nullopt;
  std::optional<std::string_view> best;
  auto best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
  for (const auto candidate : known) {
    const auto current = distance(word, candidate);
    if (current < best_distance) {
      best = candidate;
      best_distance = current;
    }
  }
  return best;
}

}  // namespace tenure::text
