#include "api/openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/problem.h"
#include "api/schemas.h"
#include "core/limits.h"

namespace tenure {
namespace {

using http::Schema;

bool is_write(const Route& route) { return route.method != http::Method::get; }

std::string lower(std::string_view method) {
  std::string text(method);
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(c + 32); });
  return text;
}

std::string_view media_type(const Route& route) {
  if (route.pattern == "/docs") return "text/html";
  return route.access == Access::open && route.pattern != "/v1/openapi.json" ? "text/plain"
                                                                             : "application/json";
}

void write_parameter(json::Writer& out, std::string_view name, std::string_view where, bool needed,
                     const Schema& schema) {
  out.begin_object().member("name", name).member("in", where).member("required", needed).key("schema");
  schema.render(out, Schema::Of::request, true);
  out.end_object();
}

// A header has parsers of its own, so its pattern is only shown.
struct Header {
  std::string_view name;
  std::size_t chars_max;
  std::string_view pattern;
};
constexpr Header context{"Akua-Context", 53, R"(^[!-~]+$)"};
constexpr Header min_position{"Tenure-Min-Position", 4096,
                              R"(^(0|(0|[1-9][0-9]*)-(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)-(0|[1-9][0-9]*))*)$)"};
static_assert(limits::idempotency_key_chars_max == 64, "the pattern says so, and quotes may stand around it");
constexpr Header idempotency_key{"Idempotency-Key", limits::idempotency_key_chars_max + 2,
                                 R"(^("[!#-~]{1,64}"|[!#-~]{1,64})$)"};
constexpr Header if_match{"If-Match", 256,
                          R"(^(\*|(W/)?("[!#-~]+"|[!#-)+\-.0-~]+)( ?, ?(W/)?("[!#-~]+"|[!#-)+\-.0-~]+))*)$)"};

void write_header(json::Writer& out, const Header& header) {
  out.begin_object()
      .member("name", header.name)
      .member("in", "header")
      .member("required", false)
      .key("schema")
      .begin_object()
      .member("type", "string")
      .member("maxLength", header.chars_max)
      .member("pattern", header.pattern)
      .end_object()
      .end_object();
}

void write_parameters(json::Writer& out, const Route& route) {
  constexpr std::size_t id_chars_max = 64;
  out.key("parameters").begin_array();
  auto pattern = route.pattern;
  for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{')) {
    const auto close = pattern.find('}');
    write_parameter(out, pattern.substr(open + 1, close - open - 1), "path", true,
                    Schema::string().chars(1, id_chars_max));
    pattern.remove_prefix(close + 1);
  }
  for (const auto& member : route.query)
    write_parameter(out, member.name, "query", member.required, member.schema);
  if (route.access != Access::open) {
    write_header(out, context);
    write_header(out, min_position);
  }
  if (is_write(route)) {
    write_header(out, idempotency_key);
    write_header(out, if_match);
  }
  out.end_array();
}

void write_responses(json::Writer& out, const Route& route) {
  out.key("responses")
      .begin_object()
      .key(std::to_string(route.success))
      .begin_object()
      .member("description", "Success");
  if (route.answer) {
    out.key("content").begin_object().key(media_type(route)).begin_object().key("schema");
    route.answer->render(out, Schema::Of::answer, true);
    out.end_object().end_object();
  } else if (route.success != 204) {
    out.key("content").begin_object().key(media_type(route)).begin_object().end_object().end_object();
  }
  out.end_object()
      .key("default")
      .begin_object()
      .member("description", "Refused")
      .key("content")
      .begin_object();
  out.key("application/problem+json").begin_object().key("schema");
  schemas::problem().render(out, Schema::Of::answer, true);
  out.end_object().end_object().end_object().end_object();
}

void write_operation(json::Writer& out, const Route& route) {
  out.key(lower(http::to_string(route.method)))
      .begin_object()
      .member("operationId", route.operation_id)
      .member("summary", route.summary);
  if (route.access == Access::open) out.key("security").begin_array().end_array();
  write_parameters(out, route);
  if (route.body && !route.body->members().empty()) {
    const bool needed = std::ranges::any_of(route.body->members(), &http::Member::required);
    out.key("requestBody").begin_object().member("required", needed).key("content").begin_object();
    out.key("application/json").begin_object().key("schema");
    route.body->render(out, Schema::Of::request, true);
    out.end_object().end_object().end_object();
  }
  write_responses(out, route);
  out.end_object();
}

void write_components(json::Writer& out, const std::vector<Route>& routes) {
  std::vector<const Schema*> named;
  const auto problem = schemas::problem();
  problem.collect_named(named);
  for (const auto& route : routes) {
    if (route.answer) route.answer->collect_named(named);
  }
  out.key("components").begin_object().key("schemas").begin_object();
  std::set<std::string> written;
  for (const auto* schema : named) {
    if (!written.insert(schema->name()).second) continue;
    out.key(schema->name());
    schema->render(out, Schema::Of::answer);
  }
  out.end_object().key("securitySchemes").begin_object().key("bearer").begin_object();
  out.member("type", "http").member("scheme", "bearer").end_object().end_object().end_object();
}

// What `reason` of a problem can be. More will come: the schema leaves it open.
void write_reasons(json::Writer& out) {
  out.key("x-reasons").begin_array();
  for (const auto& reason : reasons()) {
    out.begin_object()
        .member("name", reason.name)
        .member("status", http::status_of(reason.category))
        .member("title", reason.title)
        .member("remedy", reason.remedy)
        .end_object();
  }
  out.end_array();
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes) {
  std::map<std::string_view, std::vector<const Route*>> paths;
  for (const auto& route : routes) paths[route.pattern].push_back(&route);

  std::string text;
  json::Writer out(text);
  out.begin_object().member("openapi", "3.1.0").key("info").begin_object().member("title", "Tenure");
  out.member("version", TENURE_VERSION)
      .member("summary", "The system of record for who owns what")
      .end_object();
  out.key("security")
      .begin_array()
      .begin_object()
      .key("bearer")
      .begin_array()
      .end_array()
      .end_object()
      .end_array();
  out.key("paths").begin_object();
  for (const auto& [pattern, operations] : paths) {
    out.key(pattern).begin_object();
    for (const auto* route : operations) write_operation(out, *route);
    out.end_object();
  }
  out.end_object();
  write_components(out, routes);
  write_reasons(out);
  out.end_object();
  return text;
}

}  // namespace tenure
