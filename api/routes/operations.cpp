#include "projections/operations.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/api.h"
#include "api/routes/handlers.h"
#include "api/routes/request_parts.h"

namespace tenure::routes {
namespace {

constexpr std::chrono::seconds wait_default{30};
constexpr std::chrono::milliseconds look_every{50};

OperationId id_of(const Call& call) { return OperationId::parse(call.parameter("operation")).value(); }

boost::asio::awaitable<http::Response> wait(Call& call) {
  const auto asked = call.request.query_value("timeout");
  const auto timeout = asked ? std::chrono::seconds(std::stoi(std::string(*asked))) : wait_default;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto end = std::chrono::steady_clock::now() + timeout;
  auto row = operations::find(call.api.store(), id_of(call)).value();
  const auto waits_on = [&] {
    return row.status == operation::Status::running && std::chrono::steady_clock::now() < end &&
           !call.api.node().draining();
  };
  while (waits_on()) {
    timer.expires_after(look_every);
    co_await timer.async_wait(boost::asio::use_awaitable);
    row = operations::find(call.api.store(), id_of(call)).value();
  }
  co_return call.api.ok(call.api.fill(std::move(row.json)), row.version);
}

}  // namespace

// Clients of the reference read this list and refuse types that they do not know: none of those exists yet.
Reply list_operations(Call& call) {
  if (call.request.query_value("owner_type") && !call.request.query_value("owner_id")) {
    return call.api.refuse(call, invalid({"query", "owner_id"}, "is required with owner_type"));
  }
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  return call.api.list(call, {});
}

Reply list_workspace_operations(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  operations::Filter filter;
  if (const auto type = call.request.query_value("type")) filter.type = from_spelling<operation::Type>(*type);
  if (const auto state = call.request.query_value("state"))
    filter.status = from_spelling<operation::Status>(*state);
  return call.api.list(call, operations::list(call.api.store(), call.workspace->id, filter, *page));
}

Reply get_operation(Call& call) {
  auto row = operations::find(call.api.store(), id_of(call)).value();
  return call.api.ok(call.api.fill(std::move(row.json)), row.version);
}

Reply wait_for_operation(Call& call) { return wait(call); }

Reply cancel_operation(Call& call) {
  return call.api.execute(call, operation::CancelOperation{call.workspace->id, id_of(call)},
                          call.workspace->partition);
}

Reply retry_operation(Call& call) {
  auto& node = call.api.node();
  const operation::RetryOperation command{call.workspace->id, id_of(call),
                                          OperationId::make(node.clock().now(), node.random())};
  return call.api.execute(call, command, call.workspace->partition);
}

}  // namespace tenure::routes
