#include "projections/environments.h"

#include "api/api.h"
#include "api/routes/handlers.h"

namespace tenure::routes {
namespace {

std::optional<EnvironmentId> find(const Call& call) {
  return environments::find(call.api.store(), call.workspace->id, call.parameter("environment"));
}

}  // namespace

Reply list_environments(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  return call.api.list(call, environments::list(call.api.store(), call.workspace->id, *page));
}

Reply retry_environment(Call& call) {
  auto& node = call.api.node();
  const environment::RetryEnvironment command{call.workspace->id, find(call).value(),
                                              OperationId::make(node.clock().now(), node.random())};
  return call.api.execute(call, command, call.workspace->partition);
}

bool environment_exists(const Call& call) { return find(call).has_value(); }

}  // namespace tenure::routes
