// The API, as the command line calls it: credentials, idempotency keys, repeats, and errors in one sentence.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/json/json.h"
#include "core/net/http_client.h"
#include "tools/cli/exit_code.h"

namespace tenure::cli {

struct Failure {
  Exit exit = Exit::failed;
  std::string message;
};
template <class T>
using Result = std::expected<T, Failure>;

struct CallOptions {
  std::string workspace;  // for Akua-Context; empty: none
  json::Value body;       // null: none
};

class Client {
 public:
  // Where and as whom: TENURE_URL and TENURE_TOKEN, otherwise the session that `auth login` kept.
  [[nodiscard]] static Result<Client> from_environment();
  [[nodiscard]] static Result<Client> to(const std::string& url, std::string token);

  // A write carries an idempotency key and is sent again under the same key when its outcome is unknown.
  [[nodiscard]] Result<json::Value> call(const std::string& method, const std::string& target,
                                         const CallOptions& options = {});
  // Every page of a list.
  [[nodiscard]] Result<json::Array> list(const std::string& target, const CallOptions& options = {},
                                         std::size_t rows_max = SIZE_MAX);

  // An id as it stands; otherwise the one workspace that has this slug or name.
  [[nodiscard]] Result<std::string> workspace_id(const std::string& id_or_name);

 private:
  Client(net::HttpClient http, std::string token) : http_(std::move(http)), token_(std::move(token)) {}

  net::HttpClient http_;
  std::string token_;
};

// Percent-encodes what is not unreserved (RFC 3986).
[[nodiscard]] std::string encode(std::string_view text);

}  // namespace tenure::cli
