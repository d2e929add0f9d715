// Streams: the unit of versioning. `workspace/ws_01h...` is one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/ids/typeid.h"

namespace tenure {

// "<category>/<rest>". The category says which aggregate the stream belongs to.
class StreamName {
 public:
  StreamName() = default;
  explicit StreamName(std::string text) : text_(std::move(text)) {}
  StreamName(std::string_view category, std::string_view rest) {
    text_.reserve(category.size() + 1 + rest.size());
    text_.append(category).append(1, '/').append(rest);
  }
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] std::string_view category() const {
    return std::string_view(text_).substr(0, text_.find('/'));
  }
  [[nodiscard]] std::string_view rest() const {
    const auto slash = text_.find('/');
    return slash == std::string::npos ? std::string_view() : std::string_view(text_).substr(slash + 1);
  }
  friend auto operator<=>(const StreamName&, const StreamName&) = default;

 private:
  std::string text_;
};

// How far a stream is: how many accepted commits have written it, and which was the last. The number alone
// would not do: a decision made on top of a commit that is still in flight expects the number that this
// commit will bring about, and another node's commit may bring about the same number. The commit's id tells
// the two apart (ARCHITECTURE.md, "A version names its commit").
struct Version {
  std::uint64_t number = 0;  // 0: the stream does not exist
  CommitId head;             // nil when number is 0
  friend bool operator==(const Version&, const Version&) = default;
};

}  // namespace tenure

template <>
struct std::hash<tenure::StreamName> {
  // Not noexcept: then libstdc++ keeps the hash with its entry, and a search does not hash its neighbours.
  std::size_t operator()(const tenure::StreamName& stream) const {
    return std::hash<std::string>{}(stream.str());
  }
};
