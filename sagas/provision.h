// The provision saga: dev, staging and prod side by side through the provisioner; each is attempted again
// with growing pauses; one that fails for good leaves the others. Cancelling removes what was made.
//
// Its state is its operation (commands/operation/operation.h).
#pragma once

#include "commands/operation/operation.h"
#include "sagas/saga.h"

namespace tenure::provision {

[[nodiscard]] Actions react(const operation::State& operation, const SagaContext& context);

}  // namespace tenure::provision
