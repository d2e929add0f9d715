#include "tests/crash/client.h"

#include <chrono>
#include <thread>

#include "core/events/position_text.h"
#include "core/json/json.h"

namespace tenure::crash {
namespace {

using namespace std::chrono_literals;

// A server that stands still is left soon.
constexpr auto answer_bound = 3s;
constexpr auto pause = 5ms;

json::Value body_of(const net::HttpResponse& response) { return json::parse(response.body).value(); }
std::uint64_t version_of(const net::HttpResponse& response) {
  return std::stoull(response.header("etag").substr(1));
}

}  // namespace

void Client::run() {
  while (servers_.running) {
    const auto choice = random_.below(100);
    if (!servers_.shared.empty() && choice < 40) {
      const auto& id = servers_.shared[random_.below(servers_.shared.size())];
      choice < 25 ? write_shared(id) : read_shared(id);
    } else if (own_.empty() || random_.below(40) == 0) {
      create();
    } else {
      rename_own(own_[random_.below(own_.size())]);
    }
  }
}

void Client::create() {
  const auto answer = send({.method = "POST",
                            .target = "/v1/workspaces",
                            .headers = {},
                            .body = fmt::format(R"({{"name":"client {}"}})", number_)});
  if (!answer) return;
  const auto& response = answer->response;
  if (response.status != 201)
    die(fmt::format("creating was answered {}: {}", response.status, response.body));
  acknowledged(*answer);
  const std::string id(body_of(response).at("id").as_string());
  own_.push_back(id);
  const std::lock_guard lock(ledger_.mutex);
  ledger_.workspaces.push_back(id);
}

void Client::rename_own(const std::string& id) {
  const auto name = fmt::format("name {} {}", number_, ++names_);
  {
    const std::lock_guard lock(ledger_.mutex);
    ledger_.last.erase(id);
  }
  const auto answer = send({.method = "PATCH",
                            .target = "/v1/workspaces/" + id,
                            .headers = {},
                            .body = fmt::format(R"({{"name":"{}"}})", name)});
  if (!answer) return;
  const auto& response = answer->response;
  if (response.status != 200)
    die(fmt::format("renaming was answered {}: {}", response.status, response.body));
  acknowledged(*answer);
  const std::lock_guard lock(ledger_.mutex);
  if (!ledger_.acknowledged[id].insert(name).second) die("a name was acknowledged twice");
  ledger_.last[id] = name;
}

// Half of the time only if nobody else wrote meanwhile.
void Client::write_shared(const std::string& id) {
  const auto name = fmt::format("name {} {}", number_, ++names_);
  const auto known = versions_.find(id);
  const auto expected = known != versions_.end() && random_.below(2) == 0 ? known->second : 0;
  net::HttpRequest request{.method = "PATCH",
                           .target = "/v1/workspaces/" + id,
                           .headers = {},
                           .body = fmt::format(R"({{"name":"{}"}})", name)};
  if (expected != 0) request.headers["If-Match"] = fmt::format("\"{}\"", expected);
  const auto answer = send(std::move(request));
  if (!answer) return;
  const auto& response = answer->response;
  Operation operation{Operation::Kind::wrote, id, 0, name, expected, answer->asked, answer->answered};
  if (response.status == 412 && expected != 0) {
    operation.kind = Operation::Kind::refused;
    operation.value.clear();
    operation.version =
        std::stoull(std::string(body_of(response).at_pointer("/errors/0/metadata/current_etag").as_string()));
  } else if (response.status == 200) {
    operation.version = version_of(response);
    acknowledged(*answer);
  } else {
    die(fmt::format("renaming for version {} was answered {}: {}", expected, response.status, response.body));
  }
  versions_[id] = operation.version;
  const std::lock_guard lock(ledger_.mutex);
  if (operation.kind == Operation::Kind::wrote) ledger_.acknowledged[id].insert(name);
  ledger_.shared.push_back(std::move(operation));
}

void Client::read_shared(const std::string& id) {
  const auto answer = send({.method = "GET", .target = "/v1/workspaces/" + id, .headers = {}, .body = {}});
  if (!answer) return;
  const auto& response = answer->response;
  if (response.status != 200) die(fmt::format("reading was answered {}: {}", response.status, response.body));
  const auto version = version_of(response);
  versions_[id] = version;
  const std::lock_guard lock(ledger_.mutex);
  ledger_.shared.push_back({Operation::Kind::saw, id, version,
                            std::string(body_of(response).at("name").as_string()), 0, answer->asked,
                            answer->answered});
}

std::optional<Client::Answered> Client::send(net::HttpRequest request) {
  request.headers["Idempotency-Key"] = fmt::format("{}-{}", number_, ++keys_);
  if (request.method != "GET") request.headers["Content-Type"] = "application/json";
  // From here on whatever anybody has seen is to be seen: the clock is read before what that is, and after an
  // answer is entered.
  const auto asked = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(ledger_.mutex);
    if (const auto known = ledger_.positions(); !known.empty())
      request.headers["Tenure-Min-Position"] = known;
  }
  while (servers_.running) {
    auto response = attempt(request);
    // Unavailable, or too much contention or the first attempt still on its way: the same request again.
    const bool settled = response && response->status != 503 && response->status != 409;
    if (settled) {
      ledger_.see(response->header("tenure-position"));
      return Answered{std::move(*response), asked, std::chrono::steady_clock::now()};
    }
    if (!response || response->status == 503) {
      ++server_;
      http_.reset();
    }
    std::this_thread::sleep_for(pause);
  }
  return std::nullopt;
}

std::optional<net::HttpResponse> Client::attempt(net::HttpRequest& request) {
  std::string address;
  {
    const std::lock_guard lock(servers_.mutex);
    server_ %= servers_.addresses.size();
    address = servers_.addresses[server_];
    request.headers["Authorization"] = "Bearer " + servers_.token;
  }
  if (!http_ || address != address_) {
    auto made = net::HttpClient::to(address);
    if (!made) die(made.error());
    http_.emplace(std::move(*made));
    address_ = address;
  }
  auto answer = http_->send(request, answer_bound);
  if (!answer) return std::nullopt;
  return std::move(*answer);
}

void Client::acknowledged(const Answered& answered) {
  const std::lock_guard lock(ledger_.mutex);
  ledger_.answers.push_back(answered.answered);
  ledger_.longest_wait = std::max(ledger_.longest_wait, answered.answered - answered.asked);
  ledger_.by_server.resize(std::max(ledger_.by_server.size(), server_ + 1));
  ++ledger_.by_server[server_];
}

}  // namespace tenure::crash
