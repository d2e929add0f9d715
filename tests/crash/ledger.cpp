#include "tests/crash/ledger.h"

#include "core/events/position_text.h"

namespace tenure::crash {

void Ledger::see(const std::string& positions) {
  if (positions.empty()) return;
  const auto parsed = parse_positions(positions, UINT16_MAX);
  if (!parsed) die("an answer names no position but " + positions);
  const std::lock_guard lock(mutex);
  for (const auto& position : *parsed) {
    auto& furthest = seen[to_number(position.partition)];
    furthest = std::max(furthest, position.offset);
  }
}

std::string Ledger::positions() const {
  std::string text;
  for (const auto& [partition, offset] : seen) {
    if (!text.empty()) text += '.';
    text += to_string(Position{Partition{partition}, offset});
  }
  return text;
}

}  // namespace tenure::crash
