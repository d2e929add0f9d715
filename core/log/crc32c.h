// CRC-32C (Castagnoli, RFC 3720 appendix B.4): what RocksDB's write-ahead log and our records are checked
// with.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenure {

// `so_far` continues the checksum of the bytes before `data`. Any thread.
[[nodiscard]] std::uint32_t crc32c(std::string_view data, std::uint32_t so_far = 0);

}  // namespace tenure
