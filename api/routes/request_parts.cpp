#include "api/routes/request_parts.h"

namespace tenure::routes {

std::optional<std::string> text_of(const json::Object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<Timestamp> time_of(const json::Object& object, std::string_view name) {
  constexpr std::int64_t seconds_max = 253'402'300'799;  // the end of the year 9999
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto seconds =
      value->is_int64() ? value->get_int64() : static_cast<std::int64_t>(value->get_double());
  return from_unix_millis(std::min(seconds, seconds_max) * 1000);
}

std::optional<Slug> slug_of(const json::Object& object) {
  const auto text = text_of(object, "slug");
  if (!text) return std::nullopt;
  return Slug::parse(*text).value();
}

std::optional<Timestamp> query_time(const Call& call, std::string_view name) {
  const auto text = call.request.query_value(name);
  if (!text) return std::nullopt;
  return parse_rfc3339(*text).value();
}

std::optional<std::string> query_text(const Call& call, std::string_view name) {
  const auto text = call.request.query_value(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Rejection invalid(std::vector<std::string> path, std::string message) {
  return {Reason::validation_failed, "", {{std::move(path), std::move(message), {}}}, {}};
}

}  // namespace tenure::routes
