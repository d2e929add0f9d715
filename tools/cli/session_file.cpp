#include "tools/cli/session_file.h"

#include <yaml-cpp/yaml.h>

#include <cstdlib>

#include "api/data_directory.h"

namespace tenure::cli {

namespace fs = std::filesystem;

fs::path session_path() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0') {
    return fs::path(config) / "tenure" / "config.yaml";
  }
  const char* home = std::getenv("HOME");
  return fs::path(home == nullptr ? "." : home) / ".config" / "tenure" / "config.yaml";
}

std::expected<Session, std::string> read_session() {
  Session session;
  const auto file = session_path();
  std::error_code error;
  if (!fs::exists(file, error)) return session;
  try {
    const auto root = YAML::LoadFile(file.string());
    if (root["url"]) session.url = root["url"].as<std::string>();
    if (root["token"]) session.token = root["token"].as<std::string>();
  } catch (const YAML::Exception& fault) {
    return std::unexpected(file.string() + ": " + fault.what());
  }
  return session;
}

std::expected<void, std::string> write_session(const Session& session) {
  const auto file = session_path();
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return std::unexpected(file.parent_path().string() + ": " + error.message());
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "url" << YAML::Value << session.url << YAML::Key << "token"
      << YAML::Value << session.token << YAML::EndMap;
  return write_secret_file(file, std::string(out.c_str()) + "\n");
}

void forget_session() {
  std::error_code error;
  fs::remove(session_path(), error);
}

}  // namespace tenure::cli
