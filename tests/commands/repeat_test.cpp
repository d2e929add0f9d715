// The same command again yields nothing new: no event, or the refusal that its header documents. One test
// over the whole table of commands, and one example a command; a command without one does not compile.
#include "tests/support/api_token_spec.h"
#include "tests/support/session_spec.h"

namespace tenure::testing {
namespace {

class Everything : public ApiTokenSpec {
 public:
  const SessionId session = id<SessionId>(1);
};

template <class C>
struct Example {
  C command;
  std::optional<Reason> refusal = {};  // of the repetition; none: it changes nothing
};

template <class C>
using For = std::type_identity<C>;

Example<user::Bootstrap> example(For<user::Bootstrap>, Everything& world) {
  return {{.user = world.user,
           .account = world.account,
           .session = world.session,
           .name = Sealed("usr_x.box"),
           .session_hash = std::string(64, 'a')},
          Reason::already_exists};
}
Example<session::EndSession> example(For<session::EndSession>, Everything& world) {
  world.given(session::stream(world.session), session::Started{.id = world.session, .user = world.user});
  return {{world.user, world.account, world.session}, Reason::not_found};
}
Example<session::ExtendSession> example(For<session::ExtendSession>, Everything& world) {
  world.given(session::stream(world.session), session::Started{.id = world.session});
  world.passes(session::extended_every);
  return {{world.user, world.account, world.session}};
}
Example<workspace::CreateWorkspace> example(For<workspace::CreateWorkspace>, Everything& world) {
  return {{.workspace = world.workspace,
           .account = world.account,
           .owner = world.user,
           .name = "Acme",
           .slug = {},
           .region = {}}};
}
Example<workspace::UpdateWorkspace> example(For<workspace::UpdateWorkspace>, Everything& world) {
  world.given_an_active_workspace();
  return {{world.workspace, "Umbrella", Slug::parse("umbrella").value()}};
}
Example<workspace::FreezeWorkspace> example(For<workspace::FreezeWorkspace>, Everything& world) {
  world.given_an_active_workspace();
  return {{world.workspace, "unpaid"}};
}
Example<workspace::UnfreezeWorkspace> example(For<workspace::UnfreezeWorkspace>, Everything& world) {
  world.given_a_frozen_workspace();
  return {{world.workspace}};
}
Example<environment::RetryEnvironment> example(For<environment::RetryEnvironment>, Everything& world) {
  world.given_a_failed_operation();
  return {{world.workspace, world.prod, world.retry}, Reason::environment_not_failed};
}
Example<environment::RecordProvisioned> example(For<environment::RecordProvisioned>, Everything& world) {
  world.given_a_new_workspace();
  return {{world.step(world.dev), "local://there"}};
}
Example<environment::RecordProvisionFailure> example(For<environment::RecordProvisionFailure>,
                                                     Everything& world) {
  world.given_a_new_workspace();
  return {{world.step(world.dev), 1, "no room", false}};
}
Example<environment::RecordDeprovisioned> example(For<environment::RecordDeprovisioned>, Everything& world) {
  world.given_a_cancelling_operation();
  return {{world.step(world.dev)}};
}
Example<operation::CancelOperation> example(For<operation::CancelOperation>, Everything& world) {
  world.given_a_new_workspace();
  return {{world.workspace, world.operation}};
}
Example<operation::RetryOperation> example(For<operation::RetryOperation>, Everything& world) {
  world.given_a_failed_operation();
  return {{world.workspace, world.operation, world.retry}, Reason::operation_not_failed};
}
Example<operation::ClaimOperation> example(For<operation::ClaimOperation>, Everything& world) {
  world.given_a_new_workspace();
  world.passes(world.policy.saga_lease);
  return {{world.workspace, world.operation, id<NodeId>(2)}};
}
Example<operation::MarkOperationStuck> example(For<operation::MarkOperationStuck>, Everything& world) {
  world.given_a_new_workspace();
  world.passes(world.policy.stuck_after);
  return {{world.workspace, world.operation}};
}
Example<api_token::CreateApiToken> example(For<api_token::CreateApiToken>, Everything& world) {
  world.given_an_active_workspace();
  return {world.create()};
}
Example<api_token::RevokeApiToken> example(For<api_token::RevokeApiToken>, Everything& world) {
  world.given_a_token();
  return {world.revoke(), Reason::not_found};
}

Example<publication::ClaimPublication> example(For<publication::ClaimPublication>, Everything& world) {
  return {{Partition{1}, world.node, Offset{7}}};
}
Example<publication::ReleasePublication> example(For<publication::ReleasePublication>, Everything& world) {
  world.given(publication::stream(Partition{1}), publication::Claimed{.node = world.node});
  return {{Partition{1}, world.node, Offset{7}}};
}

Example<environment::RecordDeprovisionFailure> example(For<environment::RecordDeprovisionFailure>,
                                                       Everything& world) {
  world.given_a_cancelling_operation();
  return {{world.step(world.dev), 1, "not now", false}};
}

template <class Table>
struct CommandsOf;
template <class... Rows>
struct CommandsOf<std::tuple<Rows...>> {
  using Types = ::testing::Types<typename Rows::Command...>;
};
struct NameOfCommand {
  template <class C>
  static std::string GetName(int) {
    return std::string(command_info<C>().name);
  }
};

template <class C>
class TheSameCommandAgain : public SpecTest<Everything> {};
TYPED_TEST_SUITE(TheSameCommandAgain, CommandsOf<std::remove_cv_t<decltype(command_table)>>::Types,
                 NameOfCommand);

TYPED_TEST(TheSameCommandAgain, YieldsNothingNew) {
  const auto example = testing::example(For<TypeParam>{}, *this);
  this->when(example.command);
  ASSERT_FALSE(this->was_refused()) << info(this->rejection().reason).name;
  ASSERT_FALSE(this->decision().writes().empty()) << "the example shows nothing";
  this->happens();
  this->when(example.command);
  if (example.refusal) {
    this->then_refused(*example.refusal);
  } else {
    this->then_nothing();
  }
}

}  // namespace
}  // namespace tenure::testing
