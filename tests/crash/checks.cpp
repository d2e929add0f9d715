#include "tests/crash/checks.h"

#include "tests/support/eventually.h"

namespace tenure::crash {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_bound = 30s;
constexpr auto settle_bound = 60s;

}  // namespace

void Checks::wait_until_active() {
  for (const auto& id : ledger_.workspaces) {
    const bool active = test::eventually(
        [&] { return std::string_view(get("/v1/workspaces/" + id).at("status").as_string()) == "active"; },
        settle_bound);
    if (!active) die("workspace " + id + " never became active");
  }
}

Verdict Checks::check() {
  Verdict verdict;
  for (const auto& [id, names] : ledger_.acknowledged) {
    const auto found = renames(id);
    const std::set<std::string> distinct(found.begin(), found.end());
    verdict.doubled += found.size() - distinct.size();
    for (const auto& name : names) verdict.lost += distinct.contains(name) ? 0 : 1;
    const auto last = ledger_.last.find(id);
    if (last != ledger_.last.end() && get("/v1/workspaces/" + id).at("name").as_string() != last->second)
      ++verdict.lost;
  }
  return verdict;
}

json::Value Checks::get(const std::string& target) {
  net::HttpRequest request{
      .method = "GET", .target = target, .headers = {{"Authorization", "Bearer " + token_}}, .body = {}};
  if (!positions_.empty()) request.headers["Tenure-Min-Position"] = positions_;
  std::string answered;
  json::Value body;
  const bool read = test::eventually(
      [&] {
        const auto answer = http_.send(request, answer_bound);
        answered = answer ? fmt::format("{}: {}", answer->status, answer->body) : answer.error().message;
        if (!answer || answer->status == 503) return false;
        if (answer->status != 200) die(fmt::format("GET {} was answered {}", target, answered));
        body = json::parse(answer->body).value();
        return true;
      },
      settle_bound);
  if (!read) die(fmt::format("GET {} was answered {}", target, answered));
  return body;
}

std::vector<std::string> Checks::renames(const std::string& id) {
  std::vector<std::string> names;
  std::string cursor;
  std::int64_t sequence = 0;
  while (true) {
    const auto page = get("/v1/workspaces/" + id + "/audit?order=asc&limit=100" + cursor);
    for (const auto& entry : page.at("data").as_array()) {
      if (entry.at("sequence").as_int64() != sequence++) die("the feed of " + id + " has a gap");
      const auto* changes = entry.as_object().if_contains("changes");
      if (std::string_view(entry.at("action").as_string()) != "workspace.updated" || changes == nullptr)
        continue;
      if (std::string_view(entry.at("outcome").as_string()) != "success") continue;
      names.emplace_back(changes->at("name").at("to").as_string());
    }
    if (!page.at("has_more").as_bool()) return names;
    cursor = "&cursor=" + std::string(page.at("next_cursor").as_string());
  }
}

}  // namespace tenure::crash
