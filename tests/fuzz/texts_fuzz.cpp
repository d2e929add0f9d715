// Texts with one spelling: what is read is written again as it was. And cursors, which only this server
// makes.

#include <string>

#include "api/cursor.h"
#include "core/events/position_text.h"
#include "core/ids/slug.h"
#include "core/ids/typeid.h"
#include "core/text/unicode.h"
#include "core/time/clock.h"
#include "tests/fuzz/fuzz.h"

namespace tenure {
namespace {

using fuzz::require;

template <class Text>
void has_one_spelling(std::string_view text) {
  if (const auto read = Text::parse(text)) require(read->str() == text, "an id has one spelling");
}

void reads_times(std::string_view text) {
  if (const auto time = parse_rfc3339(text))
    require(parse_rfc3339(to_rfc3339(*time)) == *time, "a time reads back");
  if (const auto duration = parse_duration(text))
    require(parse_duration(to_string(*duration)) == *duration, "a duration reads back");
}

void makes_and_reads_cursors(std::string_view text) {
  const crypto::Key key;
  require(!http::decode_cursor(key, "list", text), "nobody else makes a cursor");
  const auto half = text.size() / 2;
  const auto binding = text.substr(0, half);
  const auto position = text.substr(half);
  const auto cursor = http::encode_cursor(key, binding, position);
  require(http::decode_cursor(key, binding, cursor) == position, "a cursor opens for its list");
  require(!http::decode_cursor(key, std::string(binding) + "x", cursor), "a cursor opens for no other list");
}

}  // namespace
}  // namespace tenure

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenure;
  const auto text = fuzz::text_of(data, size);
  has_one_spelling<WorkspaceId>(text);
  has_one_spelling<UserId>(text);
  has_one_spelling<Slug>(text);
  if (const auto uuid = Uuid::parse(text)) require(Uuid::parse(uuid->str()) == *uuid, "a uuid reads back");
  if (text::is_utf8(text)) has_one_spelling<Slug>(Slug::from_name(text).str());
  (void)parse_positions(text, 4);
  reads_times(text);
  makes_and_reads_cursors(text);
  return 0;
}
