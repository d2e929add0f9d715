#include <fmt/core.h>

#include "tests/crash/checks.h"
#include "tests/crash/load.h"
#include "tests/crash/runs.h"
#include "tests/support/eventually.h"
#include "tests/support/tenure_command.h"
#include "tests/support/tenured_process.h"

namespace tenure::crash {
namespace {

constexpr std::size_t clients = 8;

bool equals_its_log(const std::filesystem::path& data) {
  return test::run_tenure({"doctor", "--data-dir", data.string()}, data.parent_path(),
                          std::chrono::minutes(5))
             .exit == 0;
}

}  // namespace

bool run_embedded(const std::filesystem::path& folder, std::uint64_t kills, std::uint64_t seed) {
  const auto data = folder / "data";
  test::TenuredProcess server(data, {"--retry-base", "20ms"});
  Load load(clients, {server.url()}, server.bootstrap_token(), seed);
  SeededRandom random(seed);
  for (std::uint64_t i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random.below(300)));
    server.kill9();
    server.start();
    load.move(0, server.url());
  }
  const auto before = load.answers();
  if (!test::eventually([&] { return load.answers() > before + clients; }))
    die("nothing is answered any more");
  load.stop();

  const auto& ledger = load.ledger();
  Checks checks(server.url(), server.bootstrap_token(), ledger);
  checks.wait_until_active();
  const auto verdict = checks.check();
  const auto violation = find_violation(ledger.shared);
  (void)server.terminate();
  const bool same = equals_its_log(data);
  fmt::print("{} kills, {} commands acknowledged on {} workspaces, {} lost, {} doubled, store {} the log\n",
             kills, ledger.answers.size(), ledger.workspaces.size(), verdict.lost, verdict.doubled,
             same ? "equals" : "DIFFERS FROM");
  fmt::print("{} operations on shared workspaces: {}\n", ledger.shared.size(),
             violation.value_or("linearizable"));
  return verdict.good() && same && !violation;
}

}  // namespace tenure::crash
