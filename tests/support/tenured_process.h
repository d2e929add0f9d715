// The real server on a port of its own, started, killed and started again by a test.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace tenure::test {

// Where the build leaves `tenured` and `tenure`.
[[nodiscard]] std::filesystem::path executable(std::string_view name);

// The server, run to its end: a start that is refused, or one that only prints something. stdout and stderr
// are kept in `directory` too.
[[nodiscard]] Finished run_tenured(std::vector<std::string> arguments, const std::filesystem::path& directory,
                                   std::map<std::string, std::string> environment = {});
// What makes it start on these data, on a free port.
[[nodiscard]] std::vector<std::string> start_arguments(const std::filesystem::path& data_dir,
                                                       const std::vector<std::string>& flags = {});

class TenuredProcess {
 public:
  // Starts it, and returns once it says on stdout where it listens. Throws std::runtime_error, with what it
  // wrote to stderr, when that does not happen within 30 s (under ThreadSanitizer 2 min).
  explicit TenuredProcess(std::filesystem::path data_dir, std::vector<std::string> flags = {});
  // Several at once, each on data of its own.
  [[nodiscard]] static std::vector<std::unique_ptr<TenuredProcess>> start_together(
      const std::vector<std::filesystem::path>& data_dirs, const std::vector<std::string>& flags);
  // Kills it.
  ~TenuredProcess();

  [[nodiscard]] const std::string& url() const { return url_; }
  // "127.0.0.1:45123"
  [[nodiscard]] std::string address() const { return url_.substr(url_.find("//") + 2); }
  [[nodiscard]] pid_t pid() const { return program_->pid(); }
  [[nodiscard]] std::string out() const { return program_->out(); }
  [[nodiscard]] std::string err() const { return program_->err(); }
  // The session token that the first start wrote.
  [[nodiscard]] std::string bootstrap_token() const;

  void kill9();
  // SIGTERM; the exit code, or nothing after 30 s.
  [[nodiscard]] std::optional<int> terminate();
  // The same again, on the same data, after it has ended. The port is another one.
  void start();

 private:
  TenuredProcess() = default;
  void launch();
  void wait_until_it_serves();

  std::filesystem::path data_dir_;
  std::vector<std::string> flags_;
  std::unique_ptr<Program> program_;
  std::string url_;
  int starts_ = 0;
};

}  // namespace tenure::test
