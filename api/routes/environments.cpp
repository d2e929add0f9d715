#include "projections/environments.h"

#include "api/api.h"
#include "api/routes/handlers.h"

namespace tenure::routes {
namespace {

boost::asio::awaitable<http::Response> retry(Call& call) {
  if (const auto body = call.api.body(call); !body) co_return call.api.refuse(call, body.error());
  const auto environment =
      environments::find(call.api.store(), call.workspace->id, call.parameter("environment"));
  if (!environment) co_return call.api.refuse(call, {Reason::not_found, "", {}, {}});
  auto& node = call.api.node();
  const environment::RetryEnvironment command{call.workspace->id, *environment,
                                              OperationId::make(node.clock().now(), node.random())};
  co_return co_await call.api.execute(call, command, call.workspace->partition);
}

}  // namespace

Reply list_environments(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  return call.api.list(call, environments::list(call.api.store(), call.workspace->id, *page));
}

Reply retry_environment(Call& call) { return retry(call); }

}  // namespace tenure::routes
