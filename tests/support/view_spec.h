// A store to which commits have happened, for tests of views: no log, no versions, no keys of tenants but
// one.
//
//   happened(tenant, {{stream, {Created{...}}}});     one accepted commit
//   workspaces::find(store(), id)                     what the views made of it
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "commands/decision.h"
#include "core/json/json.h"
#include "projections/projector.h"
#include "tests/support/temp_dir.h"

namespace tenure::testing {

// An id that a test can write down; those of greater numbers are greater.
template <class Id>
[[nodiscard]] Id numbered(std::uint8_t number) {
  Uuid uuid{{0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0x70, 0x00, 0x80}};
  uuid.bytes.back() = number;
  return Id(uuid);
}

// A slug that is known to be one.
[[nodiscard]] inline Slug slug_of(std::string_view text) { return Slug::parse(text).value(); }

// 00 01 02 ... 1f
[[nodiscard]] inline crypto::Key key_of_counting_bytes() {
  std::array<std::uint8_t, 32> bytes{};
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return crypto::Key(bytes);
}

class ViewTest : public ::testing::Test {
 protected:
  using Writes = std::vector<Decision::Write>;

  // Applies the commit that `next_commit` is, with these events.
  RenderedAnswer happened(const std::string& tenant, const Writes& writes) {
    AcceptedCommit accepted{.position = {home, Offset{offset_++}}, .commit = {}, .key = tenant_key};
    auto& envelope = accepted.commit.envelope;
    envelope = std::move(next_commit);
    next_commit = {};
    if (envelope.id.is_nil()) envelope.id = CommitId::make(now, random_);
    envelope.time = now;
    envelope.key_owner = tenant;
    if (envelope.actor.id.empty()) envelope.actor = {ActorType::user, user.str()};
    for (const auto& write : writes) {
      auto& encoded = envelope.writes.emplace_back(StreamWrite{write.stream, {}, {}});
      for (const auto& event : write.events) encoded.events.push_back(encode_event(event));
    }
    last_commit = envelope.id;
    if (envelope.audit) {
      next_payload.target_displays.resize(envelope.audit->targets.size());
      envelope.audit->commitment =
          audit_commitment(audit_salt(tenant_key, envelope.id), plain_payload(next_payload));
      accepted.commit.audit_payload = stored_payload(next_payload);
    }
    next_payload = {};
    auto answer = projector_.apply(accepted, batch_);
    if (!answer) throw std::runtime_error(answer.error().message);
    store_->write(batch_);
    batch_.clear();
    projector_.written();
    return *answer;
  }
  [[nodiscard]] const Store& store() const { return *store_; }
  [[nodiscard]] static json::Object object(const std::string& row) {
    return json::parse(row).value().as_object();
  }
  // One member of each row.
  [[nodiscard]] static std::vector<std::string> column(const std::vector<std::string>& rows,
                                                       std::string_view member) {
    std::vector<std::string> found;
    for (const auto& row : rows) found.emplace_back(object(row).at(member).as_string());
    return found;
  }
  // Every row of a list, one page after the other.
  template <class List>
  [[nodiscard]] static std::vector<std::string> walk(std::size_t limit, List list) {
    std::vector<std::string> rows;
    PageRequest request{.limit = limit, .after = {}};
    while (true) {
      auto page = list(request);
      EXPECT_LE(page.rows.size(), limit);
      std::ranges::move(page.rows, std::back_inserter(rows));
      if (!page.next) return rows;
      request.after = page.next;
    }
  }

  const Partition home{1};
  const UserId user = numbered<UserId>(1);
  const AccountId account = numbered<AccountId>(2);
  const crypto::Key tenant_key = key_of_counting_bytes();
  Timestamp now = from_unix_millis(1'700'000'000'123);
  CommitEnvelope next_commit;
  AuditPayload next_payload;
  CommitId last_commit;

 private:
  test::TempDir directory_;
  std::unique_ptr<Store> store_ = Store::open(directory_ / "store", Store::Mode::read_write).value();
  SeededRandom random_{1};
  StreamStates states_{*store_, 100};
  Projector projector_{*store_, states_, [](Partition, const StreamName&) {}};
  Store::Batch batch_;
  std::uint64_t offset_ = 0;
};

}  // namespace tenure::testing
