// What the log and the store may hold: records, the events inside them, states. Damage is an error, never
// more.
#include <exception>
#include <string>
#include <tuple>

#include "commands/events.h"
#include "core/events/codec.h"
#include "tests/fuzz/fuzz.h"

namespace tenure {
namespace {

using fuzz::require;

std::string record_with(std::string_view envelope) {
  std::string record("TNR\x02", 4);
  for (int shift = 24; shift >= 0; shift -= 8) record += static_cast<char>(envelope.size() >> shift & 0xff);
  return record.append(envelope).append(64, '\0');
}

void reads_record(std::string_view record) {
  auto parsed = parse_record(record);
  if (!parsed) return require(!parsed.error().message.empty(), "an error says what is wrong");
  const crypto::Key key;
  require(!open_record(std::move(*parsed), key), "what nobody sealed does not open");
}

// Most events begin no stream: then they do not fit, or leave a state that lacks what the first one brings.
void reads_what_it_leads_to(const Event& event) {
  try {
    AnyState state;
    evolve(state, event, {});
    const auto text = encode_state(state);
    require(encode_state(decode_state(text)) == text, "a state reads back");
  } catch (const std::exception&) {
  }
}

// What is read as an event is written as one that reads the same.
void reads_events(const json::Value& data) {
  const auto read = [&](const auto& row) {
    const auto event = decode_event(row.name, row.schema, data);
    if (!event) return;
    const auto written = encode_event(*event);
    const auto again = decode_event(written.type, written.schema, json::parse(written.data).value());
    require(again && encode_event(*again).data == written.data, "an event reads back");
    (void)encode_public(*event, "id");
    reads_what_it_leads_to(*event);
  };
  std::apply([&](const auto&... rows) { (read(rows), ...); }, event_table);
}

void reads_state(std::string_view text) {
  try {
    (void)decode_state(text);
  } catch (const codec::DecodeError&) {
  }
}

}  // namespace
}  // namespace tenure

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenure;
  const auto text = fuzz::text_of(data, size);
  reads_record(text);
  reads_record(record_with(text));
  reads_state(text);
  if (const auto value = json::parse(text)) reads_events(*value);
  return 0;
}
