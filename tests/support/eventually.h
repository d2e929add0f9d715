// Waiting for something that happens elsewhere: by looking often, never by a fixed sleep.
#pragma once

#include <chrono>
#include <thread>

namespace tenure::test {

// Whether `condition` becomes true within `bound`; it is asked at least once.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& condition,
                              std::chrono::milliseconds bound = std::chrono::seconds(15)) {
  constexpr std::chrono::milliseconds pause{5};
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace tenure::test
