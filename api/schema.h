// Schemas of bodies, query parameters and answers: what validates a request is what the OpenAPI document
// shows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json/json.h"

namespace tenure::http {

struct Member;

class Schema {
 public:
  enum class Type : std::uint8_t { string, integer, boolean, object, array };

  static Schema string();
  static Schema integer();
  static Schema boolean();
  // Unix seconds.
  static Schema unix_time();
  static Schema one_of(std::vector<std::string_view> values);
  static Schema object(std::vector<Member> members);
  // An object that may have any members.
  static Schema any_object();
  static Schema array(Schema items);

  // In characters (Unicode scalar values).
  Schema&& chars(std::size_t min, std::size_t max) &&;
  Schema&& at_least(std::int64_t min) &&;
  Schema&& at_most(std::int64_t max) &&;
  Schema&& or_null() &&;
  // An ECMA-262 regular expression. Comes after `chars` with a maximum of at most `pattern_chars_max`, which
  // bounds the work of matching; std::logic_error otherwise.
  Schema&& pattern(std::string_view regular_expression) &&;
  static constexpr std::size_t pattern_chars_max = 256;
  // As JSON Schema has it. date-time (RFC 3339) is checked; the others are only shown.
  Schema&& format(std::string_view name) &&;
  // Under which the document lists it.
  Schema&& named(std::string_view name) &&;

  // Every field that is wrong, with its path; empty when all is well. Strings with control characters are
  // wrong. A hostile document has more wrong fields than anyone reads: it stops at `errors_max`.
  static constexpr std::size_t errors_max = 1000;
  [[nodiscard]] std::vector<FieldError> validate(const json::Value& value,
                                                 std::vector<std::string> path) const;

  // JSON Schema 2020-12; a named schema inside is a reference to #/components/schemas/. What is sent may be
  // less than what is answered: see `validate`.
  enum class Of : std::uint8_t { request, answer };
  void render(json::Writer& out, Of of, bool inside = false) const;
  [[nodiscard]] const std::string& name() const { return name_; }
  // This one and all inside it that have names.
  void collect_named(std::vector<const Schema*>& found) const;
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] bool takes_text() const { return type_ == Type::string; }

 private:
  explicit Schema(Type type);
  void check(const json::Value& value, std::vector<std::string>& path, std::vector<FieldError>& errors) const;
  void check_integer(const json::Value& value, const std::vector<std::string>& path,
                     std::vector<FieldError>& errors) const;
  void check_string(std::string_view text, const std::vector<std::string>& path,
                    std::vector<FieldError>& errors) const;
  void check_object(const json::Object& object, std::vector<std::string>& path,
                    std::vector<FieldError>& errors) const;
  void check_names(const json::Object& object, std::vector<std::string>& path,
                   std::vector<FieldError>& errors) const;

  Type type_;
  bool nullable_ = false;
  bool open_ = false;
  std::size_t min_chars_ = 0;
  std::optional<std::size_t> max_chars_;
  std::optional<std::int64_t> min_, max_;
  std::vector<std::string_view> values_;
  std::string_view pattern_, format_;
  std::shared_ptr<const std::regex> matcher_;  // of pattern_
  std::string name_;
  std::vector<Member> members_;
  std::shared_ptr<const Schema> items_;
};

struct Member {
  std::string_view name;
  Schema schema;
  bool required = false;
};

[[nodiscard]] inline Member required(std::string_view name, Schema schema) {
  return {name, std::move(schema), true};
}
[[nodiscard]] inline Member optional(std::string_view name, Schema schema) {
  return {name, std::move(schema), false};
}

}  // namespace tenure::http
