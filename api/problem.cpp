#include "api/problem.h"

#include "core/json/json.h"
#include "core/text/unicode.h"

namespace tenure::http {
namespace {

constexpr std::string_view problem_type = "application/problem+json";
constexpr std::string_view retry_after_seconds = "1";

void write_error(json::Writer& out, int code, std::string_view message, const std::vector<std::string>& path,
                 const std::map<std::string, std::string>& metadata) {
  out.begin_object().member("code", code).member("message", message);
  if (!path.empty()) {
    out.key("path").begin_array();
    for (const auto& part : path) out.string(part);
    out.end_array();
  }
  if (!metadata.empty()) {
    out.key("metadata").begin_object();
    for (const auto& [name, value] : metadata) out.member(name, value);
    out.end_object();
  }
  out.end_object();
}

std::string body_of(const Rejection& rejection, int status, const Request& request) {
  const auto& reason = info(rejection.reason);
  const std::string_view detail =
      rejection.detail.empty() ? reason.remedy : std::string_view(rejection.detail);
  std::string body;
  json::Writer out(body);
  out.begin_object()
      .member("type", "/docs#" + std::string(reason.name))
      .member("title", reason.title)
      .member("status", status)
      .member("detail", detail);
  const auto instance = request.target.substr(0, request.target.find('?'));
  if (!instance.empty() && text::is_utf8(instance)) out.member("instance", instance);
  out.member("reason", reason.name)
      .member("request_id", request.request_id)
      .member("success", false)
      .key("errors")
      .begin_array();
  if (rejection.fields.empty()) write_error(out, status, detail, {}, rejection.metadata);
  for (const auto& field : rejection.fields) {
    auto metadata = field.metadata;
    // What is of the whole refusal stands with the first.
    if (&field == &rejection.fields.front())
      metadata.insert(rejection.metadata.begin(), rejection.metadata.end());
    write_error(out, status, field.message, field.path, metadata);
  }
  out.end_array().key("result").begin_object().end_object().end_object();
  return body;
}

}  // namespace

int status_of(Category category) {
  switch (category) {
    case Category::malformed:
      return 400;
    case Category::unauthenticated:
      return 401;
    case Category::forbidden:
      return 403;
    case Category::not_found:
      return 404;
    case Category::method_unknown:
      return 405;
    case Category::timeout:
      return 408;
    case Category::conflict:
      return 409;
    case Category::stale:
      return 412;
    case Category::too_large:
      return 413;
    case Category::media_type:
      return 415;
    case Category::invalid:
      return 422;
    case Category::locked:
      return 423;
    case Category::too_many:
      return 429;
    case Category::header_too_large:
      return 431;
    case Category::fault:
      return 500;
    case Category::not_implemented:
      return 501;
    case Category::unavailable:
      return 503;
    case Category::version_unknown:
      return 505;
  }
  return 500;
}

Response problem(const Rejection& rejection, const Request& request) {
  const auto& reason = info(rejection.reason);
  const int status = status_of(reason.category);
  Response response{
      .status = status, .body = body_of(rejection, status, request), .content_type = problem_type};
  if (reason.category == Category::unauthenticated)
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (reason.category == Category::unavailable || reason.category == Category::too_many) {
    response.headers.emplace_back("Retry-After", retry_after_seconds);
  }
  return response;
}

}  // namespace tenure::http
