// The known word that a mistyped one was probably meant to be.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenure::text {

// Nothing when all are too far: more than a third of the word's letters, but at least one, would have to
// change. Two neighbours that were swapped are one change.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> known);

}  // namespace tenure::text
