// The audit feed and the raw events of a workspace.
#include "projections/history.h"

#include "api/api.h"
#include "api/routes/handlers.h"
#include "api/routes/request_parts.h"
#include "projections/audit.h"

namespace tenure::routes {

Reply list_audit_entries(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  const audit::Filter filter{.actor = query_text(call, "actor"),
                             .action = query_text(call, "action"),
                             .target = query_text(call, "target"),
                             .outcome = query_text(call, "outcome"),
                             .from = query_time(call, "from"),
                             .to = query_time(call, "to")};
  const auto order =
      call.request.query_value("order") == "asc" ? audit::Order::oldest_first : audit::Order::newest_first;
  return call.api.list(call, audit::list(call.api.store(), call.workspace->id.str(), filter, order, *page));
}

Reply list_events(Call& call) {
  const auto page = call.api.page_request(call);
  if (!page) return call.api.refuse(call, page.error());
  const history::Filter filter{
      .type = query_text(call, "type"), .from = query_time(call, "from"), .to = query_time(call, "to")};
  return call.api.list(call, history::of_workspace(call.api.store(), call.workspace->id, filter, *page));
}

}  // namespace tenure::routes
