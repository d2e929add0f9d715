// What makes and removes environments. The runner calls it at least once for each step; the idempotency key
// names saga and step, never the attempt, so that an effect that was asked for twice happens once. What was
// undone and is asked for again is another effect: the key ends with the environment's generation.
//
// A request may arrive late, from an attempt that was given up or a node that has not heard that its
// operation was cancelled. So a provisioner does nothing for a request whose generation is smaller than one
// that it has seen of the environment.
//
// Threads: `start` is called on the runner's thread and must not block. `done` may be called on any thread,
// more than once, late or never: the runner has its own time limit.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/ids/typeid.h"

namespace tenure {

struct ProvisionRequest {
  enum class Action { provision, deprovision };
  Action action{};
  std::string idempotency_key;
  WorkspaceId workspace;
  std::string workspace_slug, workspace_name;
  EnvironmentId environment;
  std::string environment_slug;
  std::uint64_t generation = 0;  // grows when what is to happen to the environment turns around
  std::uint32_t attempt = 1;     // for people; from 1
};

struct ProvisionOutcome {
  enum class Status {
    done,
    failed,           // another attempt may help
    failed_for_good,  // none will
  };
  Status status{};
  std::string provider_ref;  // where it is, when provisioned
  std::string error;         // when failed
};

class Provisioner {
 public:
  using Done = std::function<void(ProvisionOutcome)>;

  virtual ~Provisioner() = default;
  // As shown on environments.
  [[nodiscard]] virtual std::string_view name() const = 0;
  virtual void start(const ProvisionRequest& request, Done done) = 0;
};

}  // namespace tenure
