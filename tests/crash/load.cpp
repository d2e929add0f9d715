#include "tests/crash/load.h"

#include "core/json/json.h"

namespace tenure::crash {
namespace {

constexpr int shared_workspaces = 5;
constexpr std::chrono::seconds answer_bound{30};

}  // namespace

void Load::make_shared_workspaces() {
  auto http = net::HttpClient::to(servers_.addresses.front()).value();
  for (int i = 0; i < shared_workspaces; ++i) {
    const net::HttpRequest request{
        .method = "POST",
        .target = "/v1/workspaces",
        .headers = {{"Authorization", "Bearer " + servers_.token}, {"Content-Type", "application/json"}},
        .body = R"({"name":"shared"})"};
    const auto made = http.send(request, answer_bound);
    if (!made || made->status != 201) die("no shared workspace could be made");
    servers_.shared.emplace_back(json::parse(made->body).value().at("id").as_string());
    ledger_.workspaces.push_back(servers_.shared.back());
    ledger_.see(made->header("tenure-position"));
  }
}

}  // namespace tenure::crash
