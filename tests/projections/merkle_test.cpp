#include "projections/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <optional>

namespace tenure::testing {
namespace {

using merkle::Hash;

std::string hex(const Hash& hash) { return crypto::to_hex(hash); }

// The nodes that the tree gave to its store, by level and index.
class StoredTree {
 public:
  void append(std::string_view entry) {
    edge_.append(merkle::leaf_hash(entry), [&](std::uint8_t level, std::uint64_t index, const Hash& hash) {
      EXPECT_TRUE(nodes_.emplace(std::pair(level, index), hash).second) << "a node is stored once";
    });
  }
  [[nodiscard]] const merkle::Edge& edge() const { return edge_; }
  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }

  // MTH(D[begin:end]) of RFC 9162, 2.1.1, where `begin` is a multiple of the largest power of two below the
  // length. A complete subtree must be stored.
  [[nodiscard]] Hash root_of(std::uint64_t begin, std::uint64_t end) const {
    const auto size = end - begin;
    if (std::has_single_bit(size)) {
      const auto level = static_cast<std::uint8_t>(std::countr_zero(size));
      return nodes_.at({level, begin >> level});
    }
    const auto middle = begin + std::bit_floor(size);
    return merkle::node_hash(root_of(begin, middle), root_of(middle, end));
  }
  // PATH(m, D[begin:end]) of RFC 9162, 2.1.3.1.
  [[nodiscard]] std::vector<Hash> path(std::uint64_t leaf, std::uint64_t begin, std::uint64_t end) const {
    const auto size = end - begin;
    if (size == 1) return {};
    const auto middle = begin + (std::has_single_bit(size) ? size / 2 : std::bit_floor(size));
    const bool is_left = leaf < middle;
    auto found = is_left ? path(leaf, begin, middle) : path(leaf, middle, end);
    found.push_back(is_left ? root_of(middle, end) : root_of(begin, middle));
    return found;
  }

 private:
  merkle::Edge edge_;
  std::map<std::pair<std::uint8_t, std::uint64_t>, Hash> nodes_;
};

// The verification of RFC 9162, 2.1.3.2, step by step.
std::optional<Hash> root_from_proof(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                                    const std::vector<Hash>& path) {
  auto fn = index;
  auto sn = size - 1;
  auto hash = leaf;
  for (const auto& each : path) {
    if (sn == 0) return std::nullopt;
    if ((fn & 1U) == 1 || fn == sn) {
      hash = merkle::node_hash(each, hash);
      while (fn != 0 && (fn & 1U) == 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      hash = merkle::node_hash(hash, each);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  if (sn != 0) return std::nullopt;
  return hash;
}

std::string entry(std::uint64_t number) { return "entry " + std::to_string(number); }

// Made with a few lines of Python from the recursive definition of the RFC.
TEST(MerkleTest, RootsAreThoseOfTheDefinition) {
  const std::map<std::uint64_t, std::string> roots{
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {1, "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701"},
      {2, "5a47662fd8a317d96049a3f9f47c55dc67ca66051baa3683dbb19b2fe09a07b0"},
      {3, "94fbd0dd836f50301692e6d0eade728ee19ec52bfff1606ed807c8575d5aaa19"},
      {4, "9799f307517ef517c2205df9b67762bf34756b20099fb7dfcce76bcebd273b2e"},
      {5, "7caa345dbd892a66454d6c6512ea3c3ea3f0d3ec21be3fc2e2375705fd38f672"},
      {6, "cbeec99db3e4d67dbaaa60c16b5d4cf737ac2ddc1507b78af375763ebad1c01e"},
      {7, "98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587"},
      {8, "b69732ce5c914162ca9accfaf4e95d3f9874d68805437088aaff184a4db96773"},
      {9, "240d9bb6a55f0cb375b5d008251e7145458b7b1adc8463ab8fef76fd14f75f6b"},
      {15, "dd979d9ddb8aa36b9dcdb5760613a5602f6ef38fa731b49da8217ada36f1b8c8"},
      {16, "c71e4e22f9da1d6aa1121e96ed7e085765ac67b45568326a8ff8b7c8dde23a5f"},
      {17, "8dd8d5c55caa45c3b95982fc165e5edd722e7923ef190bb29d2dd4ec1184b9ef"},
      {31, "684159040cbddb2eb7e472046204eb3c3a97eb6e2d9add0aa8d99cbee55ba871"},
      {33, "6310a0cfe4ad3a9ffb3f27b780dcf3f33d0f4fca0611184d6386627cb2949305"},
      {64, "5cbcc083e8000afd157308cca3eb54947a391878cc03736b0fc471bdcd9c4c1c"},
      {65, "afb49a97d20d93db5be319883024c71a024e5a655d42f46cb3541f96df3a994e"},
      {70, "e6e3e845c0aa23367d8fe1498ba9733b4dffa3df21362d42401dcbbfb3909c12"}};
  StoredTree tree;
  for (std::uint64_t size = 0; size <= 70; ++size) {
    if (const auto known = roots.find(size); known != roots.end()) {
      EXPECT_EQ(hex(tree.edge().root()), known->second) << size;
    }
    tree.append(entry(size));
  }
}

// The leaves that implementations of Certificate Transparency test with.
TEST(MerkleTest, RootsAreThoseOfCertificateTransparency) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> steps{
      {""s, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {"\0"s, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
      {"\x10"s, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
      {"\x20\x21"s, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
      {"\x30\x31"s, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
      {"\x40\x41\x42\x43"s, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
      {"\x50\x51\x52\x53\x54\x55\x56\x57"s,
       "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
      {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"s,
       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};
  StoredTree tree;
  for (const auto& [leaf, root] : steps) {
    tree.append(leaf);
    EXPECT_EQ(hex(tree.edge().root()), root);
  }
}

TEST(MerkleTest, EveryLeafCanBeProvenFromTheStoredNodesAtEverySize) {
  StoredTree tree;
  for (std::uint64_t size = 1; size <= 70; ++size) {
    tree.append(entry(size - 1));
    ASSERT_EQ(hex(tree.root_of(0, size)), hex(tree.edge().root())) << size;
    for (std::uint64_t leaf = 0; leaf < size; ++leaf) {
      const auto proven =
          root_from_proof(merkle::leaf_hash(entry(leaf)), leaf, size, tree.path(leaf, 0, size));
      ASSERT_TRUE(proven) << leaf << " of " << size;
      EXPECT_EQ(hex(*proven), hex(tree.edge().root())) << leaf << " of " << size;
    }
  }
}

TEST(MerkleTest, AProofOfOneLeafProvesNoOther) {
  StoredTree tree;
  for (std::uint64_t i = 0; i < 21; ++i) tree.append(entry(i));
  const auto path = tree.path(5, 0, 21);
  EXPECT_NE(root_from_proof(merkle::leaf_hash(entry(6)), 5, 21, path), tree.edge().root());
  EXPECT_NE(root_from_proof(merkle::leaf_hash(entry(5)), 6, 21, path), tree.edge().root());
}

// size + size/2 + size/4 + ...: a node for every complete subtree and none more.
TEST(MerkleTest, StoresEveryCompleteSubtreeOnce) {
  StoredTree tree;
  std::size_t complete = 0;
  for (std::uint64_t size = 1; size <= 70; ++size) {
    tree.append(entry(size - 1));
    complete = 0;
    for (auto level = size; level > 0; level /= 2) complete += level;
    EXPECT_EQ(tree.nodes(), complete);
  }
}

TEST(MerkleTest, GoesOnFromItsEdgeAlone) {
  StoredTree whole;
  merkle::Edge edge;
  for (std::uint64_t size = 1; size <= 70; ++size) {
    whole.append(entry(size - 1));
    edge = merkle::Edge(edge.size(), edge.subtrees());
    edge.append(merkle::leaf_hash(entry(size - 1)), [](std::uint8_t, std::uint64_t, const Hash&) {});
    EXPECT_EQ(hex(edge.root()), hex(whole.edge().root()));
    EXPECT_EQ(edge.subtrees().size(), static_cast<std::size_t>(std::popcount(size)));
  }
}

}  // namespace
}  // namespace tenure::testing
