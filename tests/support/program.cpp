#include "tests/support/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/eventually.h"

namespace tenure::test {
namespace {

std::vector<std::string> environment_of(const ProgramOptions& options) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("TENURE_") && !text.starts_with("XDG_")) all.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

int opened(const char* file, int flags) { return ::open(file, flags | O_CLOEXEC, 0600); }

}  // namespace

Program::Program(const std::filesystem::path& executable, const ProgramOptions& options)
    : out_(options.directory / (options.name + ".out")), err_(options.directory / (options.name + ".err")) {
  if (!std::filesystem::exists(executable)) throw std::runtime_error(executable.string() + " is not built");
  auto arguments = with({executable.string()}, options.arguments);
  auto variables = environment_of(options);
  auto argv = pointers(arguments);
  auto envp = pointers(variables);
  const int in = opened("/dev/null", O_RDONLY);
  const int out = opened(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  const int err = opened(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  if (in < 0 || out < 0 || err < 0)
    throw std::runtime_error("cannot write into " + options.directory.string());
  pid_ = ::fork();
  if (pid_ == 0) {
    // Only calls that are safe between fork and exec.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execve(argv.front(), argv.data(), envp.data());
    ::_exit(127);
  }
  for (const int file : {in, out, err}) ::close(file);
  if (pid_ < 0) throw std::runtime_error("cannot fork");
}

Program::~Program() {
  if (exit_) return;
  signal(SIGKILL);
  wait(std::chrono::seconds(10));
}

std::string Program::out() const { return read_file(out_); }
std::string Program::err() const { return read_file(err_); }

void Program::signal(int number) {
  if (!exit_) ::kill(pid_, number);
}

std::optional<int> Program::wait(std::chrono::milliseconds bound) {
  (void)eventually(
      [this] {
        int status = 0;
        if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
          exit_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        return exit_.has_value();
      },
      bound);
  return exit_;
}

Finished run(const std::filesystem::path& executable, const ProgramOptions& options,
             std::chrono::milliseconds bound) {
  Program program(executable, options);
  const auto exit = program.wait(bound);
  return {exit.value_or(-1), program.out(), program.err()};
}

std::vector<std::string> with(std::vector<std::string> flags, const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

void write_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace tenure::test
