#include "sagas/runner.h"

#include <fmt/core.h>

#include <algorithm>

#include "projections/operations.h"
#include "sagas/sagas.h"

namespace tenure {
namespace {

// States as they are folded, without what is in flight: a saga reacts to facts.
class FoldedStates final : public States {
 public:
  FoldedStates(Partition partition, StreamStates& states) : partition_(partition), states_(states) {}

 private:
  [[nodiscard]] const AnyState* find(const StreamName& stream) const override {
    const auto& found = states_.get(partition_, stream);
    return found.version.number == 0 ? nullptr : &found.state;
  }

  Partition partition_;
  StreamStates& states_;
};

std::string name_of(const Command& command) {
  return std::string(std::visit([]<class C>(const C&) { return command_info<C>().name; }, command));
}

}  // namespace

void SagaRunner::start() {
  for (auto& operation : operations::running(parts_.store)) {
    moved_.insert(operation.stream);
    running_.emplace(std::move(operation.stream), operation.partition);
  }
}

void SagaRunner::on_changed(Partition partition, const StreamName& stream) {
  if (stream.category() != operation::State::category) return;
  running_.insert_or_assign(stream, partition);
  moved_.insert(stream);
}

void SagaRunner::tick() {
  const auto now = parts_.clock.now();
  while (!due_.empty() && due_.begin()->first <= now)
    moved_.insert(due_.extract(due_.begin()).value().second);
  std::vector<std::pair<std::string, std::uint64_t>> overdue;
  for (const auto& [environment, attempt] : attempts_) {
    if (!attempt.recording && attempt.timeout <= now) overdue.emplace_back(environment, attempt.number);
  }
  for (const auto& [environment, number] : overdue) {
    finish(environment, number,
           {.status = ProvisionOutcome::Status::failed,
            .provider_ref = {},
            .error = "the provisioner gave no answer within " + to_string(parts_.provision_timeout)});
  }
  for (const auto& stream : std::exchange(moved_, {})) look_at(stream);
}

std::optional<Timestamp> SagaRunner::next_tick() const {
  if (!moved_.empty()) return parts_.clock.now();
  std::optional<Timestamp> next;
  const auto consider = [&](Timestamp at) { next = std::min(next.value_or(at), at); };
  if (!due_.empty()) consider(due_.begin()->first);
  for (const auto& [environment, attempt] : attempts_) {
    if (!attempt.recording) consider(attempt.timeout);
  }
  return next;
}

std::vector<OperationId> SagaRunner::stuck() const {
  std::vector<OperationId> found;
  for (const auto& [stream, partition] : running_) {
    const auto* operation = std::get_if<operation::State>(&parts_.states.get(partition, stream).state);
    if (operation != nullptr && operation->stuck) found.push_back(operation->id);
  }
  return found;
}

void SagaRunner::look_at(const StreamName& stream) {
  const auto place = running_.find(stream);
  if (place == running_.end() || poisoned_.contains(stream.str())) return;
  const auto partition = place->second;
  const FoldedStates states(partition, parts_.states);
  const auto& operation = states.get<operation::State>(stream);
  Actions actions;
  try {
    actions = react(operation, SagaContext{.now = parts_.clock.now(),
                                           .node = parts_.node,
                                           .alone = parts_.alone,
                                           .policy = parts_.policy,
                                           .states = states});
  } catch (const std::exception& error) {
    poisoned_.emplace(stream.str(), error.what());
    return;
  }
  if (operation.status != operation::Status::running) {
    running_.erase(place);
    return;
  }
  if (actions.look_again_at) look_later(stream, *actions.look_again_at);
  for (auto& effect : actions.effects) start_effect(partition, stream, std::move(effect));
  for (auto& command : actions.commands) {
    auto on_its_way = stream.str() + ' ' + name_of(command);
    if (!commands_on_their_way_.insert(on_its_way).second) continue;
    submit(partition, stream, std::move(command), [this, stream, on_its_way](bool succeeded) {
      commands_on_their_way_.erase(on_its_way);
      if (!succeeded) look_later(stream, parts_.clock.now() + parts_.policy.retry_base);
    });
  }
}

void SagaRunner::start_effect(Partition partition, const StreamName& stream, Effect effect) {
  const auto environment = effect.request.environment.str();
  if (const auto busy = attempts_.find(environment); busy != attempts_.end()) {
    busy->second.also_waiting.insert(stream);
    return;
  }
  auto& attempt = attempts_[environment];
  attempt.number = ++attempts_made_;
  attempt.timeout = parts_.clock.now() + parts_.provision_timeout;
  attempt.partition = partition;
  attempt.stream = stream;
  attempt.effect = std::move(effect);
  parts_.provisioner.start(
      attempt.effect.request, [this, environment, number = attempt.number](const ProvisionOutcome& outcome) {
        parts_.post([this, environment, number, outcome] { finish(environment, number, outcome); });
      });
}

void SagaRunner::finish(const std::string& environment, std::uint64_t number,
                        const ProvisionOutcome& outcome) {
  const auto found = attempts_.find(environment);
  if (found == attempts_.end() || found->second.number != number || found->second.recording) return;
  auto& attempt = found->second;
  attempt.recording = true;
  submit(attempt.partition, attempt.stream, attempt.effect.record(outcome),
         [this, environment, number](bool succeeded) { recorded(environment, number, succeeded); });
}

void SagaRunner::recorded(const std::string& environment, std::uint64_t number, bool succeeded) {
  const auto found = attempts_.find(environment);
  if (found == attempts_.end() || found->second.number != number) return;
  const auto attempt = std::move(found->second);
  attempts_.erase(found);
  const auto now = parts_.clock.now();
  // What could not be recorded is asked for again: the provisioner knows the key.
  look_later(attempt.stream, succeeded ? now : now + parts_.policy.retry_base);
  for (const auto& stream : attempt.also_waiting) look_later(stream, now);
}

void SagaRunner::submit(Partition partition, const StreamName& cause, Command command,
                        std::function<void(bool)> done) {
  CommandRequest request;
  request.command = std::move(command);
  request.partition = partition;
  request.caller = {.actor = {ActorType::system, "saga:provision"},
                    .display = "Tenure",
                    .display_sealed = {},
                    .via_organization = {}};
  request.causation_id = std::string(cause.rest());
  request.done = [done = std::move(done)](const CommandResult& result) { done(result.has_value()); };
  parts_.submit(std::move(request));
}

}  // namespace tenure
