// JSON in (a strict parser) and out (an append-only writer). The only place that knows the JSON library.
#pragma once

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tenure::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

struct ParseError {
  std::string message;     // "duplicate member \"name\"", "invalid UTF-8", ...
  std::size_t offset = 0;  // in bytes
};

inline constexpr std::size_t depth_max_default = 64;

// Where a value's parts are kept. The default is the heap, part by part.
using Memory = boost::json::storage_ptr;
// For a value that is looked at and dropped in one place: a small one costs no allocation. It has to outlive
// every value in it.
class Arena {
 public:
  operator Memory() { return &resource_; }  // NOLINT(google-explicit-constructor)

 private:
  std::array<unsigned char, 4096> first_;
  boost::json::monotonic_resource resource_{first_.data(), first_.size()};
};

// RFC 8259, nothing more: no comments, no trailing commas, no NaN; duplicate member names, invalid UTF-8,
// unpaired surrogate escapes, and nesting deeper than `depth_max` are errors.
[[nodiscard]] std::expected<Value, ParseError> parse(std::string_view text,
                                                     std::size_t depth_max = depth_max_default,
                                                     Memory memory = {});

// As RFC 8785 (JCS) has it, for the values that Tenure uses: members sorted by name, integers, shortest
// escapes. Numbers that are not integers below 2^53 are a programming error (std::logic_error).
[[nodiscard]] std::string canonical(const Value& value);
// Compact, in the order in which members were inserted.
[[nodiscard]] std::string dump(const Value& value);

// Appends `text` as a quoted JSON string, escaped as RFC 8785 says. `text` must be valid UTF-8.
void append_string(std::string& out, std::string_view text);

// Writes compact JSON into a string; puts the commas, nothing else. Members appear in the order of the
// calls: whoever needs canonical bytes calls in sorted order. One thread.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& string(std::string_view text);
  Writer& integer(std::int64_t number);
  Writer& unsigned_integer(std::uint64_t number);
  Writer& boolean(bool value);
  Writer& null();
  // `json` is a whole JSON value already.
  Writer& raw(std::string_view json);

  // Shorthand for members.
  Writer& member(std::string_view name, std::string_view text) { return key(name).string(text); }
  Writer& member(std::string_view name, const char* text) { return key(name).string(text); }
  Writer& member(std::string_view name, bool value) { return key(name).boolean(value); }
  template <std::signed_integral T>
  Writer& member(std::string_view name, T number) {
    return key(name).integer(number);
  }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Writer& member(std::string_view name, T number) {
    return key(name).unsigned_integer(number);
  }
  Writer& null_member(std::string_view name) { return key(name).null(); }
  Writer& raw_member(std::string_view name, std::string_view json) { return key(name).raw(json); }

 private:
  void separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace tenure::json
