#include "tools/cli/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "core/crypto/crypto.h"
#include "tools/cli/session_file.h"
#include "tools/cli/terminal_text.h"

namespace tenure::cli {
namespace {

constexpr auto timeout = std::chrono::seconds(70);  // a wait on the server takes up to 60
constexpr int attempts_max = 5;
constexpr auto first_pause = std::chrono::milliseconds(200);
constexpr std::chrono::seconds longest_pause{10};
constexpr std::size_t key_chars = 24;

Exit exit_of(int status) {
  switch (status) {
    case 401:
      return Exit::not_authenticated;
    case 403:
    case 404:
    case 423:
      return Exit::refused;
    case 409:
    case 412:
      return Exit::conflict;
    case 408:
    case 429:
    case 503:
      return Exit::try_again;
    default:
      return Exit::failed;
  }
}

std::string text_at(const json::Object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A member of the problem, fit for a terminal.
std::string said(const json::Object& problem, std::string_view name) {
  return harmless(text_at(problem, name));
}

// "name: message" for each field that the problem names.
std::string fields_of(const json::Object& problem) {
  std::string lines;
  const auto* errors = problem.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return lines;
  for (const auto& error : errors->get_array()) {
    const auto* object = error.if_object();
    const auto* path = object == nullptr ? nullptr : object->if_contains("path");
    if (path == nullptr || !path->is_array() || path->get_array().empty()) continue;
    const auto& last = path->get_array().back();
    const auto name = last.is_string() ? std::string(last.get_string()) : json::dump(last);
    lines += fmt::format("\n  {}: {}", harmless(name), said(*object, "message"));
  }
  return lines;
}

Failure failure_of(const net::HttpResponse& response) {
  const auto exit = exit_of(response.status);
  const auto parsed = json::parse(response.body);
  if (!parsed || !parsed->is_object()) return {exit, fmt::format("the server answered {}", response.status)};
  const auto& problem = parsed->get_object();
  const auto detail = said(problem, "detail");
  return {exit, fmt::format("{} ({}){}\n  request id: {}", detail.empty() ? said(problem, "title") : detail,
                            said(problem, "reason"), fields_of(problem), said(problem, "request_id"))};
}

Failure failure_of(const net::HttpFailure& failure) {
  using Kind = net::HttpFailure::Kind;
  const bool may_pass = failure.kind != Kind::tls && failure.kind != Kind::malformed &&
                        failure.kind != Kind::too_large && failure.kind != Kind::invalid_request;
  return {may_pass ? Exit::try_again : Exit::failed, harmless(failure.message)};
}

// Whether the same request, under the same idempotency key, may help.
bool may_repeat(const std::expected<net::HttpResponse, net::HttpFailure>& answer) {
  if (!answer) return failure_of(answer.error()).exit == Exit::try_again;
  return answer->status == 503 || answer->status == 429;
}

// As long as the server asks for (RFC 9110 10.2.3, in seconds), within reason.
std::chrono::milliseconds pause_before_repeat(
    const std::expected<net::HttpResponse, net::HttpFailure>& answer, std::chrono::milliseconds least) {
  const auto asked = answer ? answer->header("retry-after") : std::string();
  unsigned seconds = 0;
  std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
  return std::min<std::chrono::milliseconds>(
      std::max<std::chrono::milliseconds>(least, std::chrono::seconds(seconds)), longest_pause);
}

}  // namespace

std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            c == '-' || c == '_' || c == '.' || c == '~';
    encoded += unreserved ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

Result<Client> Client::from_environment() {
  const char* url = std::getenv("TENURE_URL");
  const char* token = std::getenv("TENURE_TOKEN");
  const auto kept = read_session();
  if (!kept) return std::unexpected(Failure{Exit::failed, kept.error()});
  const std::string chosen_url = url != nullptr ? url : kept->url.empty() ? default_url : kept->url;
  const std::string chosen_token = token != nullptr ? token : kept->token;
  if (chosen_token.empty()) {
    return std::unexpected(
        Failure{Exit::not_authenticated, "not logged in; run: tenure auth login --token-file FILE"});
  }
  return to(chosen_url, chosen_token);
}

Result<Client> Client::to(const std::string& url, std::string token) {
  auto http = net::HttpClient::to(url);
  if (!http) return std::unexpected(Failure{Exit::usage, url + ": " + http.error()});
  return Client(std::move(*http), std::move(token));
}

Result<json::Value> Client::call(const std::string& method, const std::string& target,
                                 const CallOptions& options) {
  net::HttpRequest request{.method = method, .target = target, .headers = {}, .body = {}};
  request.headers["Authorization"] = "Bearer " + token_;
  request.headers["User-Agent"] = "tenure/" TENURE_VERSION;
  if (!options.workspace.empty()) request.headers["Akua-Context"] = options.workspace;
  if (!options.body.is_null()) {
    request.body = json::dump(options.body);
    request.headers["Content-Type"] = "application/json";
  }
  if (method != "GET") {
    SystemRandom random;
    request.headers["Idempotency-Key"] = crypto::random_base62(key_chars, random);
  }
  auto pause = first_pause;
  auto answer = http_.send(request, timeout);
  for (int attempt = 1; attempt < attempts_max && may_repeat(answer); ++attempt, pause *= 2) {
    std::this_thread::sleep_for(pause_before_repeat(answer, pause));
    answer = http_.send(request, timeout);
  }
  if (!answer) return std::unexpected(failure_of(answer.error()));
  if (answer->status >= 300) return std::unexpected(failure_of(*answer));
  if (answer->body.empty()) return json::Value();
  auto parsed = json::parse(answer->body);
  if (!parsed)
    return std::unexpected(
        Failure{Exit::failed, "the server's answer is not JSON: " + parsed.error().message});
  return std::move(*parsed);
}

Result<json::Array> Client::list(const std::string& target, const CallOptions& options,
                                 std::size_t rows_max) {
  json::Array rows;
  std::string cursor;
  const char joint = target.find('?') == std::string::npos ? '?' : '&';
  while (true) {
    const auto limit = std::min<std::size_t>(100, rows_max - rows.size());
    auto page = call("GET", fmt::format("{}{}limit={}{}", target, joint, limit, cursor), options);
    if (!page) return std::unexpected(page.error());
    for (auto& row : page->at("data").as_array()) rows.push_back(std::move(row));
    if (!page->at("has_more").as_bool() || rows.size() >= rows_max) return rows;
    cursor = "&cursor=" + encode(std::string_view(page->at("next_cursor").as_string()));
  }
}

Result<std::string> Client::workspace_id(const std::string& id_or_name) {
  if (id_or_name.starts_with("ws_")) return id_or_name;
  const auto all = list("/v1/workspaces");
  if (!all) return std::unexpected(all.error());
  std::vector<std::string> found;
  for (const auto& workspace : *all) {
    const auto& object = workspace.as_object();
    if (text_at(object, "slug") == id_or_name || text_at(object, "name") == id_or_name ||
        text_at(object, "uuid") == id_or_name) {
      found.push_back(text_at(object, "id"));
    }
  }
  if (found.size() == 1) return found.front();
  return std::unexpected(Failure{
      Exit::refused, fmt::format("{} called \"{}\"; use an id",
                                 found.empty() ? "no workspace is" : "several workspaces are", id_or_name)});
}

}  // namespace tenure::cli
