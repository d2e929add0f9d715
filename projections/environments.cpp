#include "projections/environments.h"

#include "projections/rows.h"

namespace tenure::environments {
namespace {

std::string rows_of(WorkspaceId workspace) { return keys::Key('E').id(workspace).str(); }

// dev, staging and prod are made in one millisecond, so their ids have no order; their place in the list has.
std::uint8_t place_of(std::string_view slug) {
  for (std::size_t i = 0; i < environment::slugs.size(); ++i) {
    if (environment::slugs[i] == slug) return static_cast<std::uint8_t>(i);
  }
  return static_cast<std::uint8_t>(environment::slugs.size());
}

bool works(environment::Status status) {
  using enum environment::Status;
  return status == pending || status == provisioning || status == deprovisioning;
}

}  // namespace

std::string render(const StreamState& state) {
  const auto& environment = std::get<environment::State>(state.state);
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("id", environment.id.str())
      .member("slug", environment.slug)
      .member("status", spelling(environment.status))
      .member("reconciling", works(environment.status))
      .member("provider", environment.provider);
  rows::write_optional(out, "provider_ref", environment.provider_ref);
  out.member("attempts", environment.attempts);
  rows::write_optional(out, "next_attempt_at", environment.next_attempt_at);
  rows::write_optional(out, "last_error", environment.last_error);
  out.member("created_at", to_unix_seconds(environment.created_at))
      .member("updated_at", to_unix_seconds(environment.updated_at))
      .member("etag", std::to_string(state.version.number))
      .end_object();
  return text;
}

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<environment::State>(change);
  if (after == nullptr) return;
  keys::Key key('E');
  key.id(after->workspace).u8(place_of(after->slug)).id(after->id).rest(after->slug);
  rows.put(key, render(change.after));
}

Page list(const Store& store, WorkspaceId workspace, const PageRequest& page) {
  return rows::page_of(
      store, rows_of(workspace), rows::Direction::ascending, page,
      [](std::string_view, std::string_view json) { return std::optional<std::string>(json); });
}

std::optional<EnvironmentId> find(const Store& store, WorkspaceId workspace, std::string_view id_or_slug) {
  const auto prefix = rows_of(workspace);
  auto scan = store.scan(prefix);
  for (scan.to_first(); scan.valid(); scan.next()) {
    keys::Reader reader(scan.key().substr(prefix.size()));
    (void)reader.u8();
    const auto id = reader.id<EnvironmentId>();
    if (reader.rest() == id_or_slug || id.str() == id_or_slug) return id;
  }
  return std::nullopt;
}

}  // namespace tenure::environments
