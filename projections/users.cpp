#include "projections/users.h"

#include "core/events/codec.h"

namespace tenure::users {
namespace {

std::string row_key(UserId id) { return keys::Key('U').id(id).str(); }

}  // namespace

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<user::State>(change);
  if (after != nullptr) rows.put(row_key(after->id), encode_state(change.after.state));
}

std::optional<user::State> find(const Store& store, UserId id) {
  const auto bytes = store.get(row_key(id));
  if (!bytes) return std::nullopt;
  return std::get<user::State>(decode_state(*bytes));
}

}  // namespace tenure::users
