#include "api/schema.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tenure::http {
namespace {

json::Value value_of(std::string_view text) {
  const auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : json::Value();
}

// "a.b: message" of each error, in order.
std::vector<std::string> errors_of(const Schema& schema, std::string_view text) {
  std::vector<std::string> lines;
  for (const auto& error : schema.validate(value_of(text), {})) {
    std::string line;
    for (const auto& part : error.path) line += (line.empty() ? "" : ".") + part;
    lines.push_back(line + ": " + error.message);
  }
  return lines;
}

std::string rendered(const Schema& schema, Schema::Of of = Schema::Of::answer) {
  std::string text;
  json::Writer out(text);
  schema.render(out, of);
  return text;
}

using Errors = std::vector<std::string>;

TEST(Schema, refuses_a_value_of_another_type_and_says_which_it_wants) {
  struct Row {
    Schema schema;
    std::string_view right, wanted;
  };
  const std::vector<Row> rows{{Schema::string(), R"("a")", "must be a string"},
                              {Schema::integer(), "7", "must be an integer"},
                              {Schema::boolean(), "false", "must be true or false"},
                              {Schema::any_object(), "{}", "must be an object"},
                              {Schema::array(Schema::string()), "[]", "must be an array"}};
  for (const auto& row : rows) {
    for (const auto& other : rows) {
      const auto expected = row.right == other.right ? Errors{} : Errors{": " + std::string(row.wanted)};
      EXPECT_EQ(errors_of(row.schema, other.right), expected) << row.wanted << other.right;
    }
    EXPECT_EQ(errors_of(row.schema, "null"), Errors{": " + std::string(row.wanted) + ", not null"});
    EXPECT_EQ(errors_of(Schema(row.schema).or_null(), "null"), Errors{});
  }
}

TEST(Schema, counts_characters_and_not_bytes) {
  const auto schema = Schema::string().chars(2, 3);
  EXPECT_EQ(errors_of(schema, R"("é")"), Errors{": must have at least 2 characters"});
  EXPECT_EQ(errors_of(schema, R"("éé")"), Errors{});
  EXPECT_EQ(errors_of(schema, R"("😀😀😀")"), Errors{});
  EXPECT_EQ(errors_of(schema, R"("😀😀😀😀")"), Errors{": must have at most 3 characters"});
  EXPECT_EQ(errors_of(Schema::string().chars(1, 1), R"("")"), Errors{": must have at least 1 character"});
}

TEST(Schema, refuses_control_characters_in_strings) {
  for (const std::string_view text :
       {R"("a\u0000")", R"("\n")", R"("\u001f")", R"("\u007f")", R"("\u0085")"}) {
    EXPECT_EQ(errors_of(Schema::string(), text), Errors{": must not have control characters"}) << text;
  }
  EXPECT_EQ(errors_of(Schema::string(), R"("\u00a0 \u200b")"), Errors{});
}

TEST(Schema, matches_the_pattern_that_it_shows) {
  const auto schema = Schema::string().chars(3, 39).pattern("^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$");
  for (const std::string_view text : {R"("abc")", R"("a-1")", R"("000")", R"("a--b")"})
    EXPECT_EQ(errors_of(schema, text), Errors{}) << text;
  for (const std::string_view text :
       {R"("-ab")", R"("ab-")", R"("Abc")", R"("a b")", R"("abé")", R"("a_b")"}) {
    EXPECT_EQ(errors_of(schema, text), Errors{": must match ^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$"}) << text;
  }
  EXPECT_EQ(errors_of(schema, R"("AB")"), Errors{": must have at least 3 characters"});
  EXPECT_EQ(errors_of(schema, '"' + std::string(1U << 20U, '-') + '"'),
            Errors{": must have at most 39 characters"});
}

TEST(Schema, has_no_pattern_for_texts_of_unbounded_length) {
  EXPECT_THROW((void)Schema::string().pattern("^a$"), std::logic_error);
  EXPECT_THROW((void)Schema::string().chars(0, 257).pattern("^a$"), std::logic_error);
  EXPECT_NO_THROW((void)Schema::string().chars(0, 256).pattern("^a$"));
}

TEST(Schema, knows_times_by_their_format) {
  const auto schema = Schema::string().format("date-time");
  EXPECT_EQ(errors_of(schema, R"("2026-01-31T09:05:00.123Z")"), Errors{});
  EXPECT_EQ(errors_of(schema, R"("yesterday")").size(), 1U);
  EXPECT_EQ(errors_of(schema, R"("2026-02-30T00:00:00Z")").size(), 1U);
}

TEST(Schema, lists_the_values_of_an_enumeration) {
  const auto schema = Schema::one_of({"shared", "dedicated"});
  EXPECT_EQ(errors_of(schema, R"("shared")"), Errors{});
  for (const std::string_view text : {R"("Shared")", R"("")", R"("share")"}) {
    EXPECT_EQ(errors_of(schema, text), Errors{": must be one of: shared, dedicated"});
  }
}

TEST(Schema, takes_integers_in_every_notation_and_within_their_range) {
  const auto schema = Schema::integer().at_least(1).at_most(100);
  for (const std::string_view text : {"1", "100", "3.0", "1e1"})
    EXPECT_EQ(errors_of(schema, text), Errors{}) << text;
  for (const std::string_view text : {"0", "-1", "-9223372036854775808", "-1e300", "0.0"}) {
    EXPECT_EQ(errors_of(schema, text), Errors{": must be at least 1"}) << text;
  }
  for (const std::string_view text :
       {"101", "9223372036854775807", "9223372036854775808", "18446744073709551615", "1e300"}) {
    EXPECT_EQ(errors_of(schema, text), Errors{": must be at most 100"}) << text;
  }
  for (const std::string_view text : {"1.5", "0.1", "99.9999"})
    EXPECT_EQ(errors_of(schema, text), Errors{": must be an integer"}) << text;
  EXPECT_EQ(errors_of(Schema::unix_time(), "-1"), Errors{": must be at least 0"});
}

Schema order() {
  return Schema::object(
      {required("name", Schema::string().chars(1, 5)), optional("count", Schema::integer().at_least(0)),
       optional("note", Schema::string().or_null()),
       optional("lines", Schema::array(Schema::object({required("sku", Schema::string())})))});
}

TEST(Schema, names_every_wrong_field_at_once) {
  EXPECT_EQ(
      errors_of(
          order(),
          R"({"name":"too long","count":-1,"note":7,"lines":[{"sku":"a"},{"sku":1},{},"x",null],"extra":1})"),
      (Errors{"name: must have at most 5 characters", "count: must be at least 0", "note: must be a string",
              "lines.1.sku: must be a string", "lines.2.sku: is required", "lines.3: must be an object",
              "lines.4: must be an object, not null", "extra: is not known here"}));
  EXPECT_EQ(errors_of(order(), "{}"), Errors{"name: is required"});
  EXPECT_EQ(errors_of(order(), R"({"name":"a","note":null})"), Errors{});
}

TEST(Schema, begins_each_path_where_it_is_told) {
  const auto errors = order().validate(value_of("{}"), {"body", "order"});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].path, (std::vector<std::string>{"body", "order", "name"}));
}

TEST(Schema, names_the_known_field_nearest_to_an_unknown_one) {
  const auto errors = order().validate(value_of(R"({"name":"a","cuont":1,"zzzzzz":1,"Name":1})"), {});
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(errors[0].message, "is not known here; did you mean \"count\"?");
  EXPECT_EQ(errors[0].metadata.at("nearest"), "count");
  EXPECT_EQ(errors[1].message, "is not known here");
  EXPECT_TRUE(errors[1].metadata.empty());
  EXPECT_EQ(errors[2].metadata.at("nearest"), "name");
}

TEST(Schema, takes_any_members_of_an_open_object) {
  EXPECT_EQ(errors_of(Schema::any_object(), R"({"a":{"b":[1,null]}})"), Errors{});
  EXPECT_EQ(errors_of(Schema::object({}), R"({"a":1})"), Errors{"a: is not known here"});
}

TEST(Schema, stops_at_a_bound_in_a_document_that_is_all_wrong) {
  json::Object object;
  for (int i = 0; i < 5000; ++i) object["unknown" + std::to_string(i)] = i;
  EXPECT_EQ(errors_of(order(), json::dump(object)).size(), Schema::errors_max);
  json::Array lines;
  for (int i = 0; i < 5000; ++i) lines.emplace_back(i);
  EXPECT_EQ(errors_of(order(), json::dump(json::Object{{"name", "a"}, {"lines", lines}})).size(),
            Schema::errors_max);
}

TEST(Schema, is_shown_as_json_schema) {
  EXPECT_EQ(rendered(Schema::string().chars(3, 39).pattern("^a$").format("x")),
            R"({"type":"string","minLength":3,"maxLength":39,"pattern":"^a$","format":"x"})");
  const auto text = Schema::string().chars(1, 9);
  EXPECT_EQ(rendered(text), R"({"type":"string","minLength":1,"maxLength":9})");
  EXPECT_EQ(
      rendered(text, Schema::Of::request),
      R"({"type":"string","minLength":1,"maxLength":9,"pattern":"^[^\\u0000-\\u001f\\u007f-\\u009f]*$"})");
  EXPECT_EQ(rendered(Schema::integer().at_least(0).at_most(9).or_null()),
            R"({"type":["integer","null"],"minimum":0,"maximum":9})");
  EXPECT_EQ(rendered(Schema::one_of({"a", "b"}).or_null()),
            R"({"type":["string","null"],"enum":["a","b",null]})");
  EXPECT_EQ(rendered(Schema::array(Schema::boolean())), R"({"type":"array","items":{"type":"boolean"}})");
  EXPECT_EQ(rendered(Schema::any_object()), R"({"type":"object"})");
  EXPECT_EQ(
      rendered(Schema::object({required("a", Schema::boolean()), optional("b", Schema::string())})),
      R"({"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"string"}},"required":["a"],"additionalProperties":false})");
}

TEST(Schema, is_shown_by_reference_inside_another_when_it_has_a_name) {
  const auto inner = [] { return Schema::object({required("id", Schema::string())}).named("Inner"); };
  const auto outer = Schema::object({required("one", inner()), optional("none", inner().or_null()),
                                     required("many", Schema::array(inner()))})
                         .named("Outer");
  const auto shown = value_of(rendered(outer));
  const auto reference = value_of(R"({"$ref":"#/components/schemas/Inner"})");
  EXPECT_EQ(shown.at("properties").at("one"), reference);
  EXPECT_EQ(shown.at("properties").at("many").at("items"), reference);
  EXPECT_EQ(shown.at("properties").at("none").at("type"), value_of(R"(["object","null"])"));
  std::vector<const Schema*> named;
  outer.collect_named(named);
  std::vector<std::string> names;
  for (const auto* schema : named) names.push_back(schema->name());
  EXPECT_EQ(names, (std::vector<std::string>{"Outer", "Inner", "Inner"}));
}

}  // namespace
}  // namespace tenure::http
