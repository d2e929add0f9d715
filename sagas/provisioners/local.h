// Environments as directories of this machine: <root>/<workspace id>/<slug>/ with a manifest and credentials. For
// trying out and for one machine: with several nodes, an environment is on the node that made it.
#pragma once

#include <filesystem>
#include <memory>

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
  [[nodiscard]] ProvisionOutcome provision(const ProvisionRequest& request);
  [[nodiscard]] ProvisionOutcome deprovision(const ProvisionRequest& request);

  const std::filesystem::path root_;
  Random& random_;
  Workers& workers_;
};

}  // namespace tenure
