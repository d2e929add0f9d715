// What a client generated from the reference expects of an answer's bytes: names, types, lengths, and nothing
// null that is merely optional. Written by hand from the wire's description, apart from the server's own
// schemas, so that one checks the other.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tenure::test {

struct Exchange {
  std::string_view method, target;
  int status = 0;
  const std::map<std::string, std::string>& headers;  // names in lower case
  std::string_view body;
};

// What a strict client would stumble over, a sentence each. Targets outside /v1 and the OpenAPI document
// itself have none.
[[nodiscard]] std::vector<std::string> wire_faults(const Exchange& exchange);

}  // namespace tenure::test
