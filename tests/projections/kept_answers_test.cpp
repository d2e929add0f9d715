#include "projections/kept_answers.h"

#include "commands/kept_answer.h"
#include "core/limits.h"
#include "core/store/keys.h"
#include "tests/support/view_spec.h"

namespace tenure::testing {
namespace {

class KeptAnswersTest : public ViewTest {
 protected:
  // A rename under an idempotency key.
  void rename(const std::string& key) {
    next_commit.idempotency = {key_stream(key), "fingerprint of " + key};
    next_commit.answer = {Success::ok, AnswerKind::workspace, stream_};
    happened(workspace_.str(),
             {{stream_, {workspace::Renamed{.name = "Named by " + key, .slug = slug_of("slug")}}},
              {key_stream(key), {reservation::Taken{}}}});
  }
  [[nodiscard]] static StreamName key_stream(const std::string& key) { return {"idempotency", "usr/" + key}; }
  [[nodiscard]] std::optional<KeptAnswer> kept(const std::string& key) const {
    auto scan = store().scan(keys::Key('i').partition(home));
    for (scan.to_first(); scan.valid(); scan.next()) {
      auto answer = decode_kept_answer(scan.value());
      if (answer.key == key_stream(key)) return answer;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool is_reserved(const std::string& key) const {
    return store().get(keys::stream_state(home, key_stream(key))).has_value();
  }
  void something_happens() { happened(workspace_.str(), {{stream_, {workspace::Unfrozen{}}}}); }

  const WorkspaceId workspace_ = numbered<WorkspaceId>(4);
  const StreamName stream_ = workspace::stream(workspace_);
};

TEST_F(KeptAnswersTest, TheRowIsKeptAsItWasRightAfterTheCommit) {
  rename("one");
  const auto reserved_by = last_commit;
  rename("two");
  const auto answer = kept("one").value();
  EXPECT_EQ(store().get(keys::kept_answer(home, reserved_by)), encode_kept_answer(answer));
  EXPECT_EQ(answer.fingerprint, "fingerprint of one");
  EXPECT_EQ(answer.success, Success::ok);
  EXPECT_EQ(object(answer.answer.body).at("name"), "Named by one");
  EXPECT_EQ(answer.answer.version, 1U);
  EXPECT_EQ(answer.position, (Position{home, Offset{0}}));
}

TEST_F(KeptAnswersTest, IsKeptForADayOfTheLogsTimeAndThenRemovedWithItsReservation) {
  rename("one");
  now += limits::idempotency_kept_min;
  something_happens();
  EXPECT_TRUE(kept("one"));
  now += Duration(1);
  something_happens();
  EXPECT_FALSE(kept("one"));
  EXPECT_FALSE(is_reserved("one"));
}

TEST_F(KeptAnswersTest, ABacklogShrinksWithEveryCommitAlsoWhenEachAddsOne) {
  for (int i = 0; i < 20; ++i) rename("old " + std::to_string(i));
  now += limits::idempotency_kept_min + Duration(1);
  for (int i = 0; i < 10; ++i) rename("new " + std::to_string(i));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(kept("old " + std::to_string(i))) << i;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(kept("new " + std::to_string(i))) << i;
}

TEST_F(KeptAnswersTest, AnEncodedAnswerIsReadBackAsItIs) {
  const KeptAnswer whole{.key = {"idempotency", "usr/key"},
                         .fingerprint = "f",
                         .success = Success::accepted,
                         .answer = {.body = std::string("{\"a\":\"\0\"}", 9), .version = 7},
                         .position = {Partition{3}, Offset{1ULL << 40U}}};
  const KeptAnswer empty{
      .key = {}, .fingerprint = "", .success = Success::no_content, .answer = {}, .position = {}};
  for (const auto& each : {whole, empty}) {
    const auto again = decode_kept_answer(encode_kept_answer(each));
    EXPECT_EQ(again.key, each.key);
    EXPECT_EQ(again.fingerprint, each.fingerprint);
    EXPECT_EQ(again.success, each.success);
    EXPECT_EQ(again.answer.body, each.answer.body);
    EXPECT_EQ(again.answer.version, each.answer.version);
    EXPECT_EQ(again.position, each.position);
  }
}

}  // namespace
}  // namespace tenure::testing
