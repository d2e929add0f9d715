#include "tests/support/tenured_process.h"

#include <csignal>
#include <stdexcept>

#include "tests/support/eventually.h"

namespace tenure::test {
namespace {

#ifdef __SANITIZE_THREAD__
constexpr std::chrono::seconds start_bound{120};  // such a node folds a hundred commits a second
#else
constexpr std::chrono::seconds start_bound{30};
#endif
constexpr std::chrono::seconds stop_bound{30};
constexpr std::string_view listening = "listening on ";

}  // namespace

std::filesystem::path executable(std::string_view name) {
  return std::filesystem::path(TENURE_BIN_DIR) / name;
}

Finished run_tenured(std::vector<std::string> arguments, const std::filesystem::path& directory,
                     std::map<std::string, std::string> environment) {
  return run(executable("tenured"), {.arguments = std::move(arguments),
                                     .environment = std::move(environment),
                                     .directory = directory,
                                     .name = "tenured"});
}

std::vector<std::string> start_arguments(const std::filesystem::path& data_dir,
                                         const std::vector<std::string>& flags) {
  return with({"--data-dir", data_dir.string(), "--listen", "127.0.0.1:0"}, flags);
}

TenuredProcess::TenuredProcess(std::filesystem::path data_dir, std::vector<std::string> flags)
    : data_dir_(std::move(data_dir)), flags_(std::move(flags)) {
  start();
}

TenuredProcess::~TenuredProcess() = default;

std::vector<std::unique_ptr<TenuredProcess>> TenuredProcess::start_together(
    const std::vector<std::filesystem::path>& data_dirs, const std::vector<std::string>& flags) {
  std::vector<std::unique_ptr<TenuredProcess>> started;
  for (const auto& data_dir : data_dirs) {
    auto& process = *started.emplace_back(new TenuredProcess());
    process.data_dir_ = data_dir;
    process.flags_ = flags;
    process.launch();
  }
  for (auto& process : started) process->wait_until_it_serves();
  return started;
}

void TenuredProcess::start() {
  launch();
  wait_until_it_serves();
}

void TenuredProcess::launch() {
  ProgramOptions options;
  options.arguments = start_arguments(data_dir_, flags_);
  options.directory = data_dir_.parent_path();
  options.name = data_dir_.filename().string() + "-" + std::to_string(++starts_);
  program_ = std::make_unique<Program>(executable("tenured"), options);
}

void TenuredProcess::wait_until_it_serves() {
  bool ended = false;
  const bool settled = eventually(
      [&] {
        ended = program_->wait(std::chrono::milliseconds(0)).has_value();
        return ended || program_->out().ends_with('\n');
      },
      start_bound);
  const auto line = program_->out();
  if (!settled || !line.starts_with(listening)) {
    throw std::runtime_error("tenured does not serve; stdout: " + line + "stderr: " + program_->err());
  }
  url_ = line.substr(listening.size(), line.find('\n') - listening.size());
}

std::string TenuredProcess::bootstrap_token() const {
  auto token = read_file(data_dir_ / "bootstrap-token");
  while (token.ends_with('\n')) token.pop_back();
  return token;
}

void TenuredProcess::kill9() {
  program_->signal(SIGKILL);
  program_->wait(stop_bound);
}

std::optional<int> TenuredProcess::terminate() {
  program_->signal(SIGTERM);
  return program_->wait(stop_bound);
}

}  // namespace tenure::test
