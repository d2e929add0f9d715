// A request's head and what stands behind it, as far as they are read before any route sees them.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "api/conditional.h"
#include "api/connection_text.h"
#include "core/events/position_text.h"
#include "core/limits.h"
#include "tests/fuzz/fuzz.h"

namespace tenure::http {
namespace {

namespace beast = boost::beast::http;

constexpr std::uint16_t partitions = 4;

std::string_view view(boost::core::string_view text) { return {text.data(), text.size()}; }

// What is received at once and what comes in two parts is one and the same.
bool is_whole_head(std::string_view received) {
  const auto at_once = HeadScan().look(received);
  HeadScan in_parts;
  const auto first = in_parts.look(received.substr(0, received.size() / 2));
  const auto then = first == HeadScan::Found::incomplete ? in_parts.look(received) : first;
  fuzz::require(first == HeadScan::Found::malformed || then == at_once, "a head is the same in two parts");
  return at_once == HeadScan::Found::complete;
}

void read_texts(Request& request) {
  read_trace(request);
  fuzz::require(!request.request_id.empty() && request.trace_id.size() == 32, "every request has its ids");
  (void)parse_target(request.target, request);
  (void)parse_if_match(request);
  (void)parse_idempotency_key(request);
  if (const auto positions = parse_positions(request.header("Tenure-Min-Position"), partitions)) {
    for (const auto& position : *positions)
      fuzz::require(to_number(position.partition) < partitions, "a position is in a partition that there is");
  }
  std::string out;
  write_response({.status = 200, .body = "{}"}, request, Persistence::keep, out);
  fuzz::require(out.find("\r\n\r\n") != std::string::npos, "a response has a whole head");
}

}  // namespace
}  // namespace tenure::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenure::http;
  const auto received = tenure::fuzz::text_of(data, size);
  if (!is_whole_head(received)) return 0;
  beast::request_parser<beast::string_body> parser;
  parser.header_limit(32U << 10U);
  parser.body_limit(1U << 20U);
  parser.eager(true);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(data, size), error);
  if (error && error != beast::error::need_more) return 0;
  Request request;
  request.target = view(parser.get().target());
  for (const auto& field : parser.get())
    request.headers.emplace_back(view(field.name_string()), view(field.value()));
  if (check_framing(parser.get().version(), request)) return 0;
  read_texts(request);
  return 0;
}
