// Environments as directories of this machine: <root>/<workspace id>/<slug>/ with a manifest and credentials.
// For trying out and for one machine: with several nodes, an environment is on the node that made it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "core/crypto/random.h"
#include "sagas/provisioners/provisioner.h"
#include "sagas/workers.h"

namespace tenure {

class LocalProvisioner final : public Provisioner {
 public:
  LocalProvisioner(std::filesystem::path root, Random& random, Workers& workers)
      : root_(std::move(root)), random_(random), workers_(workers) {}

  [[nodiscard]] std::string_view name() const override { return "local"; }
  void start(const ProvisionRequest& request, Done done) override;

 private:
  [[nodiscard]] bool is_late(const ProvisionRequest& request);
  [[nodiscard]] ProvisionOutcome provision(const ProvisionRequest& request);
  [[nodiscard]] ProvisionOutcome deprovision(const ProvisionRequest& request);

  const std::filesystem::path root_;
  Random& random_;
  Workers& workers_;
  std::mutex mutex_;
  // Of environments that were to be undone, by this process; guarded by mutex_. Requests do not outlive the
  // process.
  std::map<EnvironmentId, std::uint64_t> generations_;
};

}  // namespace tenure
