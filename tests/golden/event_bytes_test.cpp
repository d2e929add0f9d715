#include <fmt/core.h>
#include <gtest/gtest.h>

#include <set>

#include "core/events/codec.h"
#include "tests/golden/event_samples.h"
#include "tests/golden/golden_file.h"

namespace tenure::testing {
namespace {

constexpr std::string_view how_to_add = "; TENURE_WRITE_GOLDEN=1 build/release/bin/golden_tests writes it";

GoldenFile golden(std::string_view event, std::uint32_t schema) {
  return GoldenFile(fmt::format("events/{}.{}.json", event, schema));
}

// A golden file holds the data of one or more events, each on a line of its own.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

std::expected<Event, RecordError> decode_line(std::string_view name, std::uint32_t schema,
                                              const std::string& line) {
  const auto value = json::parse(line);
  if (!value) return std::unexpected(RecordError{value.error().message});
  return decode_event(name, schema, *value);
}

template <class Table>
struct EventsOf;
template <class... Rows>
struct EventsOf<std::tuple<Rows...>> {
  using Types = ::testing::Types<typename Rows::Event...>;
};
struct NameOfEvent {
  template <class E>
  static std::string GetName(int) {
    return std::string(event_row<E>().name);
  }
};

template <class E>
class EveryEvent : public ::testing::Test {
 protected:
  static constexpr std::string_view wire_name = event_row<E>().name;
  static constexpr std::uint32_t newest = std::remove_cvref_t<decltype(event_row<E>())>::schema;

  static std::string encoded_samples() {
    std::string text;
    for (const auto& sample : samples(Of<E>{})) text += encode_event(sample).data + '\n';
    return text;
  }
};
TYPED_TEST_SUITE(EveryEvent, EventsOf<std::remove_cv_t<decltype(event_table)>>::Types, NameOfEvent);

TYPED_TEST(EveryEvent, IsWrittenAsItsGoldenFileSays) {
  const auto file = golden(this->wire_name, this->newest);
  file.write_when_missing_and_asked_to(this->encoded_samples());
  const auto bytes = file.read();
  ASSERT_TRUE(bytes) << file.path() << " is missing" << how_to_add;
  EXPECT_EQ(*bytes, this->encoded_samples());
}

TYPED_TEST(EveryEvent, IsReadFromTheGoldenFilesOfAllItsSchemas) {
  for (std::uint32_t schema = 1; schema <= this->newest; ++schema) {
    const auto file = golden(this->wire_name, schema);
    const auto bytes = file.read();
    ASSERT_TRUE(bytes) << file.path() << " is missing" << how_to_add;
    ASSERT_FALSE(lines_of(*bytes).empty());
    for (const auto& line : lines_of(*bytes)) {
      const auto event = decode_line(this->wire_name, schema, line);
      ASSERT_TRUE(event) << event.error().message;
      EXPECT_TRUE(std::holds_alternative<TypeParam>(*event));
      EXPECT_TRUE(schema != this->newest || encode_event(*event).data == line) << line;
    }
  }
}

TYPED_TEST(EveryEvent, KnowsItsNameAndSchema) {
  const auto encoded = encode_event(samples(Of<TypeParam>{}).front());
  EXPECT_EQ(encoded.type, this->wire_name);
  EXPECT_EQ(encoded.schema, this->newest);
}

TYPED_TEST(EveryEvent, OfASchemaFromTheFutureIsRefused) {
  const auto line = encode_event(samples(Of<TypeParam>{}).front()).data;
  const auto event = decode_line(this->wire_name, this->newest + 1, line);
  ASSERT_FALSE(event);
  EXPECT_NE(event.error().message.find("run a newer one"), std::string::npos) << event.error().message;
  EXPECT_FALSE(decode_line(this->wire_name, 0, line));
}

// A local copy lacks its credentials and is still read.
TYPED_TEST(EveryEvent, WithoutOneOfItsMembersIsRefusedUnlessThatIsOptionalOrACredential) {
  const auto whole = json::parse(encode_event(samples(Of<TypeParam>{}).front()).data).value().as_object();
  const auto check = [&](const auto& field) {
    using Member = std::remove_cvref_t<decltype(std::declval<TypeParam&>().*(field.member))>;
    auto part = whole;
    part.erase(field.name);
    EXPECT_EQ(decode_event(this->wire_name, this->newest, part).has_value(),
              codec::detail::is_optional<Member> || field.kind == FieldKind::credential)
        << field.name;
  };
  std::apply([&](const auto&... fields) { (check(fields), ...); }, TypeParam::fields());
}

TYPED_TEST(EveryEvent, MovesTheStateOfItsAggregateWhichIsStoredAndReadBackAsItIs) {
  using State = std::remove_cvref_t<decltype(event_row<TypeParam>())>::State;
  AnyState state;
  // What follows needs what it follows: a step, a slug.
  if constexpr (std::same_as<State, operation::State>) {
    evolve(state, samples(Of<operation::Started>{}).front(), sample_time(0));
  } else if constexpr (std::same_as<State, workspace::State>) {
    evolve(state, samples(Of<workspace::Created>{}).front(), sample_time(0));
  }
  for (const auto& sample : samples(Of<TypeParam>{})) evolve(state, sample, sample_time(1));
  ASSERT_TRUE(std::holds_alternative<State>(state));
  EXPECT_EQ(encode_state(decode_state(encode_state(state))), encode_state(state));
}

TEST(EventCatalogueTest, HasEveryNameOnce) {
  std::set<std::string_view> names;
  std::apply([&](const auto&... rows) { (names.insert(rows.name), ...); }, event_table);
  EXPECT_EQ(names.size(), std::tuple_size_v<decltype(event_table)>);
}

// An event that was once in a log is never removed from the catalogue, nor one of its schemas.
TEST(EventCatalogueTest, ReadsEveryGoldenFileThatThereIs) {
  std::set<std::string> readable;
  std::apply(
      [&]<class... Rows>(const Rows&... rows) {
        const auto add = [&](std::string_view name, std::uint32_t newest) {
          for (std::uint32_t schema = 1; schema <= newest; ++schema) {
            readable.insert(golden(name, schema).path().filename());
          }
        };
        (add(rows.name, Rows::schema), ...);
      },
      event_table);
  for (const auto& entry : std::filesystem::directory_iterator(GoldenFile("events").path())) {
    EXPECT_TRUE(readable.contains(entry.path().filename()))
        << entry.path() << " belongs to no event of the catalogue";
  }
}

TEST(EventCatalogueTest, RefusesAnEventThatItDoesNotKnow) {
  const auto event = decode_event("workspace.teleported", 1, json::parse("{}").value());
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().message,
            "this version does not know the event \"workspace.teleported\"; run a newer one");
}

TEST(EventCatalogueTest, LeavesCredentialsOutOfLocalCopies) {
  for (const auto& sample : samples(Of<session::Started>{})) {
    EXPECT_EQ(encode_local_copy(sample).find(sample.hash), std::string::npos);
  }
  for (const auto& sample : samples(Of<api_token::Created>{})) {
    EXPECT_EQ(encode_local_copy(sample).find(sample.hash), std::string::npos);
  }
}

}  // namespace
}  // namespace tenure::testing
