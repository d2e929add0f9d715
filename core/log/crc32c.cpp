#include "core/log/crc32c.h"

#include <array>
#include <cstring>

namespace tenure {

namespace {

constexpr std::uint32_t polynomial_reflected = 0x82F63B78U;

constexpr auto table = [] {
  std::array<std::uint32_t, 256> entries{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? polynomial_reflected : 0U);
    entries[byte] = value;
  }
  return entries;
}();

std::uint32_t portable(std::string_view data, std::uint32_t state) {
  for (const char byte : data)
    state = table[(state ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (state >> 8U);
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view data, std::uint32_t state) {
  std::uint64_t wide = state;
  while (data.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data(), 8);
    wide = __builtin_ia32_crc32di(wide, word);
    data.remove_prefix(8);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (const char byte : data) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(byte));
  return narrow;
}
const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t crc32c(std::string_view data, std::uint32_t so_far) {
#if defined(__x86_64__)
  if (has_instruction) return ~by_instruction(data, ~so_far);
#endif
  return ~portable(data, ~so_far);
}

}  // namespace tenure
