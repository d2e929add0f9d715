// The answer that is kept under an idempotency key, written by the fold in the same batch as the command's
// effect.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "core/events/commit.h"
#include "core/fold/fold.h"

namespace tenure {

struct KeptAnswer {
  StreamName key;  // that reserves the idempotency key
  std::string fingerprint;
  Success success = Success::no_content;
  RenderedAnswer answer;
  Position position;
};

[[nodiscard]] std::string encode_kept_answer(const KeptAnswer& kept);
// Throws std::logic_error for bytes that `encode_kept_answer` did not make.
[[nodiscard]] KeptAnswer decode_kept_answer(std::string_view bytes);

}  // namespace tenure
