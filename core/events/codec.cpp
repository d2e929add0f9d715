#include "core/events/codec.h"

#include <fmt/core.h>

namespace tenure::codec::detail {

void fail(std::string_view where, std::string_view expected) {
  throw DecodeError(fmt::format("member \"{}\": expected {}", where, expected));
}

std::string_view read_string(const json::Value& in, std::string_view where) {
  const auto* text = in.if_string();
  if (text == nullptr) fail(where, "a string");
  return {text->data(), text->size()};
}

std::int64_t read_int(const json::Value& in, std::string_view where) {
  if (!in.is_int64()) fail(where, "an integer");
  return in.get_int64();
}

std::uint64_t read_uint(const json::Value& in, std::string_view where) {
  if (in.is_uint64()) return in.get_uint64();
  if (!in.is_int64() || in.get_int64() < 0) fail(where, "an integer that is not negative");
  return static_cast<std::uint64_t>(in.get_int64());
}

bool read_bool(const json::Value& in, std::string_view where) {
  if (!in.is_bool()) fail(where, "true or false");
  return in.get_bool();
}

const json::Object& read_object(const json::Value& in, std::string_view where) {
  const auto* object = in.if_object();
  if (object == nullptr) fail(where, "an object");
  return *object;
}

const json::Array& read_array(const json::Value& in, std::string_view where) {
  const auto* array = in.if_array();
  if (array == nullptr) fail(where, "an array");
  return *array;
}

}  // namespace tenure::codec::detail
