#include "commands/kept_answer.h"

#include "core/store/keys.h"

namespace tenure {

std::string encode_kept_answer(const KeptAnswer& kept) {
  keys::Key value('\0');
  value.text(kept.key.str())
      .u8(static_cast<std::uint8_t>(kept.success))
      .partition(kept.position.partition)
      .u64(to_number(kept.position.offset))
      .u8(kept.answer.version ? 1 : 0)
      .u64(kept.answer.version.value_or(0))
      .text(kept.fingerprint)
      .rest(kept.answer.body);
  return std::move(value).str().substr(1);
}

KeptAnswer decode_kept_answer(std::string_view bytes) {
  keys::Reader reader(bytes);
  KeptAnswer kept;
  kept.key = StreamName{std::string(reader.text())};
  kept.success = static_cast<Success>(reader.u8());
  kept.position.partition = Partition{reader.u16()};
  kept.position.offset = Offset{reader.u64()};
  const bool has_version = reader.u8() == 1;
  const auto version = reader.u64();
  if (has_version) kept.answer.version = version;
  kept.fingerprint = std::string(reader.text());
  kept.answer.body = std::string(reader.rest());
  return kept;
}

}  // namespace tenure
