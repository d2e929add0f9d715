"""What Schemathesis checks besides its own."""
import schemathesis

# What no schema can say, because it depends on what the server holds and gave out.
OF_THE_MOMENT = {"invalid_cursor", "idempotency_key_reused", "operation_ended"}
WRONG_FOR_THE_MOMENT = {
    ("body", "expires_at"): "must be in the future",
    ("query", "owner_type"): "is required with owner_id",
    ("query", "owner_id"): "is required with owner_type",
}


def is_of_the_moment(problem):
    if problem["reason"] in OF_THE_MOMENT:
        return True
    return problem["reason"] == "validation_failed" and all(
        WRONG_FOR_THE_MOMENT.get(tuple(error.get("path", []))) == error["message"] for error in problem["errors"])


@schemathesis.check
def what_the_document_calls_right_is_understood(ctx, response, case):
    made_right = case.meta is not None and case.meta.generation.mode.is_positive
    if made_right and response.status_code in (400, 413, 415, 422) and not is_of_the_moment(response.json()):
        raise AssertionError("the document calls this request right")
