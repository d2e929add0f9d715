// What the commands against a server share.
#pragma once

#include <functional>
#include <memory>

#include "core/json/json.h"
#include "tools/cli/client.h"
#include "tools/cli/commands.h"

namespace tenure::cli {

// Runs with a logged-in client; a failure is said on stderr and becomes the exit code.
[[nodiscard]] std::function<Exit()> with_client(std::function<Result<void>(Client&)> run);

// The answer of a call, shown.
[[nodiscard]] Result<void> show(Format format, const Result<json::Value>& answer,
                                const std::vector<Column>& columns);
[[nodiscard]] Result<void> show_rows(Format format, const Result<json::Array>& rows,
                                     const std::vector<Column>& columns);

// Waits on the server until the operation is done, at most `timeout`; its state at the end.
[[nodiscard]] Result<json::Value> wait_for_operation(Client& client, const std::string& operation,
                                                     std::chrono::seconds timeout);

// Refused unless --yes was given, or somebody at a terminal agrees.
[[nodiscard]] Result<void> confirm(const Environment& environment, const std::string& what);

extern const std::vector<Column> workspace_columns, operation_columns;

}  // namespace tenure::cli
