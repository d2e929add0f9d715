#include "api/schema.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/text/nearest.h"
#include "core/text/unicode.h"
#include "core/time/clock.h"

namespace tenure::http {
namespace {

constexpr std::string_view date_time = "date-time";
// What `text::has_control_characters` finds, for readers of the document.
constexpr std::string_view no_control_characters = R"(^[^\u0000-\u001f\u007f-\u009f]*$)";

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

std::string_view with_article(Schema::Type type) {
  switch (type) {
    case Schema::Type::string:
      return "a string";
    case Schema::Type::integer:
      return "an integer";
    case Schema::Type::boolean:
      return "true or false";
    case Schema::Type::object:
      return "an object";
    case Schema::Type::array:
      return "an array";
  }
  return "";
}

bool is_of(Schema::Type type, const json::Value& value) {
  switch (type) {
    case Schema::Type::string:
      return value.is_string();
    case Schema::Type::integer:
      // 3.0 is an integer to JSON Schema.
      return value.is_int64() || value.is_uint64() ||
             (value.is_double() && std::trunc(value.get_double()) == value.get_double());
    case Schema::Type::boolean:
      return value.is_bool();
    case Schema::Type::object:
      return value.is_object();
    case Schema::Type::array:
      return value.is_array();
  }
  return false;
}

// Of an integer in any notation; one that does not fit is as far off as can be said.
std::int64_t clamped(const json::Value& value) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return most;
  const double number = value.get_double();
  constexpr double beyond = 9223372036854775808.0;  // 2^63
  if (number >= beyond) return most;
  return number < -beyond ? least : static_cast<std::int64_t>(number);
}

}  // namespace

Schema::Schema(Type type) : type_(type) {}

Schema Schema::string() { return Schema(Type::string); }
Schema Schema::integer() { return Schema(Type::integer); }
Schema Schema::boolean() { return Schema(Type::boolean); }
Schema Schema::unix_time() { return integer().at_least(0); }

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
  if (!max_chars_ || *max_chars_ > pattern_chars_max)
    throw std::logic_error("a pattern for texts of unbounded length");
  pattern_ = regular_expression;
  matcher_ = std::make_shared<const std::regex>(std::string(regular_expression));
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

void Schema::check(const json::Value& value, std::vector<std::string>& path,
                   std::vector<FieldError>& errors) const {
  if (errors.size() >= errors_max || (value.is_null() && nullable_)) return;
  if (!is_of(type_, value)) {
    errors.push_back(
        {path, fmt::format("must be {}{}", with_article(type_), value.is_null() ? ", not null" : ""), {}});
    return;
  }
  switch (type_) {
    case Type::string:
      return check_string(value.get_string(), path, errors);
    case Type::integer:
      return check_integer(value, path, errors);
    case Type::boolean:
      return;
    case Type::object:
      return check_object(value.get_object(), path, errors);
    case Type::array: {
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

void Schema::check_integer(const json::Value& value, const std::vector<std::string>& path,
                           std::vector<FieldError>& errors) const {
  const auto number = clamped(value);
  if (min_ && number < *min_) errors.push_back({path, fmt::format("must be at least {}", *min_), {}});
  if (max_ && number > *max_) errors.push_back({path, fmt::format("must be at most {}", *max_), {}});
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
  const auto plural = [](std::size_t count) { return count == 1 ? "" : "s"; };
  const auto chars = text::count_characters(text);
  if (chars < min_chars_)
    return wrong(fmt::format("must have at least {} character{}", min_chars_, plural(min_chars_)));
  if (max_chars_ && chars > *max_chars_)
    return wrong(fmt::format("must have at most {} character{}", *max_chars_, plural(*max_chars_)));
  if (text::has_control_characters(text)) return wrong("must not have control characters");
  if (matcher_ && !std::regex_search(text.begin(), text.end(), *matcher_))
    return wrong(fmt::format("must match {}", pattern_));
  if (format_ == date_time) {
    if (const auto time = parse_rfc3339(text); !time) wrong(time.error());
  }
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
  check_names(object, path, errors);
}

void Schema::check_names(const json::Object& object, std::vector<std::string>& path,
                         std::vector<FieldError>& errors) const {
  std::vector<std::string_view> known;
  known.reserve(members_.size());
  for (const auto& member : members_) known.push_back(member.name);
  for (const auto& [name, value] : object) {
    if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
    if (errors.size() >= errors_max) return;
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

void Schema::render(json::Writer& out, Of of, bool inside) const {
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
  if (!pattern_.empty()) {
    out.member("pattern", pattern_);
  } else if (of == Of::request && type_ == Type::string && values_.empty() && format_ != date_time) {
    out.member("pattern", no_control_characters);
  }
  if (!format_.empty()) out.member("format", format_);
  if (!values_.empty()) {
    out.key("enum").begin_array();
    for (const auto value : values_) out.string(value);
    if (nullable_) out.null();
    out.end_array();
  }
  if (items_) {
    out.key("items");
    items_->render(out, of, true);
  }
  if (type_ == Type::object && !open_) {
    out.key("properties").begin_object();
    for (const auto& member : members_) {
      out.key(member.name);
      member.schema.render(out, of, true);
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
