#include "api/api.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/conditional.h"
#include "api/cursor.h"
#include "api/problem.h"
#include "core/events/position_text.h"
#include "core/json/placeholder.h"
#include "core/limits.h"
#include "core/text/unicode.h"

namespace tenure {
namespace {

namespace asio = boost::asio;

// Waits for something that happens on the node's thread, and goes on on this one's.
template <class Result, class Start>
asio::awaitable<Result> await_result(Start start) {
  const auto executor = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Result)>(
      [&](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        start([shared, executor](Result result) {
          asio::post(executor,
                     [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); });
        });
      },
      asio::use_awaitable);
}

std::string allow_header(const std::vector<http::Method>& methods) {
  std::string text;
  for (const auto method : methods) {
    if (text.find(http::to_string(method)) != std::string::npos) continue;
    text.append(http::to_string(method)).append(", ");
  }
  return text + "OPTIONS";
}

int status_of(Success success) {
  switch (success) {
    case Success::ok:
      return 200;
    case Success::created:
      return 201;
    case Success::accepted:
      return 202;
    case Success::no_content:
      return 204;
  }
  return 200;
}

// The workspace is named by the path, by a header, or by the credential.
std::string fingerprint_of(const Call& call) {
  const auto& request = call.request;
  const auto workspace = call.workspace ? call.workspace->id.str() : std::string();
  return crypto::to_hex(crypto::sha256(std::array<std::string_view, 7>{
      http::to_string(request.method), " ", request.target, "\n", workspace, "\n", request.body}));
}

}  // namespace

const std::string& Call::parameter(std::string_view name) const {
  static const std::string none;
  for (const auto& [key, value] : path) {
    if (key == name) return value;
  }
  return none;
}

RequestContext request_context(const http::Request& request) {
  RequestContext context{
      .ip = std::string(request.remote_ip),
      .user_agent = std::string(request.header("User-Agent").substr(0, limits::user_agent_bytes_max)),
      .request_id = request.request_id,
      .trace_id = request.trace_id,
      .idempotency_key = {},
      .traceparent = request.traceparent};
  if (!text::is_utf8(context.user_agent)) context.user_agent.clear();
  return context;
}

Api::Api(Node& node, const Settings& settings, std::string public_url)
    : node_(node),
      settings_(settings),
      public_url_(std::move(public_url)),
      cursor_key_(node.derived_key("tenure cursors")),
      router_(route_table()),
      last_used_(node.store()),
      metrics_(route_table().size()) {
  node_.set_housekeeping([this](Store& store, Timestamp now) { last_used_.write_back(store, now); });
}

Reply Api::dispatch(http::Request& request) {
  if (!http::parse_target(request.target, request)) {
    return http::problem(
        {Reason::malformed_request, "The path or query is not percent-encoded UTF-8.", {}, {}}, request);
  }
  if (request.count_headers("Tenure-Min-Position") == 0) return dispatch_folded(request);
  auto positions = parse_positions(request.header("Tenure-Min-Position"), node_.partitions());
  if (!positions) return http::problem({Reason::invalid_position, "", {}, {}}, request);
  if (node_.is_folded(*positions)) return dispatch_folded(request);
  return dispatch_when_folded(request, std::move(*positions));
}

asio::awaitable<http::Response> Api::dispatch_when_folded(http::Request& request,
                                                          std::vector<Position> positions) {
  const bool folded = co_await await_result<bool>(
      [&](auto done) { node_.when_folded(positions, limits::position_wait_max, std::move(done)); });
  if (!folded) co_return http::problem({Reason::position_not_reached, "", {}, {}}, request);
  auto reply = dispatch_folded(request);
  if (auto* response = std::get_if<http::Response>(&reply)) co_return std::move(*response);
  co_return co_await std::move(std::get<asio::awaitable<http::Response>>(reply));
}

Reply Api::dispatch_folded(http::Request& request) {
  const auto match = router_.find(request.method, request.segments);
  if (match.route != nullptr) {
    request.route = match.route->pattern;
    request.route_index = static_cast<std::size_t>(match.route - route_table().data());
  }
  auto call = std::make_unique<Call>(
      Call{.api = *this, .request = request, .route = match.route, .path = match.path});
  const auto refused = [&](const Rejection& rejection) {
    auto response = refuse(*call, rejection);
    if (rejection.reason == Reason::method_not_allowed)
      response.headers.emplace_back("Allow", allow_header(match.allowed));
    return response;
  };
  if (request.method == http::Method::options && !match.allowed.empty()) {
    return http::Response{.status = 204, .body = {}, .headers = {{"Allow", allow_header(match.allowed)}}};
  }
  const bool open = match.route != nullptr && match.route->access == Access::open;
  const bool of_the_api = !request.segments.empty() && request.segments.front() == "v1";
  if (!open && of_the_api) {
    auto principal = authenticate(request);
    if (!principal) return refused(principal.error());
    call->principal = std::move(*principal);
  }
  if (match.route == nullptr) {
    return refused({match.allowed.empty() ? Reason::not_found : Reason::method_not_allowed, "", {}, {}});
  }
  if (!open) {
    if (auto resolved = resolve(*call); !resolved) {
      const bool audited = match.route->command != nullptr && call->workspace.has_value();
      if (!audited) return refused(resolved.error());
      auto workspace = std::move(*call->workspace);
      call->workspace.reset();
      return denied(std::move(call), std::move(workspace), resolved.error());
    }
  }
  if (call->route->exists != nullptr && !call->route->exists(*call))
    return refused({Reason::not_found, "", {}, {}});
  if (auto checked = check_request(*call); !checked) return refused(checked.error());
  auto reply = call->route->handler(*call);
  if (auto* response = std::get_if<http::Response>(&reply)) return std::move(*response);
  return serve_later(std::move(call), std::move(std::get<asio::awaitable<http::Response>>(reply)));
}

asio::awaitable<http::Response> Api::serve_later(std::unique_ptr<Call> call,
                                                 asio::awaitable<http::Response> reply) {
  auto response = co_await std::move(reply);
  call.reset();  // it lived until here
  co_return response;
}

// The entry of a denied command is durable before the answer.
asio::awaitable<http::Response> Api::denied(std::unique_ptr<Call> call, WorkspaceScope workspace,
                                            Rejection rejection) {
  RefusalRequest refusal{.partition = workspace.partition,
                         .tenant = workspace.id.str(),
                         .command = std::string(call->route->command->name),
                         .action = std::string(call->route->command->action),
                         .outcome = Outcome::denied,
                         .targets = {{"workspace", workspace.id.str()}},
                         .displays = {workspaces::name_of(workspace.row)},
                         .rejection = rejection,
                         .caller = caller(call->principal),
                         .context = request_context(call->request),
                         .done = {}};
  (void)co_await await_result<bool>([&](auto done) {
    refusal.done = [done] { done(true); };
    node_.refuse(std::move(refusal));
  });
  co_return refuse(*call, rejection);
}

void Api::stamp(http::Response& response) const {
  for (const auto& [name, value] : response.headers) {
    if (name == "Tenure-Position") return;
  }
  response.headers.emplace_back("Tenure-Position", node_.position());
}

http::Response Api::refuse(const Call& call, const Rejection& rejection) {
  return http::problem(rejection, call.request);
}

asio::awaitable<CommandResult> Api::execute_parts(Call& call, Command command, Partition partition) {
  CommandRequest request;
  request.command = std::move(command);
  request.partition = partition;
  request.if_match = call.if_match;
  request.context = request_context(call.request);
  if (call.idempotency_key) {
    request.context.idempotency_key = *call.idempotency_key;
    request.idempotency = {call.principal.scope(), *call.idempotency_key, fingerprint_of(call)};
  }
  request.caller = caller(call.principal);
  co_return co_await await_result<CommandResult>([&](auto done) {
    request.done = std::move(done);
    node_.submit(std::move(request));
  });
}

asio::awaitable<http::Response> Api::execute(Call& call, Command command, Partition partition) {
  const auto result = co_await execute_parts(call, std::move(command), partition);
  co_return respond(call, result);
}

http::Response Api::respond(const Call& call, const CommandResult& result) {
  if (!result) return refuse(call, result.error());
  auto response = ok(result->body.empty() ? std::string() : fill(result->body), result->version);
  response.status = status_of(result->success);
  if (result->position) response.headers.emplace_back("Tenure-Position", to_string(*result->position));
  if (result->replayed) response.headers.emplace_back("Idempotent-Replayed", "true");
  return response;
}

std::string Api::fill(std::string row) {
  return json::fill_placeholders(std::move(row), node_.keys(), public_url_);
}

http::Response Api::ok(std::string json, std::optional<std::uint64_t> version) {
  http::Response response{.status = 200, .body = std::move(json)};
  if (version) response.headers.emplace_back("ETag", http::etag_header(*version));
  return response;
}

std::string Api::cursor_binding(const Call& call) {
  std::string binding(call.route->operation_id);
  binding += '\n' + call.principal.scope();
  if (call.workspace) binding += '\n' + call.workspace->id.str();
  for (const auto& [name, value] : call.path) binding += '\n' + value;
  for (const auto& [name, value] : call.request.query) {
    if (name != "cursor" && name != "limit") binding.append("\n").append(name).append("=").append(value);
  }
  return binding;
}

std::expected<PageRequest, Rejection> Api::page_request(const Call& call) {
  PageRequest page{.limit = limits::page_rows_default, .after = {}};
  if (const auto limit = call.request.query_value("limit")) page.limit = std::stoul(std::string(*limit));
  if (const auto cursor = call.request.query_value("cursor")) {
    auto after = http::decode_cursor(cursor_key_, cursor_binding(call), *cursor);
    if (!after) return std::unexpected(after.error());
    page.after = std::move(*after);
  }
  return page;
}

http::Response Api::list(const Call& call, Page page) {
  std::string body;
  json::Writer out(body);
  out.begin_object().key("data").begin_array();
  for (const auto& row : page.rows) out.raw(row);
  out.end_array().member("has_more", page.next.has_value());
  if (page.next) {
    out.member("next_cursor", http::encode_cursor(cursor_key_, cursor_binding(call), *page.next));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return ok(fill(std::move(body)));
}

}  // namespace tenure
