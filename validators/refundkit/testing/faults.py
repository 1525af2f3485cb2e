"""What a test server does instead of answering: fails, or loses the answer of what it has done."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .. import operations
from ..apis.shared.serving import Answer, JsonObject, ReceivedRequest, make_json_answer, match_route
from ..errors import UsageError
from ..text import suggest_name


class Fault(msgspec.Struct, frozen=True):
    """One failure to come: `answer` in the place of the server's own, or the server's own lost where it is None.

    It meets the next request of `operation`, without one the next that changes an order.
    """

    operation: str | None
    answer: Answer | None

    def meets(self, api: str, request: ReceivedRequest) -> bool:
        """Return whether the fault is for this request."""
        match = match_route(api, request)
        if match is None:
            return False
        if self.operation is None:
            return request.method != "GET" and bool(match.path)
        return match.operation.name == self.operation


def make_failure(status: int, headers: Mapping[str, str] | None, body: JsonObject | bytes) -> Answer:
    """Make the answer of a failure. Raises ValueError for a status that is none of an error."""
    if not 400 <= status <= 599:
        raise UsageError(f"status is {status!r}: a failure has one from 400 to 599, such as fail_next(503)")
    by_name = {name.lower(): value for name, value in (headers or {}).items()}
    if isinstance(body, bytes):
        return Answer(status, by_name, body)
    answer = make_json_answer(status, body)
    return msgspec.structs.replace(answer, headers={**answer.headers, **by_name})


def find_operation(api: str, name: str | None) -> str | None:
    """Return the full name of an operation of the API, which may be given without the API's. Raises ValueError."""
    if name is None:
        return None
    names = operations.of_api(api)
    full_name = name if "." in name else f"{api}.{name}"
    if full_name not in names:
        raise UsageError(
            f"{api} has no operation {name!r}{suggest_name(full_name, names)}; there are {', '.join(names)}"
        )
    return full_name
