#include "core/ids/typeid.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>
#include <unordered_set>

namespace tenure {
namespace {

Uuid uuid(std::string_view text) { return Uuid::parse(text).value(); }

struct Known {
  std::string_view suffix, uuid;
};
// valid.yml of the TypeID specification 0.3.
constexpr std::array<Known, 7> valid{{
    {"00000000000000000000000000", "00000000-0000-0000-0000-000000000000"},
    {"00000000000000000000000001", "00000000-0000-0000-0000-000000000001"},
    {"0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"},
    {"0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"},
    {"00000000000000000000000010", "00000000-0000-0000-0000-000000000020"},
    {"7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
    {"0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"},
}};

TEST(TypeIdText, IsAsTheSpecificationShows) {
  for (const auto& known : valid) {
    EXPECT_EQ(encode_base32(uuid(known.uuid)), known.suffix);
    EXPECT_EQ(decode_base32(known.suffix), uuid(known.uuid)) << known.suffix;
  }
  EXPECT_EQ((TypeId<"prefix">(uuid("01890a5d-ac96-774b-bcce-b302099a8057")).str()),
            "prefix_01h455vb4pex5vsknk084sn02q");
  EXPECT_EQ((TypeId<"pre_fix">(uuid("00000000-0000-0000-0000-000000000000")).str()),
            "pre_fix_00000000000000000000000000");
}
// invalid.yml of the specification, as far as a prefix that the type fixes leaves anything to get wrong.
TEST(TypeIdText, IsRefusedAsTheSpecificationShows) {
  using Id = TypeId<"prefix">;
  for (const auto* text : {"PREFIX_00000000000000000000000000",
                           "12345_00000000000000000000000000",
                           "pre.fix_00000000000000000000000000",
                           "préfix_00000000000000000000000000",
                           "  prefix_00000000000000000000000000",
                           "_00000000000000000000000000",
                           "prefix__00000000000000000000000000",
                           "_",
                           "",
                           "prefix",
                           "prefix_",
                           "prefix_1234567890123456789012345",
                           "prefix_123456789012345678901234567",
                           "prefix_1234567890123456789012345 ",
                           "prefix_0123456789ABCDEFGHJKMNPQRS",
                           "prefix_123456789-123456789-123456",
                           "prefix_ooooooiiiiiiuuuuuuulllllll",
                           "prefix_i23456789ol23456789oi23456",
                           "prefix_123456789-0123456789-0123456",
                           "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
                           "prefix_0000000000000000000000000u"}) {
    EXPECT_FALSE(Id::parse(text)) << text;
  }
  EXPECT_FALSE(Id::parse(std::string("prefix_0000000000000000000000000\0", 33)));
  EXPECT_TRUE(Id::parse("prefix_00000000000000000000000000"));
}
TEST(TypeIdText, IsRefusedForAnIdOfAnotherThing) {
  SeededRandom random(1);
  const auto text = WorkspaceId::make(from_unix_millis(1), random).str();
  EXPECT_TRUE(WorkspaceId::parse(text));
  EXPECT_FALSE(EnvironmentId::parse(text));
  EXPECT_EQ(EnvironmentId::parse(text).error(), "expected env_ and 26 characters");
}
TEST(TypeIdText, SaysWhatIsWrong) {
  EXPECT_EQ(WorkspaceId::parse("ws_8zzzzzzzzzzzzzzzzzzzzzzzzz").error(), "the id is larger than 128 bits");
  EXPECT_NE(WorkspaceId::parse("ws_0000000000000000000000000u").error().find("without i, l, o, u"),
            std::string::npos);
}
RC_GTEST_PROP(TypeIdText, ReadsBackAsItWasWrittenAndSortsAsTheUuid, (std::uint64_t seed)) {
  SeededRandom random(seed);
  Uuid one;
  Uuid other;
  random.fill(one.bytes);
  random.fill(other.bytes);
  RC_ASSERT((TokenId::parse(TokenId(one).str()) == TokenId(one)));
  RC_ASSERT((Uuid::parse(one.str()) == one));
  RC_ASSERT((encode_base32(one) < encode_base32(other)) == (one < other));
}
RC_GTEST_PROP(TypeIdText, HasOneSpelling, (std::uint64_t seed)) {
  SeededRandom random(seed);
  std::string text;
  for (int i = 0; i < 26; ++i) text += "0123456789abcdefghjkmnpqrstvwxyz"[random.below(32)];
  const auto decoded = decode_base32(text);
  RC_ASSERT(decoded.has_value() == (text.front() <= '7'));
  if (decoded) {
    RC_ASSERT(encode_base32(*decoded) == text);
  }
}

TEST(UuidText, TakesBothCasesAndWritesTheLowerOne) {
  EXPECT_EQ(uuid("01890A5D-AC96-774B-BCCE-B302099A8057").str(), "01890a5d-ac96-774b-bcce-b302099a8057");
}
TEST(UuidText, RefusesOtherForms) {
  for (const auto* text : {"", "01890a5dac96774bbcceb302099a8057", "{01890a5d-ac96-774b-bcce-b302099a8057}",
                           "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80577",
                           "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5dac-96-774b-bcce-b302099a8057",
                           "01890a5d-ac96-774b-bcceb-302099a8057", "urn:uuid:01890a5d-ac96-774b-bcce-b302"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

// RFC 9562, 5.7 and A.6: 2022-02-22T19:22:22.000Z in the first 48 bits.
TEST(UuidV7, CarriesTimeVersionAndVariant) {
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) {
    const auto time = from_unix_millis(0x017f22e279b0);
    const auto uuid = make_uuid_v7(time, random);
    EXPECT_EQ(made_at(uuid), time);
    const auto text = uuid.str();
    EXPECT_EQ(text.substr(0, 15), "017f22e2-79b0-7");
    EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos) << text;
  }
}
TEST(UuidV7, SortsByTime) {
  SeededRandom random(1);
  auto last = make_uuid_v7(from_unix_millis(1'000), random);
  for (std::int64_t millis = 1'001; millis < 2'000; ++millis) {
    const auto next = make_uuid_v7(from_unix_millis(millis), random);
    EXPECT_LT(last, next);
    last = next;
  }
}
TEST(UuidV7, IsNewEachTime) {
  SystemRandom random;
  std::unordered_set<WorkspaceId> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(WorkspaceId::make(from_unix_millis(1), random));
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(TypeIdValue, IsNilUntilItIsMade) {
  EXPECT_TRUE(WorkspaceId().is_nil());
  SystemRandom random;
  EXPECT_FALSE(WorkspaceId::make(from_unix_millis(0), random).is_nil());
}

}  // namespace
}  // namespace tenure
