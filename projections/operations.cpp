#include "projections/operations.h"

#include <fmt/core.h>

#include "core/json/placeholder.h"
#include "projections/rows.h"

namespace tenure::operations {
namespace {

constexpr std::string_view steps_member = ",\"steps\":[";

std::string row_key(OperationId id) { return keys::Key('O').id(id).str(); }

void write_typed(json::Writer& out, std::string_view name, const operation::State& operation) {
  out.key(name)
      .begin_object()
      .member("type", spelling(operation.type))
      .member("workspace_id", operation.workspace.str())
      .end_object();
}

void write_errors(json::Writer& out, const operation::State& operation) {
  out.key("error");
  if (operation.status == operation::Status::failed) {
    out.begin_object().member("message", operation.error.value_or("failed")).end_object();
  } else if (operation.status == operation::Status::cancelled) {
    out.begin_object().member("message", "cancelled").end_object();
  } else {
    out.null();
  }
  out.key("last_error");
  if (operation.last_error) {
    out.begin_object().member("message", *operation.last_error);
    if (operation.last_error_step) out.member("step_name", *operation.last_error_step);
    out.end_object();
  } else {
    out.null();
  }
}

void write_step(json::Writer& out, const operation::State& operation, const operation::Step& step) {
  out.begin_object()
      .member("name", step.name)
      .member("status", spelling(step.status))
      .member("execution_type", "system")
      .member("started_at", to_unix_seconds(operation.created_at));
  rows::write_optional(out, "completed_at", step.completed_at);
  const bool failed = step.status == operation::StepStatus::failed;
  rows::write_optional(out, "error_message", failed ? step.last_error : std::nullopt);
  out.member("retryable", failed).member("skippable", false).member("attempts", step.attempts);
  rows::write_optional(out, "next_attempt_at", step.next_attempt_at);
  rows::write_optional(out, "last_error", step.last_error);
  out.member("compensated", step.compensated).end_object();
}

std::string without_steps(std::string_view json) {
  return std::string(json.substr(0, json.find(steps_member))) + "}";
}

Row read_row(std::string_view bytes) {
  keys::Reader reader(bytes);
  Row row;
  row.workspace = reader.id<WorkspaceId>();
  row.status = static_cast<operation::Status>(reader.u8());
  row.version = reader.u64();
  row.json = std::string(reader.rest());
  return row;
}

}  // namespace

// `steps` stands last, where a list cuts it off.
std::string render(const StreamState& state) {
  const auto& operation = std::get<operation::State>(state.state);
  const bool done = operation.status != operation::Status::running;
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .member("id", operation.id.str())
      .member("type", spelling(operation.type))
      .member("workspace_id", operation.workspace.str())
      .null_member("organization_id");
  rows::write_optional(out, "parent_operation_id",
                       operation.parent ? std::optional(operation.parent->str()) : std::nullopt);
  out.member("owner_type", "workspace")
      .member("owner_id", operation.workspace.str())
      .member("html_url", fmt::format("{}/operations/{}", json::public_url_placeholder, operation.id.str()))
      .member("state", spelling(operation.status))
      .member("done", done)
      .member("stuck", operation.stuck);
  write_typed(out, "metadata", operation);
  if (operation.status == operation::Status::succeeded) {
    write_typed(out, "response", operation);
  } else {
    out.null_member("response");
  }
  write_errors(out, operation);
  out.member("started_at", to_unix_seconds(operation.created_at));
  rows::write_optional(out, "completed_at", operation.completed_at);
  out.member("created_at", to_unix_seconds(operation.created_at))
      .member("updated_at", to_unix_seconds(operation.updated_at))
      .member("etag", std::to_string(state.version.number))
      .key("steps")
      .begin_array();
  for (const auto& step : operation.steps) write_step(out, operation, step);
  out.end_array().end_object();
  return text;
}

void reduce(const StreamChange& change, Store::Batch& rows) {
  const auto [before, after] = typed<operation::State>(change);
  if (after == nullptr) return;
  keys::Key value('\0');
  value.id(after->workspace)
      .u8(static_cast<std::uint8_t>(after->status))
      .u64(change.after.version.number)
      .rest(render(change.after));
  rows.put(row_key(after->id), std::string_view(value).substr(1));

  keys::Key entry('\0');
  entry.u8(static_cast<std::uint8_t>(after->type)).u8(static_cast<std::uint8_t>(after->status));
  rows.put(keys::Key('o').id(after->workspace).id(after->id), std::string_view(entry).substr(1));

  keys::Key running('g');
  running.partition(change.partition).rest(change.stream.str());
  if (after->status == operation::Status::running) {
    rows.put(running, "");
  } else {
    rows.erase(running);
  }
}

std::optional<Row> find(const Store& store, OperationId id) {
  const auto bytes = store.get(row_key(id));
  if (!bytes) return std::nullopt;
  return read_row(*bytes);
}

Page list(const Store& store, WorkspaceId workspace, const Filter& filter, const PageRequest& page) {
  const auto make_row = [&](std::string_view rest, std::string_view value) -> std::optional<std::string> {
    keys::Reader entry(value);
    const auto type = static_cast<operation::Type>(entry.u8());
    const auto status = static_cast<operation::Status>(entry.u8());
    if ((filter.type && *filter.type != type) || (filter.status && *filter.status != status))
      return std::nullopt;
    const auto row = find(store, keys::Reader(rest).id<OperationId>());
    return row ? std::optional(without_steps(row->json)) : std::nullopt;
  };
  return rows::page_of(store, keys::Key('o').id(workspace).str(), rows::Direction::descending, page,
                       make_row);
}

std::vector<Running> running(const Store& store) {
  std::vector<Running> found;
  auto scan = store.scan("g");
  for (scan.to_first(); scan.valid(); scan.next()) {
    keys::Reader reader(scan.key().substr(1));
    const Partition partition{reader.u16()};
    found.push_back({partition, StreamName(std::string(reader.rest()))});
  }
  return found;
}

}  // namespace tenure::operations
