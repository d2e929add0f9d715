// The bytes of a record of the log: fixed key, ids and nonce source, so that the format is frozen. The golden
// file is the record in hexadecimal.
#include <gtest/gtest.h>

#include <ostream>

#include "core/events/audit_payload.h"
#include "core/events/commit.h"
#include "tests/golden/event_samples.h"
#include "tests/golden/golden_file.h"

namespace tenure::testing {
namespace {

crypto::Key sample_key() {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return crypto::Key(bytes);
}

AuditPayload sample_payload() {
  return {.actor_display = "Ada",
          .actor_display_sealed = Sealed("usr_x.bmFtZQ"),
          .via_organization = {},
          .target_displays = {"New name"},
          .changes = R"({"name":{"from":"Old name","to":"New name"}})",
          .context = {.ip = "192.0.2.1",
                      .user_agent = "curl/8",
                      .request_id = "req-1",
                      .trace_id = "0af7651916cd43dd8448eb211c80319c",
                      .idempotency_key = "key-1"}};
}

// Every part of the envelope that there is.
Commit sample_commit() {
  const auto workspace = sample_id<WorkspaceId>(4);
  Commit commit;
  auto& envelope = commit.envelope;
  envelope.id = sample_id<CommitId>(20);
  envelope.genesis = sample_id<CommitId>(11);
  envelope.time = sample_time(0);
  envelope.command = "UpdateWorkspace";
  envelope.actor = {ActorType::user, sample_id<UserId>(1).str()};
  envelope.node = sample_id<NodeId>(9);
  envelope.key_owner = workspace.str();
  envelope.correlation_id = "req-1";
  envelope.causation_id = sample_id<OperationId>(5).str();
  const Event renamed = samples(Of<workspace::Renamed>{}).front();
  const Event taken = reservation::Taken{};
  const StreamName key("idempotency", "usr/0123");
  envelope.writes = {{workspace::stream(workspace), {7, sample_id<CommitId>(19)}, {encode_event(renamed)}},
                     {key, {}, {encode_event(taken)}},
                     {account::usage_stream(sample_id<AccountId>(2)), {1, sample_id<CommitId>(18)}, {}}};
  envelope.idempotency = {key, std::string(64, 'c')};
  envelope.audit = AuditEnvelope{.feed = workspace.str(),
                                 .action = "workspace.updated",
                                 .outcome = Outcome::success,
                                 .reason = {},
                                 .targets = {{"workspace", workspace.str()}}};
  envelope.audit->commitment =
      audit_commitment(audit_salt(sample_key(), envelope.id), plain_payload(sample_payload()));
  envelope.answer = {Success::ok, AnswerKind::workspace, workspace::stream(workspace)};
  commit.audit_payload = stored_payload(sample_payload());
  return commit;
}

// Nothing but what every commit has.
Commit small_commit() {
  Commit commit;
  commit.envelope.id = sample_id<CommitId>(21);
  commit.envelope.time = sample_time(1);
  commit.envelope.command = "ClaimOperation";
  commit.envelope.actor = {ActorType::system, "saga:provision"};
  commit.envelope.node = sample_id<NodeId>(9);
  commit.envelope.key_owner = sample_id<WorkspaceId>(4).str();
  commit.envelope.correlation_id = commit.envelope.id.str();
  const Event claimed = samples(Of<operation::Claimed>{}).front();
  commit.envelope.writes = {
      {operation::stream(sample_id<OperationId>(5)), {1, sample_id<CommitId>(20)}, {encode_event(claimed)}}};
  return commit;
}

std::string record_of(const Commit& commit) {
  SeededRandom nonces(1);
  return encode_record(commit, sample_key(), nonces);
}

struct Golden {
  const char* file;
  Commit (*commit)();
};
void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.file; }

class CommitRecordTest : public ::testing::TestWithParam<Golden> {
 protected:
  [[nodiscard]] static std::optional<std::string> golden_record() {
    const auto text = GoldenFile(GetParam().file).read();
    return text ? crypto::from_hex(std::string_view(*text).substr(0, text->size() - 1)) : std::nullopt;
  }
};

TEST_P(CommitRecordTest, IsWrittenAsItsGoldenFileSays) {
  const GoldenFile file(GetParam().file);
  const auto hex = crypto::to_hex(record_of(GetParam().commit())) + '\n';
  file.write_when_missing_and_asked_to(hex);
  const auto bytes = file.read();
  ASSERT_TRUE(bytes) << file.path() << " is missing";
  EXPECT_EQ(*bytes, hex);
}

TEST_P(CommitRecordTest, IsReadFromItsGoldenFile) {
  const auto record = golden_record();
  ASSERT_TRUE(record);
  auto parsed = parse_record(*record);
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto opened = open_record(std::move(*parsed), sample_key());
  ASSERT_TRUE(opened) << opened.error().message;

  EXPECT_EQ(*opened, GetParam().commit());
}

TEST_P(CommitRecordTest, BeginsWithItsMarkAndTheLengthOfItsEnvelope) {
  const auto record = golden_record();
  ASSERT_TRUE(record);
  EXPECT_EQ(record->substr(0, 4), std::string("TNR\x02", 4));
  const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>((*record)[6])) * 256 +
                      static_cast<std::uint8_t>((*record)[7]);
  EXPECT_EQ(record->substr(4, 2), std::string(2, '\0'));
  EXPECT_EQ((*record)[8], '{');
  EXPECT_EQ((*record)[8 + length - 1], '}');
}

TEST_P(CommitRecordTest, SaysNothingOfItsPayloadInClear) {
  const auto record = golden_record();
  ASSERT_TRUE(record);
  for (const auto* text :
       {"New name", "new-name", "Old name", "Ada", "192.0.2.1", "curl/8", "key-1", "next_attempt"}) {
    EXPECT_EQ(record->find(text), std::string::npos) << text;
  }
}

TEST_P(CommitRecordTest, DoesNotOpenWhenAnyOfItsBitsIsFlipped) {
  const auto record = golden_record();
  ASSERT_TRUE(record);
  for (std::size_t bit = 0; bit < record->size() * 8; ++bit) {
    auto damaged = *record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    auto parsed = parse_record(damaged);
    EXPECT_FALSE(parsed && open_record(std::move(*parsed), sample_key())) << "bit " << bit;
  }
}

TEST_P(CommitRecordTest, DoesNotOpenWhenItIsCutOff) {
  const auto record = golden_record();
  ASSERT_TRUE(record);
  for (std::size_t size = 0; size < record->size(); ++size) {
    const auto part = record->substr(0, size);
    auto parsed = parse_record(part);
    EXPECT_FALSE(parsed && open_record(std::move(*parsed), sample_key())) << size << " bytes";
  }
}

// Only a writer with another idea of the format could have sealed these.
TEST_P(CommitRecordTest, DoesNotOpenWithATextTooFewOrTooMany) {
  auto commit = GetParam().commit();
  const auto opens_as = [&](auto change) {
    const auto record = record_of(commit);
    auto parsed = parse_record(record).value();
    const auto payload = crypto::open(sample_key(), parsed.box, parsed.clear).value();
    SeededRandom nonces(2);
    const auto box = crypto::seal(sample_key(), change(payload), parsed.clear, nonces);
    parsed.box = box;
    return open_record(std::move(parsed), sample_key()).has_value();
  };
  EXPECT_TRUE(opens_as([](const std::string& payload) { return payload; }));
  EXPECT_FALSE(opens_as([](const std::string& payload) { return payload.substr(0, payload.size() - 1); }));
  EXPECT_FALSE(opens_as([](const std::string& payload) { return payload + std::string(4, '\0'); }));
  EXPECT_FALSE(opens_as([](const std::string& payload) { return payload.substr(0, 3); }));
  EXPECT_FALSE(opens_as([](const std::string&) { return std::string("\xff\xff\xff\xff{}", 6); }));
}

TEST_P(CommitRecordTest, DoesNotOpenUnderAnotherKey) {
  const auto record = golden_record();
  ASSERT_TRUE(record);
  auto parsed = parse_record(*record);
  ASSERT_TRUE(parsed);
  const auto opened = open_record(std::move(*parsed), crypto::Key());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(sample_id<WorkspaceId>(4).str()), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Golden, CommitRecordTest,
                         ::testing::Values(Golden{"commit_record.hex", &sample_commit},
                                           Golden{"commit_record_small.hex", &small_commit}),
                         [](const auto& golden) { return golden.index == 0 ? "Whole" : "Small"; });

}  // namespace
}  // namespace tenure::testing
