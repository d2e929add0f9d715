#include "tests/crash/history.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace tenure::crash {
namespace {

bool is_write(const Operation& operation) { return operation.kind == Operation::Kind::wrote; }

std::string text(const Operation& operation) {
  constexpr const char* kinds[] = {"wrote", "saw", "was refused at"};
  return fmt::format("{}: a client {} version {} '{}'", operation.what,
                     kinds[static_cast<int>(operation.kind)], operation.version, operation.value);
}

// In the only order in which they can have taken effect: a version is written and then seen.
bool earlier(const Operation& one, const Operation& other) {
  return std::tuple(one.version, !is_write(one), one.asked) <
         std::tuple(other.version, !is_write(other), other.asked);
}

std::optional<std::string> find_violation_of_one(const std::vector<Operation>& operations) {
  Instant now{};  // the earliest at which the next one can have taken effect
  const Operation* since = nullptr;
  std::uint64_t version = 0;
  std::optional<std::string> value;
  for (const auto& each : operations) {
    if (each.version != version) {
      version = each.version;
      value.reset();
    } else if (is_write(each)) {
      return text(each) + ", and another write made the same";
    }
    if (each.kind != Operation::Kind::refused) {
      if (value && *value != each.value) return text(each) + fmt::format(", which is '{}'", *value);
      value = each.value;
    }
    if (each.kind == Operation::Kind::refused && each.expected == each.version)
      return text(each) + ", which is the one that it asked for";
    if (is_write(each) && each.expected != 0 && each.expected >= each.version)
      return text(each) + fmt::format(" on top of version {}", each.expected);
    if (each.asked > now) {
      now = each.asked;
      since = &each;
    }
    if (now > each.answered)
      return text(each) + ", and had its answer before an earlier version was asked for: " + text(*since);
  }
  return std::nullopt;
}

// A write for one version only took effect on that very version.
std::optional<std::string> find_skipped(const std::vector<Operation>& operations) {
  for (const auto& each : operations) {
    if (!is_write(each) || each.expected == 0) continue;
    const auto between = std::ranges::find_if(operations, [&](const Operation& other) {
      return is_write(other) && other.version > each.expected && other.version < each.version;
    });
    if (between != operations.end()) {
      return text(each) + fmt::format(" on top of version {}, after which there was version {}",
                                      each.expected, between->version);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_violation(std::vector<Operation> history) {
  std::ranges::sort(history, earlier);
  std::map<std::string, std::vector<Operation>> registers;
  for (auto& operation : history) registers[operation.what].push_back(std::move(operation));
  for (const auto& [what, operations] : registers) {
    if (auto violation = find_violation_of_one(operations)) return violation;
    if (auto skipped = find_skipped(operations)) return skipped;
  }
  return std::nullopt;
}

}  // namespace tenure::crash
