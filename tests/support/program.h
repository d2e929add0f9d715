// Programs under test, started as a user starts them: arguments, environment, output in files, an exit code.
//
// Threads: one object, one thread; start programs from the thread that outlives them (they die with it).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tenure::test {

struct ProgramOptions {
  std::vector<std::string> arguments;  // without the program's own name
  std::map<std::string, std::string>
      environment;                  // beside the test's own, of which TENURE_* and XDG_* are left out
  std::filesystem::path directory;  // that stdout and stderr are kept in
  std::string name = "program";     // <name>.out and <name>.err
};

class Program {
 public:
  // Throws std::runtime_error when it cannot be started.
  Program(const std::filesystem::path& executable, const ProgramOptions& options);
  // Kills what still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // What it has written so far.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

  void signal(int number);
  // The exit code, 128 + the number of the signal that ended it, or nothing if it still runs after `bound`.
  std::optional<int> wait(std::chrono::milliseconds bound);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_;
  std::filesystem::path out_, err_;
};

struct Finished {
  int exit = -1;  // -1: it did not end within the bound, and was killed
  std::string out, err;
};

// Runs a program to its end.
[[nodiscard]] Finished run(const std::filesystem::path& executable, const ProgramOptions& options,
                           std::chrono::milliseconds bound = std::chrono::seconds(30));

// The same flags and these.
[[nodiscard]] std::vector<std::string> with(std::vector<std::string> flags,
                                            const std::vector<std::string>& more);

[[nodiscard]] std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view text);

}  // namespace tenure::test
