// Appends of 900 bytes with 1, 32 and 256 outstanding, beside a bare write + fdatasync on the same disk.
// TENURE_BENCH_DIR chooses the disk (default: the system's temporary directory).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/log/embedded_log.h"

namespace tenure {
namespace {

constexpr std::size_t record_bytes = 900;

class BenchDirectory {
 public:
  BenchDirectory() {
    const char* chosen = std::getenv("TENURE_BENCH_DIR");
    const std::filesystem::path parent =
        chosen != nullptr ? chosen : std::filesystem::temp_directory_path().string();
    std::string pattern = (parent / "tenure-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot create " + pattern);
    path_ = pattern;
  }
  ~BenchDirectory() { std::filesystem::remove_all(path_); }
  BenchDirectory(const BenchDirectory&) = delete;
  BenchDirectory& operator=(const BenchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void raw_fdatasync(benchmark::State& state) {
  const BenchDirectory directory;
  const int file = ::open((directory.path() / "raw").c_str(), O_CREAT | O_WRONLY, 0600);
  const std::string record(record_bytes, 'r');
  for (auto _ : state) {
    if (::write(file, record.data(), record.size()) < 0 || ::fdatasync(file) != 0)
      state.SkipWithError("I/O error");
  }
  ::close(file);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(raw_fdatasync)->UseRealTime();

// As many callers as outstanding appends: each answer allows the next append.
void log_append(benchmark::State& state) {
  const BenchDirectory directory;
  auto log = open_embedded_log({.directory = directory.path() / "log", .partitions = 17});
  if (!log) throw std::runtime_error(log.error().message);
  const auto outstanding_max = static_cast<std::uint32_t>(state.range(0));
  std::atomic<std::uint32_t> outstanding{0};
  std::atomic<bool> failed{false};
  std::uint16_t partition = 0;
  const std::string record(record_bytes, 'r');
  for (auto _ : state) {
    for (std::uint32_t now = outstanding; now >= outstanding_max; now = outstanding) outstanding.wait(now);
    ++outstanding;
    partition = static_cast<std::uint16_t>(1 + partition % 16);
    (*log)->append(Partition{partition}, record, [&](const AppendResult& result) {
      if (result.status != AppendStatus::durable) failed = true;
      --outstanding;
      outstanding.notify_one();
    });
  }
  for (std::uint32_t now = outstanding; now > 0; now = outstanding) outstanding.wait(now);
  if (failed) state.SkipWithError("an append failed");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(log_append)->Arg(1)->Arg(32)->Arg(256)->UseRealTime();

}  // namespace
}  // namespace tenure

BENCHMARK_MAIN();
