// What an embedded log says about itself, in the file TENURE-LOG of its directory. It never changes.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>

namespace tenure {

struct LogStamp {
  std::string id;  // a random UUID (RFC 9562, version 4)
  std::uint16_t partitions = 0;
};

// Nothing when there is no stamp. An error is a sentence with the remedy.
[[nodiscard]] std::expected<std::optional<LogStamp>, std::string> read_log_stamp(
    const std::filesystem::path& directory);
// Makes one, durably, where there is none.
[[nodiscard]] std::expected<LogStamp, std::string> create_log_stamp(const std::filesystem::path& directory,
                                                                    std::uint16_t partitions);

}  // namespace tenure
