// One or more events of every row of the catalogue, with every field set, and with every optional field
// absent where there is one. A row without samples does not compile.
#pragma once

#include <type_traits>
#include <vector>

#include "commands/events.h"

namespace tenure::testing {

// An id that never changes.
template <class Id>
[[nodiscard]] Id sample_id(std::uint8_t number) {
  return Id(Uuid{{0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0x70, 0x00, 0x80, 0, 0, 0, 0, 0, 0, number}});
}
[[nodiscard]] inline Timestamp sample_time(int seconds) {
  return from_unix_millis(1'700'000'000'123) + std::chrono::seconds(seconds);
}
[[nodiscard]] inline Slug sample_slug(std::string_view text) { return Slug::parse(text).value(); }

template <class E>
using Of = std::type_identity<E>;
template <class E>
using Samples = std::vector<E>;

// Events that say nothing but their type.
template <class E>
requires(std::tuple_size_v<decltype(E::fields())> == 0) Samples<E> samples(Of<E>) { return {E{}}; }

inline Samples<user::Registered> samples(Of<user::Registered>) {
  user::Registered full{.id = sample_id<UserId>(1),
                        .personal_account = sample_id<AccountId>(2),
                        .name = Sealed("usr_x.bmFtZQ"),
                        .email = Sealed("usr_x.ZW1haWw")};
  auto without_email = full;
  without_email.email.reset();
  return {full, without_email};
}
inline Samples<account::Created> samples(Of<account::Created>) {
  return {
      {.id = sample_id<AccountId>(2), .owner = sample_id<UserId>(1), .name = "Personal", .personal = true}};
}
inline Samples<session::Started> samples(Of<session::Started>) {
  return {{.id = sample_id<SessionId>(3),
           .user = sample_id<UserId>(1),
           .personal_account = sample_id<AccountId>(2),
           .hash = std::string(64, 'a'),
           .expires_at = sample_time(60)}};
}
inline Samples<session::Extended> samples(Of<session::Extended>) {
  return {{.expires_at = sample_time(120)}};
}
inline Samples<workspace::Created> samples(Of<workspace::Created>) {
  workspace::Created full{
      .id = sample_id<WorkspaceId>(4),
      .account = sample_id<AccountId>(2),
      .owner = sample_id<UserId>(1),
      .name = "Ünïcode \"&\" Söhne\\ \xf0\x9f\x8f\x97",
      .slug = sample_slug("unicode-soehne"),
      .region = "eu-central",
      .tenancy_model = workspace::TenancyModel::dedicated,
      .operation = sample_id<OperationId>(5),
      .environments = {{sample_id<EnvironmentId>(6), "dev"}, {sample_id<EnvironmentId>(7), "prod"}}};
  auto small = full;
  small.region.reset();
  small.tenancy_model = workspace::TenancyModel::shared;
  small.environments.clear();
  return {full, small};
}
inline Samples<workspace::Renamed> samples(Of<workspace::Renamed>) {
  return {{.name = "New name", .slug = sample_slug("new-name")}};
}
inline Samples<workspace::ReconciliationStarted> samples(Of<workspace::ReconciliationStarted>) {
  return {{.operation = sample_id<OperationId>(5)}};
}
inline Samples<workspace::Frozen> samples(Of<workspace::Frozen>) {
  return {{.reason = "unpaid"}, {.reason = std::nullopt}};
}
inline Samples<environment::Added> samples(Of<environment::Added>) {
  return {{.id = sample_id<EnvironmentId>(6),
           .workspace = sample_id<WorkspaceId>(4),
           .slug = "dev",
           .provider = "local",
           .operation = sample_id<OperationId>(5)}};
}
inline Samples<environment::Provisioned> samples(Of<environment::Provisioned>) {
  return {{.provider_ref = "file:///data/environments/ws/dev"}};
}
inline Samples<environment::AttemptFailed> samples(Of<environment::AttemptFailed>) {
  return {{.error = "no room", .next_attempt_at = sample_time(1)}};
}
inline Samples<environment::Failed> samples(Of<environment::Failed>) { return {{.error = "no room"}}; }
inline Samples<environment::Retried> samples(Of<environment::Retried>) {
  return {{.operation = sample_id<OperationId>(5)}};
}
inline Samples<operation::Started> samples(Of<operation::Started>) {
  operation::Started full{.id = sample_id<OperationId>(5),
                          .type = operation::Type::environment_retry,
                          .workspace = sample_id<WorkspaceId>(4),
                          .parent = sample_id<OperationId>(8),
                          .steps = {{"provision_dev", sample_id<EnvironmentId>(6)}},
                          .claim = {sample_id<NodeId>(9), sample_time(5)}};
  auto first = full;
  first.type = operation::Type::workspace_provision;
  first.parent.reset();
  return {full, first};
}
inline Samples<operation::Claimed> samples(Of<operation::Claimed>) {
  return {{.claim = {sample_id<NodeId>(9), sample_time(5)}}};
}
inline Samples<operation::StepAttemptFailed> samples(Of<operation::StepAttemptFailed>) {
  return {
      {.environment = sample_id<EnvironmentId>(6), .error = "no room", .next_attempt_at = sample_time(1)}};
}
inline Samples<operation::StepCompleted> samples(Of<operation::StepCompleted>) {
  return {{.environment = sample_id<EnvironmentId>(6)}};
}
inline Samples<operation::StepFailed> samples(Of<operation::StepFailed>) {
  return {{.environment = sample_id<EnvironmentId>(6), .error = "no room"}};
}
inline Samples<operation::StepCompensated> samples(Of<operation::StepCompensated>) {
  return {{.environment = sample_id<EnvironmentId>(6)}};
}
inline Samples<operation::Failed> samples(Of<operation::Failed>) {
  return {{.error = "provision_dev: no room"}};
}
inline Samples<api_token::Created> samples(Of<api_token::Created>) {
  api_token::Created full{.id = sample_id<TokenId>(10),
                          .workspace = sample_id<WorkspaceId>(4),
                          .name = "ci",
                          .role = api_token::Role::admin,
                          .prefix = "sk_akua_abcd",
                          .hash = std::string(64, 'b'),
                          .expires_at = sample_time(3'600)};
  auto for_ever = full;
  for_ever.role = api_token::Role::member;
  for_ever.expires_at.reset();
  return {full, for_ever};
}
inline Samples<publication::Claimed> samples(Of<publication::Claimed>) {
  return {{.node = sample_id<NodeId>(9), .until = sample_time(5), .through = 41}};
}
inline Samples<publication::Released> samples(Of<publication::Released>) { return {{.through = 42}}; }

}  // namespace tenure::testing
