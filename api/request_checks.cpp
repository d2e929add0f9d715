// What is checked of a request before its handler sees it: query, headers and body against the route's row.
#include "api/api.h"
#include "api/conditional.h"
#include "api/route.h"

namespace tenure {
namespace {

bool changes_something(http::Method method) {
  return method != http::Method::get && method != http::Method::head && method != http::Method::options;
}

void check_query(const Call& call, std::vector<FieldError>& errors) {
  if (call.request.query.empty()) return;
  json::Object object;
  for (const auto& [name, value] : call.request.query) object[name] = value;
  for (const auto& member : call.route->query) {
    // Numbers and truth values come as text in a query.
    auto* value = object.if_contains(member.name);
    if (value == nullptr || member.schema.takes_text()) continue;
    const auto parsed = json::parse(std::string_view(value->get_string()));
    if (parsed && (parsed->is_int64() || parsed->is_bool())) *value = *parsed;
  }
  errors = http::Schema::object(call.route->query).validate(object, {"query"});
  if (object.size() != call.request.query.size())
    errors.push_back({{"query"}, "names a parameter twice", {}});
}

bool is_json(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ')) media_type.remove_suffix(1);
  return http::equal_ignoring_case(media_type, "application/json");
}

std::expected<json::Object, Rejection> parse_body(const http::Request& request, std::size_t depth_max) {
  if (request.body.empty()) return json::Object();
  if (!is_json(request.header("Content-Type")))
    return std::unexpected(Rejection{Reason::unsupported_media_type, "", {}, {}});
  auto value = json::parse(request.body, depth_max);
  if (!value) {
    return std::unexpected(Rejection{Reason::malformed_json,
                                     "The body is not JSON at byte " + std::to_string(value.error().offset) +
                                         ": " + value.error().message + ".",
                                     {},
                                     {}});
  }
  if (!value->is_object())
    return std::unexpected(Rejection{Reason::malformed_json, "The body must be a JSON object.", {}, {}});
  return std::move(value->get_object());
}

}  // namespace

std::expected<void, Rejection> Api::check_request(Call& call) const {
  if (changes_something(call.request.method)) {
    auto if_match = http::parse_if_match(call.request);
    if (!if_match) return std::unexpected(std::move(if_match.error()));
    call.if_match = std::move(*if_match);
    auto key = http::parse_idempotency_key(call.request);
    if (!key) return std::unexpected(std::move(key.error()));
    call.idempotency_key = std::move(*key);
  }
  std::vector<FieldError> errors;
  check_query(call, errors);
  if (call.route->body) {
    auto body = parse_body(call.request, settings_.json_depth_max);
    if (!body) return std::unexpected(std::move(body.error()));
    call.body = std::move(*body);
    auto of_body = call.route->body->validate(call.body, {"body"});
    errors.insert(errors.end(), std::make_move_iterator(of_body.begin()),
                  std::make_move_iterator(of_body.end()));
  }
  if (errors.empty()) return {};
  return std::unexpected(Rejection{Reason::validation_failed, "", std::move(errors), {}});
}

}  // namespace tenure
