#include "projections/merkle.h"

#include <array>

namespace tenure::merkle {

Hash leaf_hash(std::string_view entry) {
  return crypto::sha256(std::array<std::string_view, 2>{std::string_view("\0", 1), entry});
}

Hash node_hash(const Hash& left, const Hash& right) {
  return crypto::sha256(
      std::array<std::string_view, 3>{std::string_view("\x01", 1), crypto::view(left), crypto::view(right)});
}

void Edge::append(const Hash& leaf,
                  const std::function<void(std::uint8_t, std::uint64_t, const Hash&)>& store) {
  auto hash = leaf;
  std::uint8_t level = 0;
  auto index = size_;
  store(level, index, hash);
  // A one bit in the size is a complete subtree on the left that waits for its sibling.
  while ((index & 1U) == 1) {
    hash = node_hash(subtrees_.back(), hash);
    subtrees_.pop_back();
    index >>= 1U;
    store(++level, index, hash);
  }
  subtrees_.push_back(hash);
  ++size_;
}

Hash Edge::root() const {
  if (subtrees_.empty()) return crypto::sha256(std::string_view());
  auto root = subtrees_.back();
  for (auto left = subtrees_.rbegin() + 1; left != subtrees_.rend(); ++left) root = node_hash(*left, root);
  return root;
}

}  // namespace tenure::merkle
