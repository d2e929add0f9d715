#include "core/error.h"

#include <array>
#include <cstddef>

namespace tenure {

std::span<const ReasonInfo> reasons() {
  static constexpr auto table = std::to_array<ReasonInfo>({
#define TENURE_REASON_ROW(name, category, title, remedy) {#name, Category::category, title, remedy},
      TENURE_REASONS(TENURE_REASON_ROW)
#undef TENURE_REASON_ROW
  });
  return table;
}

const ReasonInfo& info(Reason reason) { return reasons()[static_cast<std::size_t>(reason)]; }

}  // namespace tenure
