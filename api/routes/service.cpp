// Health, metrics and the documents of the API.
#include "api/api.h"
#include "api/docs.h"
#include "api/openapi.h"
#include "api/routes/handlers.h"

namespace tenure::routes {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

http::Response text(int status, std::string body) {
  return {.status = status, .body = std::move(body), .content_type = plain_text};
}

}  // namespace

Reply livez(Call&) { return text(200, "ok\n"); }

Reply readyz(Call& call) {
  const auto health = call.api.node().health();
  const bool ready = !health.draining && health.stopped.empty();
  if (!call.request.query_value("verbose")) return text(ready ? 200 : 503, ready ? "ok\n" : "not ready\n");
  std::string body;
  const auto line = [&](bool good, std::string_view what) {
    body.append(good ? "[+] " : "[-] ").append(what).append("\n");
  };
  line(!health.draining, health.draining ? "shutting down" : "serving");
  line(health.stopped.empty(), "fold, " + std::to_string(health.commits_behind) + " commits behind");
  for (const auto& stopped : health.stopped) line(false, stopped);
  if (health.waits_for_key) line(false, "fold waits for a data key that is on its way");
  line(health.log.available,
       health.log.available ? "log" : "log does not answer (reads go on): " + health.log.trouble);
  line(health.poisoned.empty(), "sagas, " + std::to_string(health.operations_running) +
                                    " operations running, " + std::to_string(health.stuck.size()) + " stuck");
  for (const auto& poisoned : health.poisoned) line(false, poisoned);
  const auto unpublished = "publisher, " + std::to_string(health.events_unpublished) + " events unpublished";
  line(health.publishing_trouble.empty(),
       health.publishing_trouble.empty() ? unpublished : unpublished + ": " + health.publishing_trouble);
  return text(ready ? 200 : 503, std::move(body));
}

Reply metrics(Call& call) {
  auto response = text(200, call.api.metrics().text(call.api.node()));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

Reply openapi(Call& call) {
  static const std::string document = openapi_document(route_table());
  return call.api.ok(document);
}

Reply docs(Call&) {
  return http::Response{.status = 200,
                        .body = std::string(docs_page()),
                        .content_type = "text/html; charset=utf-8",
                        .headers = {{"Content-Security-Policy", std::string(docs_policy())}}};
}

}  // namespace tenure::routes
