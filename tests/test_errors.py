"""The exceptions of a call say what happened to the money."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import refundkit
from refundkit import errors
from refundkit.errors import (
    DecodeError,
    NotSent,
    RefundBlocked,
    RefundError,
    RefundNotChecked,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    StatusError,
    TimedOut,
    TransportError,
)

SECRET = "sesame-open-9f27"


def response(status: int, body: bytes = b'{"errors": [{"code": "A", "message": "no"}]}') -> httpx.Response:
    headers = {"Authorization": f"Bearer {SECRET}", "WM_QOS.CORRELATION_ID": "an-id"}
    request = httpx.Request("POST", "https://api.example.net/v3/orders/1/refund", headers=headers)
    return httpx.Response(status, request=request, content=body)


def lost(kind: type[TransportError]) -> TransportError:
    error = kind("reset")
    error.request = response(200).request
    return error


def report() -> errors.Report:
    return refundkit.check("walmart.refund_order_lines", b"{}", require=["order"])


# Each error with what it says: sent, status, code, reason, request_id, and whether it has the response.
ERRORS: dict[str, tuple[Callable[[], RefundError], tuple[Any, ...]]] = {
    "blocked": (lambda: RefundBlocked(report()), ("no", None, None, None, None, False)),
    "not checked": (lambda: RefundNotChecked(report(), "HTTP 503"), ("no", None, None, None, None, False)),
    "not sent": (lambda: lost(NotSent), ("no", None, None, None, "an-id", False)),
    "refused": (lambda: RefundRefused(StatusError(response(404)), 404), ("yes", 404, "A", "no", "an-id", True)),
    "refused, no text": (lambda: RefundRefused(lost(TransportError), 404), ("yes", 404, None, None, None, False)),
    "unknown, 500": (
        lambda: RefundOutcomeUnknown(StatusError(response(500))),
        ("maybe", 500, "A", "no", "an-id", True),
    ),
    "unknown, lost": (lambda: RefundOutcomeUnknown(lost(TimedOut)), ("maybe", None, None, None, "an-id", False)),
    "status 400": (lambda: StatusError(response(400)), ("yes", 400, "A", "no", "an-id", True)),
    "status 303": (lambda: StatusError(response(303)), ("maybe", 303, "A", "no", "an-id", True)),
    "status 408": (lambda: StatusError(response(408)), ("maybe", 408, "A", "no", "an-id", True)),
    "status 200": (lambda: StatusError(response(200)), ("maybe", 200, "A", "no", "an-id", True)),
    "status 500": (lambda: StatusError(response(500, b"")), ("maybe", 500, None, None, "an-id", True)),
    "lost": (lambda: lost(TransportError), ("maybe", None, None, None, "an-id", False)),
    "timed out": (lambda: TimedOut("slow"), ("maybe", None, None, None, None, False)),
    "undocumented": (lambda: DecodeError("odd", response(201)), ("maybe", 201, None, None, "an-id", True)),
}


def words(error: RefundError) -> tuple[Any, ...]:
    has_response = error.response is not None
    return error.sent, error.status, error.code, error.reason, error.request_id, has_response


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_happened(name: str) -> None:
    """Each error says what happened to the money, and gives the server's reason if there is one."""
    make, expected = ERRORS[name]
    assert words(make()) == expected


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])  # noqa: S301 - our own
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_survives_a_copy(name: str, again: Callable[[RefundError], RefundError]) -> None:
    """Copying and pickling keep an error's class, message and key, and the class of its cause."""
    error = ERRORS[name][0]()
    error.idempotency_key = "a-key"
    twin = again(error)
    assert (type(twin), str(twin), words(twin)) == (type(error), str(error), words(error))
    assert twin.idempotency_key == "a-key"
    assert getattr(twin, "report", None) == getattr(error, "report", None)
    assert type(twin.__cause__) is type(error.__cause__)


@pytest.mark.parametrize("name", ERRORS)
def test_no_error_shows_a_credential(name: str) -> None:
    """Neither the repr nor the traceback of an error shows a request header."""
    error = ERRORS[name][0]()
    assert SECRET not in repr(error) + "".join(traceback.format_exception(error))


def test_three_answers_to_where_the_money_is() -> None:
    """Every error of a refund is one of three classes, each with its `sent`, under one root."""
    branches = (RefundNotSent, RefundRefused, RefundOutcomeUnknown)
    assert [branch.sent for branch in branches] == ["no", "yes", "maybe"]
    assert all(issubclass(branch, RefundError) for branch in branches)
    assert all(issubclass(kind, RefundNotSent) for kind in (RefundBlocked, RefundNotChecked, NotSent))
    for cause in (StatusError, TransportError, TimedOut, DecodeError):
        assert issubclass(cause, RefundError)
        assert not issubclass(cause, branches)


def test_what_a_report_raises_is_a_blocked_refund() -> None:
    """raise_for_errors() raises RefundBlocked with the report and its findings."""
    with pytest.raises(RefundBlocked, match="RF006") as caught:
        report().raise_for_errors()
    assert caught.value.report == report()
