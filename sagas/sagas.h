// THE TABLE OF SAGAS: which saga works on an operation of each type.
#pragma once

#include "sagas/provision.h"

namespace tenure {

[[nodiscard]] inline Actions react(const operation::State& operation, const SagaContext& context) {
  switch (operation.type) {
    case operation::Type::workspace_provision:
    case operation::Type::environment_retry:
      return provision::react(operation, context);
  }
  return {};
}

}  // namespace tenure
