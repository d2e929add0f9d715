// JSON from outside, held against the schema of every route.
#include <stdexcept>

#include "api/route.h"
#include "core/json/json.h"
#include "tests/fuzz/fuzz.h"

namespace tenure {
namespace {

using fuzz::require;

void reads_back(const json::Value& value) {
  require(json::parse(json::dump(value)).has_value(), "what is written is JSON");
  try {
    const auto text = json::canonical(value);
    require(json::canonical(json::parse(text).value()) == text, "the canonical form is its own");
  } catch (const std::logic_error&) {
    // It is for integers below 2^53 alone.
  }
}

void is_checked(const json::Value& body) {
  for (const auto& route : route_table()) {
    if (!route.body) continue;
    for (const auto& error : route.body->validate(body, {"body"}))
      require(!error.message.empty() && error.path.front() == "body", "an error says where and what");
  }
}

}  // namespace
}  // namespace tenure

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenure;
  const auto value = json::parse(fuzz::text_of(data, size));
  if (!value) return 0;
  reads_back(*value);
  is_checked(*value);
  return 0;
}
