#include "projections/api_tokens.h"

#include <algorithm>
#include <iterator>

#include "api/api.h"
#include "api/routes/handlers.h"
#include "api/routes/request_parts.h"
#include "core/limits.h"

namespace tenure::routes {
namespace {

constexpr std::size_t random_chars = 30;  // of base62: more than 160 bits
constexpr std::size_t checksum_chars = 6;
constexpr std::size_t shown_random_chars = 4;

std::string make_token(const std::string& prefix, Random& random) {
  const auto secret = crypto::random_base62(random_chars, random);
  return prefix + secret + crypto::to_base62(crypto::crc32(secret), checksum_chars);
}

// The answer that made the token is the only one that shows it: what is kept for a repeat has an empty one.
std::string with_token(std::string body, std::string_view token) {
  constexpr std::string_view empty = "\"token\":\"\"";
  const auto at = body.rfind(empty);
  return body.insert(at + empty.size() - 1, token);
}

boost::asio::awaitable<http::Response> create(Call& call) {
  auto& node = call.api.node();
  const auto& prefix = call.api.settings().token_prefix;
  const auto token = make_token(prefix, node.random());
  api_token::CreateApiToken command{
      .workspace = call.workspace->id,
      .token = TokenId::make(node.clock().now(), node.random()),
      .name = text_of(call.body, "name").value(),
      .role = from_spelling<api_token::Role>(text_of(call.body, "role").value_or("admin")).value(),
      .expires_at = time_of(call.body, "expires_at"),
      .prefix = token.substr(0, prefix.size() + shown_random_chars),
      .hash = crypto::to_hex(crypto::sha256(token))};
  auto result = co_await call.api.execute_parts(call, std::move(command), call.workspace->partition);
  if (result && !result->replayed) result->body = with_token(std::move(result->body), token);
  auto response = call.api.respond(call, result);
  response.no_store = true;
  co_return response;
}

boost::asio::awaitable<http::Response> revoke(Call& call) {
  const auto token = TokenId::parse(call.parameter("token")).value();
  const auto result = co_await call.api.execute_parts(
      call, api_token::RevokeApiToken{call.workspace->id, token}, call.workspace->partition);
  if (result) call.api.node().scrub_credential(call.workspace->partition, api_token::stream(token));
  co_return call.api.respond(call, result);
}

// Of all workspaces whose tokens the caller may see, one workspace after the other. A page goes on behind a
// workspace, in the one that follows it behind a token.
Page list_over_all(Call& call, const PageRequest& request) {
  const auto& store = call.api.store();
  const auto filter = call.api.visible_to(call.principal);
  const auto begin = request.after.value_or(std::string(workspaces::place_bytes, '\0'));
  auto behind = begin.substr(0, workspaces::place_bytes);
  std::optional<std::string> token = begin.substr(workspaces::place_bytes);
  Page page;
  for (std::size_t seen = 0;; ++seen) {
    auto place = workspaces::next(store, filter, behind);
    if (!place) return page;
    if (seen == limits::scan_rows_per_page_max) {
      page.next = behind;
      return page;
    }
    const WorkspaceScope workspace{place->id, std::move(place->row), {}};
    if (call.api.may(call.principal, workspace, Permission::manage) == Verdict::allowed) {
      auto own = api_tokens::list(store, workspace.id, {request.limit - page.rows.size(), token});
      std::ranges::move(own.rows, std::back_inserter(page.rows));
      if (own.next) {
        page.next = behind + *own.next;
        return page;
      }
    }
    behind = place->after;
    token.reset();
  }
}

}  // namespace

Reply list_api_tokens(Call& call) {
  const auto request = call.api.page_request(call);
  if (!request) return call.api.refuse(call, request.error());
  auto page = call.workspace ? api_tokens::list(call.api.store(), call.workspace->id, *request)
                             : list_over_all(call, *request);
  for (auto& row : page.rows) {
    const auto last_used = call.api.last_used().of(api_tokens::id_of_row(row));
    row = api_tokens::finish(std::move(row), last_used);
  }
  return call.api.list(call, std::move(page));
}

Reply create_api_token(Call& call) { return create(call); }
Reply revoke_api_token(Call& call) { return revoke(call); }

// A repeated revocation has its kept answer though the token is gone.
bool api_token_exists(const Call& call) {
  const auto token = TokenId::parse(call.parameter("token"));
  return token && (api_tokens::exists(call.api.store(), call.workspace->id, *token) ||
                   call.request.count_headers("Idempotency-Key") > 0);
}

}  // namespace tenure::routes
