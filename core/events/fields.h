// How a struct says what it is made of, so that one codec serves every event and every state.
//
//   struct WorkspaceRenamed {
//     std::string name;
//     Slug slug;
//     static constexpr auto fields() {
//       return std::tuple{field("name", &WorkspaceRenamed::name), field("slug", &WorkspaceRenamed::slug)};
//     }
//   };
//
// An enumeration says how its values are spelled, in their order, by a function found by its namespace:
//
//   constexpr auto spellings(Status) { return std::to_array<std::string_view>({"active", "frozen"}); }
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <tuple>

namespace tenure {

enum class FieldKind {
  ordinary,
  // Credential material: in the sealed log and in the one view that needs it, left out of the local copies
  // of events, so that it can be removed from this node's files.
  credential,
  // Of no concern to other systems: left out of what is published.
  inner,
};

template <class Struct, class Member>
struct Field {
  std::string_view name;
  Member Struct::*member;
  FieldKind kind;
};

template <class Struct, class Member>
constexpr Field<Struct, Member> field(std::string_view name, Member Struct::*member) {
  return {name, member, FieldKind::ordinary};
}

template <class Struct, class Member>
constexpr Field<Struct, Member> credential_field(std::string_view name, Member Struct::*member) {
  return {name, member, FieldKind::credential};
}

template <class Struct, class Member>
constexpr Field<Struct, Member> inner_field(std::string_view name, Member Struct::*member) {
  return {name, member, FieldKind::inner};
}

template <class T>
concept HasFields = requires {
  T::fields();
};

template <class T>
concept Spelled = std::is_enum_v<T> && requires(T value) {
  spellings(value);
};

template <Spelled E>
[[nodiscard]] constexpr std::string_view spelling(E value) {
  return spellings(value)[static_cast<std::size_t>(value)];
}

template <Spelled E>
[[nodiscard]] constexpr std::optional<E> from_spelling(std::string_view text) {
  constexpr auto names = spellings(E{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace tenure
