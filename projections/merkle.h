// The Merkle tree of RFC 9162 (section 2.1) that grows by one leaf at a time.
//
//   leaf = SHA-256(0x00 || entry)      node = SHA-256(0x01 || left || right)
//
// Every node of a complete subtree is stored once, under its level (0: leaves) and its index in that level,
// so that a root or a proof of any size reads a logarithmic number of nodes.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/crypto/crypto.h"

namespace tenure::merkle {

using Hash = crypto::Digest;

[[nodiscard]] Hash leaf_hash(std::string_view entry);
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);

// The right edge: the roots of the complete subtrees that the leaves so far fall into, largest first.
class Edge {
 public:
  Edge() = default;
  Edge(std::uint64_t size, std::vector<Hash> subtrees) : size_(size), subtrees_(std::move(subtrees)) {}

  // Gives every node that becomes complete to `store`.
  void append(const Hash& leaf,
              const std::function<void(std::uint8_t level, std::uint64_t index, const Hash&)>& store);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<Hash>& subtrees() const { return subtrees_; }
  // Of the empty tree: SHA-256 of nothing.
  [[nodiscard]] Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> subtrees_;
};

}  // namespace tenure::merkle
