// The session that `tenure auth login` keeps: config.yaml in $XDG_CONFIG_HOME/tenure or ~/.config/tenure,
// mode 0600.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

namespace tenure::cli {

inline constexpr const char* default_url = "http://127.0.0.1:8080";

struct Session {
  std::string url, token;  // empty: not logged in
};

[[nodiscard]] std::filesystem::path session_path();
[[nodiscard]] std::expected<Session, std::string> read_session();
[[nodiscard]] std::expected<void, std::string> write_session(const Session& session);
void forget_session();

}  // namespace tenure::cli
