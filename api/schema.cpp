#include "api/schema.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/text/nearest.h"
#include "core/text/unicode.h"

namespace tenure::http {
namespace {

std::string_view type_name(Schema::Type type) {
  switch (type) {
    case Schema::Type::string:
      return "string";
    case Schema::Type::integer:
      return "integer";
    case Schema::Type::boolean:
      return "boolean";
    case Schema::Type::object:
      return "object";
    case Schema::Type::array:
      return "array";
  }
  return "";
}

std::optional<std::int64_t> integer_of(const json::Value& value) {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_double()) return std::nullopt;
  // 3.0 is an integer to JSON Schema.
  const double number = value.get_double();
  const auto integer = static_cast<std::int64_t>(std::clamp(number, -9e15, 9e15));
  return static_cast<double>(integer) == number ? std::optional(integer) : std::nullopt;
}

}  // namespace

Schema Schema::one_of(std::vector<std::string_view> values) {
  auto schema = string();
  schema.values_ = std::move(values);
  return schema;
}
Schema Schema::object(std::vector<Member> members) {
  Schema schema(Type::object);
  schema.members_ = std::move(members);
  return schema;
}
Schema Schema::any_object() {
  Schema schema(Type::object);
  schema.open_ = true;
  return schema;
}
Schema Schema::array(Schema items) {
  Schema schema(Type::array);
  schema.items_ = std::make_shared<const Schema>(std::move(items));
  return schema;
}

Schema&& Schema::chars(std::size_t min, std::size_t max) && {
  min_chars_ = min;
  max_chars_ = max;
  return std::move(*this);
}
Schema&& Schema::at_least(std::int64_t min) && {
  min_ = min;
  return std::move(*this);
}
Schema&& Schema::at_most(std::int64_t max) && {
  max_ = max;
  return std::move(*this);
}
Schema&& Schema::or_null() && {
  nullable_ = true;
  return std::move(*this);
}
Schema&& Schema::pattern(std::string_view regular_expression) && {
  pattern_ = regular_expression;
  return std::move(*this);
}
Schema&& Schema::format(std::string_view name) && {
  format_ = name;
  return std::move(*this);
}
Schema&& Schema::named(std::string_view name) && {
  name_ = name;
  return std::move(*this);
}

std::vector<FieldError> Schema::validate(const json::Value& value, std::vector<std::string> path) const {
  std::vector<FieldError> errors;
  check(value, path, errors);
  return errors;
}

void Schema::check(const json::Value& value, std::vector<std::string>& path, std::vector<FieldError>& errors) const {
  const auto wrong = [&](std::string message) { errors.push_back({path, std::move(message), {}}); };
  if (value.is_null()) {
    if (!nullable_) wrong(fmt::format("must be a {}, not null", type_name(type_)));
    return;
  }
  switch (type_) {
    case Type::string:
      if (!value.is_string()) return wrong("must be a string");
      return check_string(value.get_string(), path, errors);
    case Type::integer: {
      const auto number = integer_of(value);
      if (!number) return wrong("must be an integer");
      if (min_ && *number < *min_) wrong(fmt::format("must be at least {}", *min_));
      if (max_ && *number > *max_) wrong(fmt::format("must be at most {}", *max_));
      return;
    }
    case Type::boolean:
      if (!value.is_bool()) wrong("must be true or false");
      return;
    case Type::object:
      if (!value.is_object()) return wrong("must be an object");
      return check_object(value.get_object(), path, errors);
    case Type::array: {
      if (!value.is_array()) return wrong("must be an array");
      std::size_t index = 0;
      for (const auto& element : value.get_array()) {
        path.push_back(std::to_string(index++));
        items_->check(element, path, errors);
        path.pop_back();
      }
      return;
    }
  }
}

void Schema::check_string(std::string_view text, const std::vector<std::string>& path,
                          std::vector<FieldError>& errors) const {
  const auto wrong = [&](std::string message) { errors.push_back({path, std::move(message), {}}); };
  if (!values_.empty()) {
    if (std::ranges::find(values_, text) == values_.end()) {
      wrong(fmt::format("must be one of: {}", fmt::join(values_, ", ")));
    }
    return;
  }
  const auto chars = text::count_characters(text);
  if (chars < min_chars_) wrong(fmt::format("must have at least {} character{}", min_chars_, min_chars_ == 1 ? "" : "s"));
  if (max_chars_ && chars > *max_chars_) wrong(fmt::format("must have at most {} characters", *max_chars_));
  if (text::has_control_characters(text)) wrong("must not have control characters");
}

void Schema::check_object(const json::Object& object, std::vector<std::string>& path,
                          std::vector<FieldError>& errors) const {
  if (open_) return;
  for (const auto& member : members_) {
    path.emplace_back(member.name);
    if (const auto* value = object.if_contains(member.name)) {
      member.schema.check(*value, path, errors);
    } else if (member.required) {
      errors.push_back({path, "is required", {}});
    }
    path.pop_back();
  }
  std::vector<std::string_view> known;
  for (const auto& member : members_) known.push_back(member.name);
  for (const auto& [name, value] : object) {
    if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
    path.emplace_back(name);
    FieldError error{path, "is not known here", {}};
    if (const auto nearest = text::nearest(name, known)) {
      error.message += fmt::format("; did you mean \"{}\"?", *nearest);
      error.metadata.emplace("nearest", *nearest);
    }
    errors.push_back(std::move(error));
    path.pop_back();
  }
}

void Schema::render(json::Writer& out, bool inside) const {
  if (inside && !name_.empty() && !nullable_) {
    out.begin_object().member("$ref", "#/components/schemas/" + name_).end_object();
    return;
  }
  out.begin_object().key("type");
  if (nullable_) {
    out.begin_array().string(type_name(type_)).string("null").end_array();
  } else {
    out.string(type_name(type_));
  }
  if (min_chars_ > 0) out.member("minLength", min_chars_);
  if (max_chars_) out.member("maxLength", *max_chars_);
  if (min_) out.member("minimum", *min_);
  if (max_) out.member("maximum", *max_);
  if (!pattern_.empty()) out.member("pattern", pattern_);
  if (!format_.empty()) out.member("format", format_);
  if (!values_.empty()) {
    out.key("enum").begin_array();
    for (const auto value : values_) out.string(value);
    if (nullable_) out.null();
    out.end_array();
  }
  if (items_) {
    out.key("items");
    items_->render(out, true);
  }
  if (type_ == Type::object && !open_) {
    out.key("properties").begin_object();
    for (const auto& member : members_) {
      out.key(member.name);
      member.schema.render(out, true);
    }
    out.end_object().key("required").begin_array();
    for (const auto& member : members_) {
      if (member.required) out.string(member.name);
    }
    out.end_array().member("additionalProperties", false);
  }
  out.end_object();
}

void Schema::collect_named(std::vector<const Schema*>& found) const {
  if (!name_.empty() && !nullable_) found.push_back(this);
  for (const auto& member : members_) member.schema.collect_named(found);
  if (items_) items_->collect_named(found);
}

}  // namespace tenure::http
