#include "api/node.h"

#include <gtest/gtest.h>

#include <future>

#include "core/store/keys.h"
#include "projections/accounts.h"
#include "tests/support/temp_dir.h"

namespace tenure::test {
namespace {

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    Settings settings;
    settings.data_dir = directory_ / "data";
    node_ = Node::start(settings, {}).value();
  }
  // The session of the first start.
  [[nodiscard]] session::EndSession end_first_session() const {
    auto scan = node_->store().scan("S");
    scan.to_first();
    keys::Reader reader(scan.key().substr(1));
    const auto user = reader.id<UserId>();
    return {user, accounts::of_user(node_->store(), user).at(0).account, reader.id<SessionId>()};
  }
  void submit(Command command, std::function<void(CommandResult)> done) {
    CommandRequest request;
    request.command = std::move(command);
    request.partition = directory_partition;
    request.caller = {.actor = {ActorType::system, "test"},
                      .display = "Test",
                      .display_sealed = {},
                      .via_organization = {}};
    request.done = std::move(done);
    node_->submit(std::move(request));
  }

  TempDir directory_;
  std::unique_ptr<Node> node_;
};

// The command stood in the queue behind a pump that was asked for before it came, and nothing sent its commit
// off.
TEST_F(NodeTest, ACommandThatComesWhileAPumpIsQueuedIsAnswered) {
  std::promise<void> engine_is_busy, go_on;
  // Changes nothing, so it is answered while it is submitted: the engine's thread waits in the answer.
  submit(operation::ClaimOperation{}, [&](const CommandResult&) {
    engine_is_busy.set_value();
    go_on.get_future().wait();
  });
  engine_is_busy.get_future().wait();
  const auto answered = std::make_shared<std::promise<bool>>();
  submit(end_first_session(),
         [answered](const CommandResult& result) { answered->set_value(result.has_value()); });
  go_on.set_value();
  auto answer = answered->get_future();
  // Sooner than the timer of the commit timeout, which would send it off as well.
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(3)), std::future_status::ready);
  EXPECT_TRUE(answer.get());
}

}  // namespace
}  // namespace tenure::test
