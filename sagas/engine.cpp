#include "sagas/engine.h"

#include <algorithm>

namespace tenure {
namespace {

constexpr auto key_pause = std::chrono::milliseconds(5);

}  // namespace

Engine::Engine(Parts parts, EngineOptions options)
    : options_(std::move(options)),
      clock_(parts.clock),
      states_(parts.store, options_.streams_in_memory),
      projector_(
          parts.store, states_,
          [this](Partition partition, const StreamName& stream) { runner_.on_changed(partition, stream); },
          parts.sink == nullptr ? Projector::Publishing::off : Projector::Publishing::on),
      fold_(parts.log, parts.store, parts.keys, projector_, &sent_),
      executor_(
          {.log = parts.log,
           .store = parts.store,
           .keys = parts.keys,
           .folded = states_,
           .sent = sent_,
           .clock = parts.clock,
           .random = parts.random,
           .node = options_.node,
           .policy = options_.policy,
           .render = &render_answer,
           .commit_timeout = options_.commit_timeout,
           .refusal_window = options_.refusal_window,
           .appended =
               [this, post = parts.post](CommitId commit, AppendResult result) {
                 post([this, commit, result = std::move(result)] { executor_.on_appended(commit, result); });
               }}),
      runner_({.store = parts.store,
               .states = states_,
               .provisioner = parts.provisioner,
               .clock = parts.clock,
               .node = options_.node,
               .alone = options_.alone,
               .policy = options_.policy,
               .provision_timeout = options_.provision_timeout,
               .submit = [this](CommandRequest request) { executor_.submit(std::move(request)); },
               .post = parts.post}),
      publisher_({.store = parts.store,
                  .states = states_,
                  .keys = parts.keys,
                  .sink = parts.sink,
                  .clock = parts.clock,
                  .random = parts.random,
                  .node = options_.node,
                  .policy = options_.policy,
                  .partitions = parts.log.partitions(),
                  .submit = [this](CommandRequest request) { executor_.submit(std::move(request)); },
                  .post = parts.post}) {}

bool Engine::catch_up() {
  for (const auto& folded : fold_.step(options_.commits_per_step)) executor_.on_folded(folded);
  return fold_.behind();
}

bool Engine::pump() {
  executor_.flush();  // the log syncs what was just decided while this thread folds
  for (const auto& folded : fold_.step(options_.commits_per_step)) {
    executor_.on_folded(folded);
    publisher_.on_folded(folded);
  }
  executor_.tick();
  runner_.tick();
  publisher_.tick();
  executor_.flush();
  return fold_.behind();
}

std::optional<Timestamp> Engine::next_tick() const {
  std::optional<Timestamp> next;
  const auto consider = [&](std::optional<Timestamp> at) {
    if (at) next = std::min(next.value_or(*at), *at);
  };
  consider(executor_.next_tick());
  consider(runner_.next_tick());
  consider(publisher_.next_tick());
  if (fold_.waits_for_key()) consider(clock_.now() + key_pause);
  return next;
}

}  // namespace tenure
