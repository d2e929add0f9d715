#include "tests/support/api_client.h"

#include <fmt/core.h>

#include <stdexcept>

#include "tests/support/wire_shapes.h"

namespace tenure::test {
namespace {

constexpr std::chrono::seconds patience{75};

net::HttpClient connected(const std::string& url) {
  auto client = net::HttpClient::to(url);
  if (!client) throw std::runtime_error(url + ": " + client.error());
  return std::move(*client);
}

const json::Value* find(const json::Value& value, std::string_view path) {
  const auto dot = path.find('.');
  const auto* object = value.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains(path.substr(0, dot));
  if (member == nullptr || dot == std::string_view::npos) return member;
  return find(*member, path.substr(dot + 1));
}

}  // namespace

std::string Reply::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::string text(const json::Value& value, std::string_view path) {
  const auto* member = find(value, path);
  if (member == nullptr) return "(absent)";
  return member->is_string() ? std::string(member->get_string()) : json::dump(*member);
}

std::vector<std::string> texts(const json::Array& rows, std::string_view path) {
  std::vector<std::string> all;
  for (const auto& row : rows) all.push_back(text(row, path));
  return all;
}

ApiClient::ApiClient(const std::string& url, std::string token)
    : url_(url), token_(std::move(token)), http_(connected(url)) {}

Reply ApiClient::send(const std::string& method, const std::string& target, const std::string& body,
                      const Headers& headers) {
  net::HttpRequest request{.method = method, .target = target, .headers = {}, .body = body};
  if (!token_.empty()) request.headers["Authorization"] = "Bearer " + token_;
  if (!body.empty()) request.headers["Content-Type"] = "application/json";
  for (const auto& [name, value] : headers) request.headers[name] = value;
  auto answer = http_.send(request, patience);
  if (!answer) throw std::runtime_error(fmt::format("{} {}: {}", method, target, answer.error().message));
  Reply reply{answer->status, std::move(answer->headers), std::move(answer->body), {}};
  if (auto parsed = json::parse(reply.body)) reply.json = std::move(*parsed);
  for (const auto& fault : wire_faults({method, target, reply.status, reply.headers, reply.body})) {
    ADD_FAILURE() << method << ' ' << target << " → " << reply.status << ": " << fault << "\n" << reply.body;
  }
  return reply;
}

json::Array ApiClient::walk(const std::string& target, int limit, const Headers& headers) {
  json::Array all;
  const char joint = target.find('?') == std::string::npos ? '?' : '&';
  std::string cursor;
  while (true) {
    const auto page = get(fmt::format("{}{}limit={}{}", target, joint, limit, cursor), headers);
    if (page.status != 200) throw std::runtime_error(target + ": " + page.body);
    for (const auto& row : page.rows()) all.push_back(row);
    if (!page.json.at("has_more").as_bool()) return all;
    cursor = "&cursor=" + text(page, "next_cursor");
  }
}

testing::AssertionResult is_refused(const Reply& reply, int status, std::string_view reason) {
  if (reply.status == status && text(reply, "reason") == reason) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected " << status << ' ' << reason << ", got " << reply.status
                                     << ": " << reply.body;
}

}  // namespace tenure::test
