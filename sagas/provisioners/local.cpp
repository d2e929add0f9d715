#include "sagas/provisioners/local.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "core/crypto/crypto.h"
#include "core/json/json.h"

namespace tenure {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t secret_chars = 40;

ProvisionOutcome failed(const fs::path& path, const std::string& why) {
  return {.status = ProvisionOutcome::Status::failed,
          .provider_ref = {},
          .error = fmt::format("{}: {}", path.string(), why)};
}

// Whole or not at all: written beside, synced, renamed. Leaves an existing file as it is.
std::expected<void, std::string> write_once(const fs::path& path, std::string_view text, mode_t mode) {
  std::error_code error;
  if (fs::exists(path, error)) return {};
  const auto beside = fs::path(path).concat(".new");
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return std::unexpected(std::strerror(errno));
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  if (!written) return std::unexpected(std::strerror(reason));
  fs::rename(beside, path, error);
  if (error) return std::unexpected(error.message());
  return {};
}

std::string manifest(const ProvisionRequest& request) {
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("workspace", request.workspace.str())
      .member("environment", request.environment.str())
      .member("slug", request.environment_slug)
      .member("idempotency_key", request.idempotency_key)
      .end_object();
  return text + "\n";
}

std::string credentials(const ProvisionRequest& request, Random& random) {
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("user", request.environment.str())
      .member("secret", crypto::random_base62(secret_chars, random))
      .end_object();
  return text + "\n";
}

}  // namespace

void LocalProvisioner::start(const ProvisionRequest& request, Done done) {
  workers_.run([this, request, done = std::move(done)] {
    if (is_late(request)) return;
    done(request.action == ProvisionRequest::Action::provision ? provision(request) : deprovision(request));
  });
}

bool LocalProvisioner::is_late(const ProvisionRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto seen = generations_.find(request.environment);
  if (seen != generations_.end() && request.generation < seen->second) return true;
  if (request.generation > 0) generations_.insert_or_assign(request.environment, request.generation);
  return false;
}

ProvisionOutcome LocalProvisioner::provision(const ProvisionRequest& request) {
  const auto directory = root_ / request.workspace.str() / request.environment_slug;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return failed(directory, error.message());
  if (auto written = write_once(directory / "credentials.json", credentials(request, random_), 0600);
      !written) {
    return failed(directory / "credentials.json", written.error());
  }
  if (auto written = write_once(directory / "manifest.json", manifest(request), 0644); !written) {
    return failed(directory / "manifest.json", written.error());
  }
  return {.status = ProvisionOutcome::Status::done,
          .provider_ref = "file://" + fs::absolute(directory).string(),
          .error = {}};
}

ProvisionOutcome LocalProvisioner::deprovision(const ProvisionRequest& request) {
  const auto directory = root_ / request.workspace.str() / request.environment_slug;
  std::error_code error;
  fs::remove_all(directory, error);
  if (error) return failed(directory, error.message());
  fs::remove(directory.parent_path(), error);  // stays while other environments are in it
  return {.status = ProvisionOutcome::Status::done, .provider_ref = {}, .error = {}};
}

}  // namespace tenure
