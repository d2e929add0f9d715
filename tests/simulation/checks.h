// What must hold once a simulated system has come to rest.
#pragma once

#include <optional>
#include <string>

#include "core/store/store.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/node_sink.h"
#include "tests/simulation/simulated_provisioner.h"

namespace tenure::simulation {

// Each gives the first thing that is broken.

// What was acknowledged is there, once; what was refused is not; what is unknown is there at most once.
[[nodiscard]] std::optional<std::string> check_ledger(const Ledger& ledger, const Store& store);
// Every environment is at rest; what is active exists outside and what was undone does not; nothing was made
// without an operation that asked for it.
[[nodiscard]] std::optional<std::string> check_environments(const Store& store,
                                                            const SimulatedProvisioner& provisioner);
// The audit feeds have no gaps.
[[nodiscard]] std::optional<std::string> check_feeds(const Ledger& ledger, const Store& store);
// Who drops what is not above the last sequence read gets every public event once and in order.
[[nodiscard]] std::optional<std::string> check_events(const EventTopic& topic, const Store& store);
// The same bytes.
[[nodiscard]] std::optional<std::string> check_same(const Store& one, const Store& other);

}  // namespace tenure::simulation
