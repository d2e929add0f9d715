// Structs with `fields()` to JSON and back: the bytes of events in the log and of states in the store.
//
// An absent optional is left out. Reading ignores members that it does not know, and refuses a missing or
// mistyped one: what an older schema lacks is added by an upcaster before decoding, never guessed here.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/crypto/sealed.h"
#include "core/events/fields.h"
#include "core/ids/slug.h"
#include "core/ids/typeid.h"
#include "core/json/json.h"
#include "core/time/clock.h"

namespace tenure::codec {

// Which copy of a struct is written.
enum class Copy {
  log,    // everything
  local,  // without credential fields
  // For other systems: without credentials, inner fields and what is sealed under a person's key; times as
  // RFC 3339.
  published,
};

class DecodeError : public std::exception {
 public:
  explicit DecodeError(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

template <class T>
void write(json::Writer& out, const T& value, Copy copy);
template <class T>
void read(const json::Value& in, T& value, std::string_view where);

namespace detail {

[[noreturn]] void fail(std::string_view where, std::string_view expected);
[[nodiscard]] std::string_view read_string(const json::Value& in, std::string_view where);
[[nodiscard]] std::int64_t read_int(const json::Value& in, std::string_view where);
[[nodiscard]] std::uint64_t read_uint(const json::Value& in, std::string_view where);
[[nodiscard]] bool read_bool(const json::Value& in, std::string_view where);
[[nodiscard]] const json::Object& read_object(const json::Value& in, std::string_view where);
[[nodiscard]] const json::Array& read_array(const json::Value& in, std::string_view where);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_type_id = false;
template <IdPrefix P>
inline constexpr bool is_type_id<TypeId<P>> = true;

template <class T>
inline constexpr bool is_sealed = std::same_as<T, Sealed>;
template <class T>
inline constexpr bool is_sealed<std::optional<T>> = is_sealed<T>;
template <class T>
inline constexpr bool is_sealed<std::vector<T>> = is_sealed<T>;

// Whether a copy has the field.
template <class Struct, class Member>
[[nodiscard]] constexpr bool is_in(Copy copy, const Field<Struct, Member>& field) {
  if (copy == Copy::log) return true;
  if (copy == Copy::local) return field.kind != FieldKind::credential;
  return field.kind == FieldKind::ordinary && !is_sealed<Member>;
}

template <class Struct>
void write_fields(json::Writer& out, const Struct& value, Copy copy) {
  out.begin_object();
  std::apply(
      [&](const auto&... each) {
        (
            [&] {
              const auto& member = value.*(each.member);
              if (!is_in(copy, each)) return;
              if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>) {
                if (!member) return;
              }
              out.key(each.name);
              codec::write(out, member, copy);
            }(),
            ...);
      },
      Struct::fields());
  out.end_object();
}

template <class Struct>
void read_fields(const json::Object& in, Struct& value) {
  std::apply(
      [&](const auto&... each) {
        (
            [&] {
              auto& member = value.*(each.member);
              const auto* found = in.if_contains(each.name);
              if constexpr (is_optional<std::remove_cvref_t<decltype(member)>>) {
                if (found == nullptr) {
                  member.reset();
                  return;
                }
              }
              if (found == nullptr && each.kind == FieldKind::credential) {
                member = {};  // a local copy
                return;
              }
              if (found == nullptr) fail(each.name, "a value");
              codec::read(*found, member, each.name);
            }(),
            ...);
      },
      Struct::fields());
}

}  // namespace detail

template <class T>
void write(json::Writer& out, const T& value, Copy copy) {
  if constexpr (HasFields<T>) {
    detail::write_fields(out, value, copy);
  } else if constexpr (detail::is_optional<T>) {
    value ? write(out, *value, copy) : void(out.null());
  } else if constexpr (detail::is_vector<T>) {
    out.begin_array();
    for (const auto& element : value) write(out, element, copy);
    out.end_array();
  } else if constexpr (detail::is_type_id<T> || std::same_as<T, Slug>) {
    out.string(value.str());
  } else if constexpr (std::same_as<T, Sealed>) {
    out.string(value.text());
  } else if constexpr (std::same_as<T, Timestamp>) {
    copy == Copy::published ? void(out.string(to_rfc3339(value))) : void(out.integer(to_unix_millis(value)));
  } else if constexpr (std::same_as<T, Duration>) {
    out.integer(value.count());
  } else if constexpr (Spelled<T>) {
    out.string(spelling(value));
  } else if constexpr (std::same_as<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::unsigned_integral<T>) {
    out.unsigned_integer(value);
  } else if constexpr (std::signed_integral<T>) {
    out.integer(value);
  } else {
    static_assert(std::same_as<T, std::string>, "this type has no place in an event");
    out.string(value);
  }
}

template <class T>
void read(const json::Value& in, T& value, std::string_view where) {
  if constexpr (HasFields<T>) {
    detail::read_fields(detail::read_object(in, where), value);
  } else if constexpr (detail::is_optional<T>) {
    read(in, value.emplace(), where);
  } else if constexpr (detail::is_vector<T>) {
    value.clear();
    for (const auto& element : detail::read_array(in, where)) read(element, value.emplace_back(), where);
  } else if constexpr (detail::is_type_id<T>) {
    auto id = T::parse(detail::read_string(in, where));
    if (!id) detail::fail(where, T::prefix);
    value = *id;
  } else if constexpr (std::same_as<T, Slug>) {
    auto slug = Slug::parse(detail::read_string(in, where));
    if (!slug) detail::fail(where, "a slug");
    value = *slug;
  } else if constexpr (std::same_as<T, Sealed>) {
    value = Sealed(std::string(detail::read_string(in, where)));
  } else if constexpr (std::same_as<T, Timestamp>) {
    value = from_unix_millis(detail::read_int(in, where));
  } else if constexpr (std::same_as<T, Duration>) {
    value = Duration(detail::read_int(in, where));
  } else if constexpr (Spelled<T>) {
    auto known = from_spelling<T>(detail::read_string(in, where));
    if (!known) detail::fail(where, "a known spelling");
    value = *known;
  } else if constexpr (std::same_as<T, bool>) {
    value = detail::read_bool(in, where);
  } else if constexpr (std::unsigned_integral<T>) {
    value = static_cast<T>(detail::read_uint(in, where));
  } else if constexpr (std::signed_integral<T>) {
    value = static_cast<T>(detail::read_int(in, where));
  } else {
    static_assert(std::same_as<T, std::string>, "this type has no place in an event");
    value = std::string(detail::read_string(in, where));
  }
}

template <HasFields T>
[[nodiscard]] constexpr bool has_field(std::string_view name) {
  return std::apply([&](const auto&... each) { return ((each.name == name) || ...); }, T::fields());
}

template <HasFields T>
[[nodiscard]] std::string encode(const T& value, Copy copy) {
  std::string text;
  json::Writer out(text);
  write(out, value, copy);
  return text;
}

// Throws DecodeError.
template <HasFields T>
[[nodiscard]] T decode(const json::Value& in) {
  T value;
  read(in, value, "value");
  return value;
}

}  // namespace tenure::codec
