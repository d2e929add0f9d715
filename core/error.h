// How a request is refused: a category, a stable reason from one list, and words that say what to do.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenure {

// What kind of refusal it is; api/problem.cpp alone turns it into an HTTP status.
enum class Category : std::uint8_t {
  malformed,         // 400
  unauthenticated,   // 401
  forbidden,         // 403
  not_found,         // 404
  method_unknown,    // 405
  conflict,          // 409
  stale,             // 412
  too_large,         // 413
  media_type,        // 415
  invalid,           // 422
  locked,            // 423
  too_many,          // 429
  header_too_large,  // 431
  not_implemented,   // 501
  unavailable,       // 503
  version_unknown,   // 505
  timeout,           // 408
  fault,             // 500: a bug; nothing that a client sends may lead here
};

// The one list of reasons. A client may rely on a reason's spelling: it is never renamed.
//   name, category, title, what the client can do
#define TENURE_REASONS(X)                                                                                    \
  X(malformed_request, malformed, "Malformed request", "Send a well-formed HTTP request.")                   \
  X(malformed_json, malformed, "Malformed JSON", "Send one JSON object in UTF-8 without repeated members.")  \
  X(invalid_cursor, malformed, "Invalid cursor", "Start the list again without a cursor.")                   \
  X(invalid_position, malformed, "Invalid position",                                                         \
    "Send back a Tenure-Position exactly as it was received.")                                               \
  X(invalid_header, malformed, "Invalid header", "Correct or leave out the header.")                         \
  X(unauthenticated, unauthenticated, "Not authenticated", "Send a valid credential as a bearer token.")     \
  X(permission_denied, forbidden, "Permission denied", "Ask an owner for the role that this needs.")         \
  X(credential_not_allowed, forbidden, "Credential not allowed here",                                        \
    "Use a session instead of this kind of credential.")                                                     \
  X(context_required, forbidden, "Workspace context required",                                               \
    "Name the workspace with the header Akua-Context.")                                                      \
  X(context_mismatch, forbidden, "Workspace context mismatch",                                               \
    "Name the workspace that the path or credential belongs to.")                                            \
  X(context_forbidden, forbidden, "Workspace context forbidden",                                             \
    "Name a workspace that this credential can read.")                                                       \
  X(not_found, not_found, "Not found", "Check the id; what you cannot see is not found either.")             \
  X(method_not_allowed, method_unknown, "Method not allowed", "Use one of the methods in the Allow header.") \
  X(already_exists, conflict, "Already exists", "Choose another name.")                                      \
  X(slug_taken, conflict, "Slug taken", "Choose another slug, or leave it out to have one made.")            \
  X(workspace_provisioning, conflict, "Workspace is provisioning",                                           \
    "Wait for its operation to end and try again.")                                                          \
  X(workspace_offboarding, conflict, "Workspace is offboarding", "Restore the workspace first.")             \
  X(environment_not_failed, conflict, "Environment has not failed",                                          \
    "Only a failed environment can be retried.")                                                             \
  X(operation_running, conflict, "Operation is running", "Wait for it to end, or cancel it.")                \
  X(operation_not_failed, conflict, "Operation has not failed",                                              \
    "Only a failed or cancelled operation can be retried.")                                                  \
  X(operation_ended, invalid, "Operation has ended",                                                         \
    "An ended operation cannot be cancelled; read its state.")                                               \
  X(idempotency_key_in_use, conflict, "Idempotency key in use",                                              \
    "Wait for the first request to end and repeat it.")                                                      \
  X(quota_exceeded, conflict, "Quota exceeded", "Remove something, or have the limit raised.")               \
  X(contention, conflict, "Too much contention", "Send the request again.")                                  \
  X(etag_mismatch, stale, "Resource has changed",                                                            \
    "Read the resource again and repeat with its current etag.")                                             \
  X(body_too_large, too_large, "Body too large", "Send a smaller body.")                                     \
  X(unsupported_media_type, media_type, "Unsupported media type", "Send application/json.")                  \
  X(validation_failed, invalid, "Validation failed", "Correct the fields that errors names.")                \
  X(idempotency_key_reused, invalid, "Idempotency key reused", "Use a new key for another request.")         \
  X(workspace_frozen, locked, "Workspace is frozen", "Unfreeze the workspace first.")                        \
  X(rate_limited, too_many, "Too many requests", "Wait as long as Retry-After says.")                        \
  X(header_too_large, header_too_large, "Header block too large", "Send fewer or shorter headers.")          \
  X(request_timeout, timeout, "Request timed out", "Send the request faster.")                               \
  X(not_implemented, not_implemented, "Not implemented",                                                     \
    "Use a method and transfer coding that is offered.")                                                     \
  X(http_version_not_supported, version_unknown, "HTTP version not supported", "Use HTTP/1.1.")              \
  X(position_not_reached, unavailable, "Position not reached",                                               \
    "Send the request again, or to another node.")                                                           \
  X(outcome_unknown, unavailable, "Outcome unknown",                                                         \
    "Send the request again with the same Idempotency-Key.")                                                 \
  X(log_unavailable, unavailable, "Log unavailable", "Send the request again later.")                        \
  X(overloaded, unavailable, "Overloaded", "Send the request again later.")                                  \
  X(starting, unavailable, "Starting", "Send the request again later, or to another node.")                  \
  X(shutting_down, unavailable, "Shutting down", "Send the request again, or to another node.")              \
  X(internal_error, fault, "Internal error",                                                                 \
    "This is a fault of the server. Its log has the cause under the request id.")

enum class Reason : std::uint8_t {
#define TENURE_REASON_ENUM(name, category, title, remedy) name,
  TENURE_REASONS(TENURE_REASON_ENUM)
#undef TENURE_REASON_ENUM
};

struct ReasonInfo {
  std::string_view name;
  Category category;
  std::string_view title;
  std::string_view remedy;
};
[[nodiscard]] std::span<const ReasonInfo> reasons();  // all, in the order of the list
[[nodiscard]] const ReasonInfo& info(Reason reason);

// One field that does not validate: path as in ["body", "name"].
struct FieldError {
  std::vector<std::string> path;
  std::string message;
  std::map<std::string, std::string> metadata;
};

struct Rejection {
  Reason reason;
  std::string detail;  // one sentence about this very case; the reason's remedy where empty
  std::vector<FieldError> fields;
  std::map<std::string, std::string> metadata;  // such as limit and usage, the current etag
};

}  // namespace tenure
