// A provisioner for the simulation: it fails, fails for good, hangs, answers twice and answers late. It remembers what
// exists, and how often each effect was asked for.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/crypto/random.h"
#include "sagas/provisioners/provisioner.h"

namespace tenure::simulation {

struct ProvisionerFaults {
  // In per mille of the calls.
  std::uint64_t failed = 0, failed_for_good = 0, hangs = 0, twice = 0;
  std::uint64_t delay_max_millis = 50;
};

class SimulatedProvisioner final : public Provisioner {
 public:
  // `later` runs a function after that many milliseconds of simulated time.
  using Later = std::function<void(std::uint64_t millis, std::function<void()>)>;
  // `to_asker` makes an answer that is dropped when the process that asked is gone.
  using ToAsker = std::function<Done(Done)>;
  SimulatedProvisioner(Random& random, Later later, ToAsker to_asker)
      : random_(random), later_(std::move(later)), to_asker_(std::move(to_asker)) {}

  void set_faults(const ProvisionerFaults& faults) { faults_ = faults; }
  [[nodiscard]] std::string_view name() const override { return "simulated"; }

  void start(const ProvisionRequest& request, Done answer_to) override {
    const auto done = to_asker_(std::move(answer_to));
    if (happens(faults_.hangs)) return;
    const auto outcome = decide(request);
    const auto answer = [this, request, outcome, done] {
      if (outcome.status == ProvisionOutcome::Status::done) apply(request);
      done(outcome);
    };
    later_(random_.below(faults_.delay_max_millis + 1), answer);
    if (happens(faults_.twice)) later_(random_.below(10 * faults_.delay_max_millis + 1), [done, outcome] { done(outcome); });
  }

  // Environments that exist outside.
  [[nodiscard]] const std::set<std::string>& existing() const { return existing_; }

 private:
  bool happens(std::uint64_t per_mille) { return random_.below(1000) < per_mille; }
  ProvisionOutcome decide(const ProvisionRequest& request) {
    if (happens(faults_.failed)) return {ProvisionOutcome::Status::failed, {}, "simulated failure"};
    const bool provision = request.action == ProvisionRequest::Action::provision;
    if (provision && happens(faults_.failed_for_good)) return {ProvisionOutcome::Status::failed_for_good, {}, "simulated end"};
    return {ProvisionOutcome::Status::done, "sim://" + request.environment.str(), {}};
  }
  void apply(const ProvisionRequest& request) {
    if (request.action == ProvisionRequest::Action::provision) {
      existing_.insert(request.environment.str());
    } else {
      existing_.erase(request.environment.str());
    }
  }

  Random& random_;
  Later later_;
  ToAsker to_asker_;
  ProvisionerFaults faults_;
  std::set<std::string> existing_;
};

}  // namespace tenure::simulation
