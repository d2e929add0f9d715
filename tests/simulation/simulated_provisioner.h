// The provisioner that all nodes of a simulation share: it fails, fails for good, hangs before or after the
// deed, answers twice and answers late. It remembers what exists, and does what an idempotency key names
// once.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "core/crypto/random.h"
#include "core/time/clock.h"
#include "sagas/provisioners/provisioner.h"

namespace tenure::simulation {

struct ProvisionerFaults {
  // In per mille of the calls.
  std::uint64_t failed = 0, failed_for_good = 0, hangs = 0, hangs_after = 0, twice = 0, late = 0;
  std::uint64_t delay_max_millis = 50;
  std::uint64_t late_max_millis = 5'000;
};

class SimulatedProvisioner final : public Provisioner {
 public:
  // Runs a function after a while.
  using Later = std::function<void(Duration, std::function<void()>)>;
  SimulatedProvisioner(Random& random, Later later) : random_(random), later_(std::move(later)) {}

  void set_faults(const ProvisionerFaults& faults) { faults_ = faults; }
  [[nodiscard]] std::string_view name() const override { return "simulated"; }

  void start(const ProvisionRequest& request, Done done) override {
    if (happens(faults_.hangs)) return;
    later_(some(faults_.delay_max_millis),
           [this, request, done = std::move(done)] { handle(request, done); });
  }

  // Environments that exist outside.
  [[nodiscard]] const std::set<std::string>& existing() const { return existing_; }
  // How often what each environment names was made.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& made() const { return made_; }

 private:
  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }
  Duration some(std::uint64_t millis_max) { return Duration(random_.below(millis_max + 1)); }

  void handle(const ProvisionRequest& request, const Done& done) {
    auto& generation = generations_[request.environment.str()];
    if (request.generation < generation) return;
    generation = request.generation;
    const auto outcome = decide(request);
    if (outcome.status == ProvisionOutcome::Status::done) apply(request);
    if (happens(faults_.hangs_after)) return;
    const auto answer = [done, outcome] { done(outcome); };
    later_(some(happens(faults_.late) ? faults_.late_max_millis : faults_.delay_max_millis), answer);
    if (happens(faults_.twice)) later_(some(faults_.late_max_millis), answer);
  }
  ProvisionOutcome decide(const ProvisionRequest& request) {
    const bool provision = request.action == ProvisionRequest::Action::provision;
    const ProvisionOutcome success{ProvisionOutcome::Status::done, "sim://" + request.environment.str(), {}};
    if (done_.contains(request.idempotency_key)) return success;
    if (happens(faults_.failed)) return {ProvisionOutcome::Status::failed, {}, "simulated failure"};
    if (provision && happens(faults_.failed_for_good))
      return {ProvisionOutcome::Status::failed_for_good, {}, "simulated end"};
    return success;
  }
  void apply(const ProvisionRequest& request) {
    if (!done_.insert(request.idempotency_key).second) return;
    const auto environment = request.environment.str();
    if (request.action == ProvisionRequest::Action::deprovision) {
      existing_.erase(environment);
    } else if (existing_.insert(environment).second) {
      ++made_[environment];
    }
  }

  Random& random_;
  Later later_;
  ProvisionerFaults faults_;
  std::set<std::string> done_;  // idempotency keys
  std::map<std::string, std::uint64_t> generations_;
  std::set<std::string> existing_;
  std::map<std::string, std::uint64_t> made_;
};

}  // namespace tenure::simulation
