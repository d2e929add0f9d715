#include "tests/simulation/clients.h"

#include <fmt/core.h>

#include <algorithm>

#include "projections/workspaces.h"

namespace tenure::simulation {
namespace {

constexpr int requests_per_intent_max = 8;
constexpr std::uint64_t repeat_after_max_millis = 1'500;
constexpr std::uint64_t slugs_in_demand = 6;

std::optional<OperationId> operation_of(const Store& store, WorkspaceId id) {
  const auto row = workspaces::find(store, id);
  if (!row) return std::nullopt;
  const auto value = json::parse(row->json).value();
  return OperationId::parse(std::string_view(value.at("operation_id").as_string())).value();
}

bool is_worth_repeating(Reason reason) {
  return reason == Reason::outcome_unknown || reason == Reason::log_unavailable ||
         reason == Reason::contention || reason == Reason::idempotency_key_in_use ||
         reason == Reason::overloaded;
}

}  // namespace

void Clients::bootstrap(SimulatedNode& node) {
  ledger_.user = UserId::make(clock_.now(), random_);
  ledger_.account = AccountId::make(clock_.now(), random_);
  (void)node.keys().put({{ledger_.user.str(), crypto::Key::generate(random_)}});
  CommandRequest request;
  request.command = user::Bootstrap{.user = ledger_.user,
                                    .account = ledger_.account,
                                    .session = SessionId::make(clock_.now(), random_),
                                    .name = Sealed("x.y"),
                                    .session_hash = std::string(64, 'a')};
  request.partition = directory_partition;
  request.caller = caller();
  request.done = [this](const CommandResult& result) {
    if (result) bootstrapped_ = result->position;
  };
  node.submit(std::move(request));
}

Caller Clients::caller() const {
  return {.actor = {ActorType::user, ledger_.user.str()},
          .display = "Simulated",
          .display_sealed = {},
          .via_organization = {}};
}

SimulatedNode* Clients::any_node() {
  std::vector<SimulatedNode*> serving;
  for (const auto& node : nodes_) {
    if (node->serves()) serving.push_back(node.get());
  }
  return serving.empty() ? nullptr : serving[random_.below(serving.size())];
}

void Clients::act() {
  auto intent = wish();
  if (!intent) return;
  const auto at_once = happens(250) ? 2 : 1;
  const auto index = ledger_.intents.size();
  ledger_.intents.push_back(*intent);
  if (auto* node = any_node()) send(index, *node);
  if (at_once == 1) return;
  // The same again elsewhere, or something else on the same workspace.
  auto* other = any_node();
  if (other == nullptr) return;
  if (!intent->key.empty()) return send(index, *other);
  if (intent->kind == Intent::Kind::create) return;
  ledger_.intents.push_back(wish_for(intent->workspace, ledger_.workspaces.at(intent->workspace), *other));
  send(index + 1, *other);
}

std::optional<Intent> Clients::wish() {
  auto* node = any_node();
  if (node == nullptr) return std::nullopt;
  if (ledger_.workspaces.empty() || happens(100)) {
    const auto number = ledger_.intents.size();
    Intent intent{.kind = Intent::Kind::create, .text = fmt::format("Workspace {}", number)};
    intent.partition = Partition{static_cast<std::uint16_t>(1 + random_.below(2))};
    if (happens(300)) intent.slug = Slug::from_name(fmt::format("wanted-{}", random_.below(slugs_in_demand)));
    if (happens(700)) intent.key = fmt::format("key {}", number);
    return intent;
  }
  const auto& [id, known] = *std::next(ledger_.workspaces.begin(),
                                       static_cast<std::ptrdiff_t>(random_.below(ledger_.workspaces.size())));
  if (happens(100)) {
    read(id, *node);
    return std::nullopt;
  }
  return wish_for(id, known, *node);
}

Intent Clients::wish_for(WorkspaceId id, const KnownWorkspace& known, SimulatedNode& node) {
  const auto number = ledger_.intents.size();
  Intent intent{.kind = Intent::Kind::rename, .text = fmt::format("Text {}", number)};
  intent.partition = known.partition;
  intent.workspace = id;
  intent.operation = operation_of(node.store(), id);
  if (happens(600)) intent.key = fmt::format("key {}", number);
  const auto choice = random_.below(100);
  if (choice < 50 || !intent.operation) {
    if (happens(200)) intent.slug = Slug::from_name(fmt::format("wanted-{}", random_.below(slugs_in_demand)));
  } else if (choice < 64) {
    intent.kind = Intent::Kind::freeze;
  } else if (choice < 80) {
    intent.kind = Intent::Kind::unfreeze;
  } else if (choice < 90) {
    intent.kind = Intent::Kind::cancel;
  } else {
    intent.kind = Intent::Kind::retry;
  }
  return intent;
}

// As a route would: ids are made anew for each request.
Command Clients::command_of(Intent& intent) {
  switch (intent.kind) {
    case Intent::Kind::create: {
      const auto id = WorkspaceId::make(clock_.now(), random_);
      intent.made.insert(id.str());
      return workspace::CreateWorkspace{.workspace = id,
                                        .account = ledger_.account,
                                        .owner = ledger_.user,
                                        .name = intent.text,
                                        .slug = intent.slug,
                                        .region = {}};
    }
    case Intent::Kind::rename:
      return workspace::UpdateWorkspace{intent.workspace, intent.text, intent.slug};
    case Intent::Kind::freeze:
      return workspace::FreezeWorkspace{intent.workspace, intent.text};
    case Intent::Kind::unfreeze:
      return workspace::UnfreezeWorkspace{intent.workspace};
    case Intent::Kind::cancel:
      return operation::CancelOperation{intent.workspace, *intent.operation};
    case Intent::Kind::retry: {
      const auto id = OperationId::make(clock_.now(), random_);
      intent.made.insert(id.str());
      return operation::RetryOperation{intent.workspace, *intent.operation, id};
    }
  }
  throw std::logic_error("an intent of no kind");
}

void Clients::send(std::size_t index, SimulatedNode& node) {
  auto& intent = ledger_.intents[index];
  // Not found here, or not yet: a route says so without a command.
  const bool found = intent.kind == Intent::Kind::create || workspaces::find(node.store(), intent.workspace);
  if (!found) return repeat_later(index);
  ++intent.requests;
  const auto number = ++requests_made_;
  CommandRequest request;
  request.command = command_of(intent);
  request.partition = intent.partition;
  request.caller = caller();
  if (!intent.key.empty()) request.idempotency = {ledger_.user.str(), intent.key, intent.text};
  request.done = [this, number](const CommandResult& result) { on_answer(number, result); };
  requests_.emplace(number, Request{index, &node});
  node.submit(std::move(request));
}

void Clients::repeat_later(std::size_t index) {
  auto& intent = ledger_.intents[index];
  if (intent.key.empty() || intent.requests >= requests_per_intent_max) return;
  ++repeats_;
  agenda_.after(Duration(random_.below(repeat_after_max_millis)), [this, index] {
    --repeats_;
    if (auto* node = any_node()) return send(index, *node);
    repeat_later(index);
  });
}

void Clients::on_crash(const SimulatedNode& node) {
  for (auto request = requests_.begin(); request != requests_.end();) {
    if (request->second.node != &node) {
      ++request;
      continue;
    }
    ledger_.intents[request->second.intent].unknown = true;
    repeat_later(request->second.intent);
    request = requests_.erase(request);
  }
}

void Clients::on_answer(std::uint64_t number, const CommandResult& result) {
  const auto request = requests_.extract(number);
  if (request.empty()) return fail("a request was answered twice, or by a process that was gone");
  const auto index = request.mapped().intent;
  auto& intent = ledger_.intents[index];
  if (happens(answers_lost_)) {
    intent.unknown = true;
    return repeat_later(index);
  }
  if (result) {
    on_success(intent, *result);
  } else {
    on_refusal(index, result.error());
  }
}

void Clients::on_success(Intent& intent, const Answer& answer) {
  if (!answer.position) return;
  if (intent.committed && (*intent.committed != *answer.position || intent.answer != answer.body)) {
    return fail(fmt::format("\"{}\" was answered in two ways: it was done twice", intent.text));
  }
  intent.committed = answer.position;
  intent.answer = answer.body;
  if (intent.kind == Intent::Kind::create) {
    const auto value = json::parse(answer.body).value();
    const auto id = WorkspaceId::parse(std::string_view(value.at("id").as_string())).value();
    ledger_.workspaces.try_emplace(id,
                                   KnownWorkspace{.partition = intent.partition, .last = *answer.position});
    intent.workspace = id;
  }
  auto& known = ledger_.workspaces.at(intent.workspace);
  known.last = std::max(known.last, *answer.position);
  const bool of_workspace = intent.kind != Intent::Kind::cancel && intent.kind != Intent::Kind::retry;
  if (of_workspace) known.version = std::max(known.version, answer.version.value_or(0));
}

void Clients::on_refusal(std::size_t index, const Rejection& rejection) {
  auto& intent = ledger_.intents[index];
  if (rejection.reason == Reason::outcome_unknown) intent.unknown = true;
  if (rejection.reason == Reason::workspace_frozen)
    ledger_.workspaces.at(intent.workspace).told_frozen = true;
  if (rejection.reason == Reason::idempotency_key_reused) {
    return fail(fmt::format("\"{}\" was told that its key is of another request", intent.text));
  }
  if (is_worth_repeating(rejection.reason)) repeat_later(index);
}

void Clients::read(WorkspaceId id, SimulatedNode& node) {
  const auto& known = ledger_.workspaces.at(id);
  node.when_folded(known.last, [this, id, at_least = known.version, &node] {
    const auto row = workspaces::find(node.store(), id);
    if (!row || row->header.version < at_least)
      fail(id.str() + " was read at a position and is older than that");
  });
}

void Clients::repeat_everything() {
  for (std::size_t index = 0; index < ledger_.intents.size(); ++index) {
    auto& intent = ledger_.intents[index];
    if (intent.key.empty() || !(intent.committed || intent.unknown)) continue;
    intent.requests = 0;
    repeat_later(index);
  }
}

}  // namespace tenure::simulation
