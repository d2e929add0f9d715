// The HTTP API as a test calls it. Every answer under /v1 is held against the wire's shapes, as a strict
// client would: what does not fit is a failure of the running test.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/json.h"
#include "core/net/http_client.h"

namespace tenure::test {

using Headers = std::map<std::string, std::string>;

struct Reply {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
  json::Value json;  // null when the body is empty or no JSON

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
  [[nodiscard]] const json::Array& rows() const { return json.at("data").as_array(); }
};

// The member at a dotted path as text: strings as they are, everything else as JSON, "(absent)" when it is
// not there.
[[nodiscard]] std::string text(const json::Value& value, std::string_view path);
inline std::string text(const Reply& reply, std::string_view path) { return text(reply.json, path); }
// The same member of each row.
[[nodiscard]] std::vector<std::string> texts(const json::Array& rows, std::string_view path);

class ApiClient {
 public:
  // An empty token: no credential.
  ApiClient(const std::string& url, std::string token);

  Reply send(const std::string& method, const std::string& target, const std::string& body = {},
             const Headers& headers = {});
  Reply get(const std::string& target, const Headers& headers = {}) {
    return send("GET", target, {}, headers);
  }
  Reply post(const std::string& target, const std::string& body = "{}", const Headers& headers = {}) {
    return send("POST", target, body, headers);
  }
  Reply patch(const std::string& target, const std::string& body, const Headers& headers = {}) {
    return send("PATCH", target, body, headers);
  }
  Reply del(const std::string& target, const Headers& headers = {}) {
    return send("DELETE", target, {}, headers);
  }

  // Every row of a list, by its cursors, `limit` a page.
  json::Array walk(const std::string& target, int limit = 100, const Headers& headers = {});

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& token() const { return token_; }
  // The same server with another credential.
  [[nodiscard]] ApiClient as(std::string token) const { return {url_, std::move(token)}; }

 private:
  std::string url_, token_;
  net::HttpClient http_;
};

// A refusal: its status and its stable reason. Prints the body when a test fails.
[[nodiscard]] testing::AssertionResult is_refused(const Reply& reply, int status, std::string_view reason);

}  // namespace tenure::test
