#include "core/crypto/crypto.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <deque>
#include <set>
#include <thread>
#include <vector>

namespace tenure::crypto {
namespace {

std::string hex(std::string_view text) { return from_hex(text).value(); }
std::string_view bytes_of(const Key& key) {
  return {reinterpret_cast<const char*>(key.bytes().data()), key.bytes().size()};
}
Key key_from(std::string_view text) {
  std::array<std::uint8_t, 32> bytes{};
  std::copy_n(text.begin(), std::min<std::size_t>(text.size(), bytes.size()), bytes.begin());
  return Key(bytes);
}
// Gives out what it is told to, as a nonce has to be chosen for a known answer.
class GivenRandom final : public Random {
 public:
  explicit GivenRandom(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  void fill(std::span<std::uint8_t> bytes) override {
    for (auto& byte : bytes) {
      byte = static_cast<std::uint8_t>(bytes_.at(0));
      bytes_.pop_front();
    }
  }

 private:
  std::deque<char> bytes_;
};

// FIPS 180-4, the examples of NIST.
TEST(Sha256, GivesTheKnownAnswers) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
RC_GTEST_PROP(Sha256, OfPartsIsThatOfTheirConcatenation, (const std::vector<std::string>& parts)) {
  std::string whole;
  for (const auto& part : parts) whole += part;
  const std::vector<std::string_view> views(parts.begin(), parts.end());
  RC_ASSERT(sha256(views) == sha256(whole));
}
RC_GTEST_PROP(Sha256, OfPiecesIsThatOfTheirConcatenation, (const std::string& whole)) {
  std::string_view rest = whole;
  const auto pieces = [&] {
    const auto piece = rest.substr(0, 3);
    rest.remove_prefix(piece.size());
    return piece;
  };
  RC_ASSERT(sha256_of_pieces(pieces) == sha256(whole));
}
TEST(Sha256, IsRightInEveryThread) {
  std::array<std::thread, 4> threads;
  for (auto& thread : threads) {
    thread = std::thread([] {
      for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// RFC 4231: its keys are shorter than 32 bytes, which zeros at the end do not change.
TEST(HmacSha256, GivesTheAnswersOfRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(key_from(std::string(20, '\x0b')), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(key_from("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(key_from(std::string(20, '\xaa')), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(to_hex(hmac_sha256(key_from(hex("0102030405060708090a0b0c0d0e0f10111213141516171819")),
                               std::string(50, '\xcd'))),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

// RFC 5869, test case 3: no salt and no info; its key is shorter, so HMAC by hand shows the construction.
TEST(HkdfSha256, IsExtractAndExpandOfRfc5869) {
  const auto key = key_from(std::string(32, '\x0b'));
  const auto extracted = hmac_sha256(Key(), bytes_of(key));
  const auto expanded = hmac_sha256(Key(extracted), std::string("purpose\x01"));
  EXPECT_EQ(to_hex(bytes_of(hkdf_sha256(key, "purpose"))), to_hex(expanded));
}
// Computed with another implementation: openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:00..1f
// -kdfopt info:audit HKDF
TEST(HkdfSha256, GivesTheAnswerOfAnotherImplementation) {
  const auto key = key_from(hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  EXPECT_EQ(to_hex(bytes_of(hkdf_sha256(key, "audit"))),
            "ada348d64c2535699a93a752aa505cd22246adacfb789565ac5de00263d07c2a");
  EXPECT_EQ(to_hex(bytes_of(hkdf_sha256(key, ""))),
            "37ad29109f43265287804b674e2653d0a513718907f97fca97c95bded8104bbf");
}

// The specification of GCM (McGrew, Viega), test cases 13 to 16: 256-bit keys and 96-bit nonces.
struct GcmCase {
  std::string key, nonce, plaintext, associated, ciphertext, tag;
};
const GcmCase gcm_13{
    std::string(64, '0'), std::string(24, '0'), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"};
const GcmCase gcm_14{std::string(64, '0'),
                     std::string(24, '0'),
                     std::string(32, '0'),
                     "",
                     "cea7403d4d606b6e074ec5d3baf39d18",
                     "d0d1c8a799996bf0265b98b5d48ab919"};
const GcmCase gcm_15{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                     "cafebabefacedbaddecaf888",
                     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2"
                     "449a6b525b16aedf5aa0de657ba6"
                     "37b391aafd255",
                     "",
                     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1"
                     "056828838c5f61e6393ba7a0abcc"
                     "9f662898015ad",
                     "b094dac5d93471bdec1a502270e3cc6c"};
const GcmCase gcm_16{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                     "cafebabefacedbaddecaf888",
                     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2"
                     "449a6b525b16aedf5aa0de657ba6"
                     "37b39",
                     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1"
                     "056828838c5f61e6393ba7a0abcc"
                     "9f662",
                     "76fc6ece0f4e1768cddf8853bb2d551b"};

class AesGcm : public testing::TestWithParam<const GcmCase*> {};
INSTANTIATE_TEST_SUITE_P(KnownAnswers, AesGcm, testing::Values(&gcm_13, &gcm_14, &gcm_15, &gcm_16));

TEST_P(AesGcm, SealsAndOpensAsTheSpecificationShows) {
  const auto& known = *GetParam();
  GivenRandom random(hex(known.nonce));
  const auto key = key_from(hex(known.key));
  const auto box = seal(key, hex(known.plaintext), hex(known.associated), random);
  EXPECT_EQ(to_hex(box), known.nonce + known.ciphertext + known.tag);
  EXPECT_EQ(open(key, box, hex(known.associated)), hex(known.plaintext));
}
TEST_P(AesGcm, OpensNothingAfterAnyBitHasChanged) {
  const auto& known = *GetParam();
  SystemRandom random;
  const auto key = key_from(hex(known.key));
  const auto box = seal(key, hex(known.plaintext), "owner", random);
  for (std::size_t bit = 0; bit < 8 * box.size(); ++bit) {
    auto changed = box;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(open(key, changed, "owner")) << bit;
  }
  EXPECT_TRUE(open(key, box, "owner"));
}

TEST(SealedBox, DoesNotOpenUnderAnotherKeyOwnerOrLength) {
  SystemRandom random;
  const auto key = Key::generate(random);
  const auto box = seal(key, "secret", "ws_a", random);
  EXPECT_EQ(open(key, box, "ws_a"), "secret");
  EXPECT_FALSE(open(Key::generate(random), box, "ws_a"));
  EXPECT_FALSE(open(key, box, "ws_b"));
  EXPECT_FALSE(open(key, box, ""));
  EXPECT_FALSE(open(key, box + "x", "ws_a"));
  for (std::size_t size = 0; size < box.size(); ++size)
    EXPECT_FALSE(open(key, box.substr(0, size), "ws_a")) << size;
}
TEST(SealedBox, IsAnotherOneEachTime) {
  SystemRandom random;
  const auto key = Key::generate(random);
  std::set<std::string> nonces;
  for (int i = 0; i < 1000; ++i) nonces.insert(seal(key, "same", "", random).substr(0, gcm_nonce_bytes));
  EXPECT_EQ(nonces.size(), 1000U);
}
RC_GTEST_PROP(SealedBox, OpensAsItWasSealed, (const std::string& plaintext, const std::string& associated)) {
  SystemRandom random;
  const auto key = Key::generate(random);
  const auto box = seal(key, plaintext, associated, random);
  RC_ASSERT(box.size() == plaintext.size() + gcm_nonce_bytes + gcm_tag_bytes);
  RC_ASSERT(open(key, box, associated) == plaintext);
}
TEST(SealedBox, WorksWithKeysThatAlternateInOneThread) {
  SystemRandom random;
  const auto one = Key::generate(random);
  const auto other = Key::generate(random);
  for (int i = 0; i < 10; ++i) {
    const auto first = seal(one, "first", "a", random);
    const auto second = seal(other, "second", "b", random);
    EXPECT_EQ(open(one, first, "a"), "first");
    EXPECT_FALSE(open(one, second, "b"));
    EXPECT_EQ(open(other, second, "b"), "second");
  }
}

TEST(Crc32, IsThatOfZlib) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
}

TEST(ConstantTimeComparison, KnowsEqualFromUnequal) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "abcd"));
  EXPECT_FALSE(equal_constant_time("abc", ""));
}

TEST(Hex, IsLowerCaseAndNothingElse) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xff", 3)), "000fff");
  EXPECT_EQ(from_hex("000fff"), std::string("\x00\x0f\xff", 3));
  EXPECT_EQ(from_hex(""), "");
  for (const auto* text : {"0", "0g", "FF", " 00", "0x00"}) EXPECT_FALSE(from_hex(text)) << text;
}
// RFC 4648, 10.
TEST(Base64, GivesTheAnswersOfRfc4648) {
  const std::array<std::pair<std::string_view, std::string_view>, 7> known{{{"", ""},
                                                                            {"f", "Zg=="},
                                                                            {"fo", "Zm8="},
                                                                            {"foo", "Zm9v"},
                                                                            {"foob", "Zm9vYg=="},
                                                                            {"fooba", "Zm9vYmE="},
                                                                            {"foobar", "Zm9vYmFy"}}};
  for (const auto& [bytes, text] : known) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
    const auto unpadded = text.substr(0, text.find('='));
    EXPECT_EQ(to_base64url(bytes), unpadded);
    EXPECT_EQ(from_base64url(unpadded), bytes);
  }
  EXPECT_EQ(to_base64("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(to_base64url("\xfb\xff\xbf"), "-_-_");
}
TEST(Base64, HasOneSpellingForEachText) {
  for (const auto* text :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm9-", "=Zg=", "Zg==Zg=="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  for (const auto* text : {"Z", "Zg==", "Zh", "Zm9", "+/+/", "Zm9v "})
    EXPECT_FALSE(from_base64url(text)) << text;
}
RC_GTEST_PROP(Base64, AndHexReadBackAsTheyWereWritten, (const std::string& bytes)) {
  RC_ASSERT(from_base64(to_base64(bytes)) == bytes);
  RC_ASSERT(from_base64url(to_base64url(bytes)) == bytes);
  RC_ASSERT(from_hex(to_hex(bytes)) == bytes);
}

TEST(Base62, WritesNumbersWithDigitsBeforeUpperBeforeLowerCase) {
  EXPECT_EQ(to_base62(0, 6), "000000");
  EXPECT_EQ(to_base62(61, 6), "00000z");
  EXPECT_EQ(to_base62(62, 6), "000010");
  EXPECT_EQ(to_base62(10, 1), "A");
  EXPECT_EQ(to_base62(0xffffffff, 6), "4gfFC3");
}
TEST(Base62, GivesRandomTextsOfItsDigitsOnly) {
  SystemRandom random;
  std::set<char> seen;
  for (int i = 0; i < 200; ++i) {
    const auto text = random_base62(32, random);
    ASSERT_EQ(text.size(), 32U);
    seen.insert(text.begin(), text.end());
  }
  EXPECT_EQ(seen.size(), 62U);
  for (const char c : seen) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c))) << c;
}

}  // namespace
}  // namespace tenure::crypto
