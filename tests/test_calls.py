"""One call and its attempts: what is repeated, how long it waits, and what is logged."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
import users
from faults import ORDERS, AsyncWire, Fault, Wire, serving
from hypothesis import example, given
from hypothesis import strategies as st
from refundkit import (
    DecodeError,
    NotSent,
    RefundError,
    RefundOutcomeUnknown,
    StatusError,
    TimedOut,
    TransportError,
    operations,
)
from refundkit.calls import AsyncCalls, Call, Calls, Retry, retry_after
from refundkit.guard import AsyncGuardTransport, GuardTransport
from refundkit.testing import Answer
from refundkit_apis._runtime.client import Response

WAYS = ("sync", "async")
PATIENCE = Retry(first=0, longest=0)
BASE = "https://api.example.net"
GET, POST, KEYED = "walmart.get_order", "walmart.refund_order_lines", "taxcloud.refund_order"
CHANGES = ("woocommerce.update_refund", "woocommerce.delete_refund", "walmart_ca.cancel_order_lines")


def sent(name: str) -> httpx.Request:
    """The request of an operation, as an error holds it."""
    described = operations.get(name).described
    return httpx.Request(described.method, BASE + described.path.format_map(users.path(name)))


def refused(status: int, after: str | None = None, name: str = POST) -> StatusError:
    headers = {} if after is None else {"Retry-After": after}
    return StatusError(httpx.Response(status, headers=headers, request=sent(name)))


def lost(kind: type[TransportError], request: httpx.Request | None) -> TransportError:
    error = kind("lost on the way")
    error.request = request
    return error


# Retry-After.


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("007", 7.0),
        ("120", 120.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("5, 5", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Oct 999999999999999999999999999999 07:28:00 2026", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(after: str, seconds: float | None) -> None:
    """Digits are seconds, a date that is over is no wait, and anything else is as if it were not there."""
    assert retry_after(refused(503, after)) == seconds


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", "", "+0200", "-0500"])
def test_a_date_counts_in_its_own_zone(zone: str) -> None:
    """A date to come is as many seconds away as its zone says; one without a zone is in UTC."""
    hours = int(zone[:3]) if zone[1:].isdigit() else 0
    moment = datetime.now(UTC) + timedelta(hours=hours + 1)
    found = retry_after(refused(429, f"{moment:%d %b %Y %H:%M:%S} {zone}".strip()))
    assert found is not None
    assert 3500 < found <= 3600


def test_only_an_answer_asks_for_a_wait() -> None:
    """An answer without the header, and what is no answer, ask for none."""
    assert retry_after(refused(503)) is None
    assert retry_after(lost(TimedOut, sent(GET))) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.integers(1, 12))
@example("9" * 400, 1)
@example("1 Jan 9999 23:59:59 -2359", 1)
@example("1 Jan 0001 00:00:00 +2359", 1)
@example("Oct 999999999999999999999999999999 07:28:00 2026", 1)
def test_no_header_makes_a_wait_too_long_or_an_error(after: str, attempt: int) -> None:
    """Whatever a server sends, a wait is never negative and at most a quarter more than the longest."""
    wait = Retry(first=0.5, longest=30).wait(attempt, refused(429, after))
    assert 0 <= wait <= 37.5
    assert math.isfinite(wait)


def test_what_the_server_asks_for_is_waited_for() -> None:
    """A wait is what Retry-After says and up to a quarter more, however late the attempt, up to the longest."""
    retry = Retry(first=0.5, longest=30)
    assert all(7 <= retry.wait(attempt, refused(503, "7")) <= 8.75 for attempt in range(1, 20))
    far = format_datetime(datetime.now(UTC) + timedelta(days=3650), usegmt=True)
    assert 30 <= retry.wait(1, refused(503, far)) <= 37.5


def test_waits_grow_and_differ() -> None:
    """Without Retry-After a wait doubles from attempt to attempt up to the longest, and no two clients wait alike."""
    retry = Retry(first=0.5, longest=3)
    for attempt, least in [(1, 0.5), (2, 1.0), (3, 2.0), (4, 3.0), (9, 3.0)]:
        waits = [retry.wait(attempt, refused(503)) for _ in range(50)]
        assert all(least <= wait <= least * 1.25 for wait in waits)
        assert len(set(waits)) > 25


# What is repeated.


def call(name: str, key: str = "") -> Call:
    path = users.path(name)
    ids = tuple(path[parameter.name] for parameter in operations.get(name).parameters("path"))
    return Call(operation=operations.get(name), ids=ids, key=key)


def attempted(name: str, way: str, errors: Iterator[RefundError], key: str = "", **retry: Any) -> tuple[int, Any]:
    """How many attempts a call fails in, one for each of these errors, and what comes of it."""
    count = 0
    given = Retry(**{"first": 0, "longest": 0, **retry})

    def attempt() -> Response[str]:
        nonlocal count
        count += 1
        error = next(errors, None)
        if error is not None:
            raise error
        return Response(status=200, headers={}, parsed="the answer")

    async def later() -> Response[str]:
        return attempt()

    wire = httpx.MockTransport(lambda _: httpx.Response(500))
    try:
        if way == "sync":
            return count, Calls(given, GuardTransport(wire)).make(call(name, key), attempt)
        return count, asyncio.run(AsyncCalls(given, AsyncGuardTransport(wire)).make(call(name, key), later))
    except RefundError as error:
        return count, error


Make = Callable[[str], RefundError]
ONCE, ALL = 1, PATIENCE.attempts
# What happened: to a reading, a refund without a key, and one with a key.
REPEATS: dict[str, tuple[Make, int, int, int]] = {
    "never connected": (lambda name: lost(NotSent, sent(name)), ALL, ALL, ALL),
    "no request could be made": (lambda _: lost(NotSent, None), ONCE, ONCE, ONCE),
    "lost": (lambda name: lost(TransportError, sent(name)), ALL, ONCE, ALL),
    "lost, and nobody knows which request": (lambda _: lost(TransportError, None), ONCE, ONCE, ONCE),
    "no answer in time": (lambda name: lost(TimedOut, sent(name)), ALL, ONCE, ALL),
    "no token": (lambda _: lost(TransportError, httpx.Request("POST", f"{BASE}/v3/token")), ALL, ALL, ALL),
    "undocumented": (lambda name: DecodeError("no JSON", httpx.Response(200, request=sent(name))), ONCE, ONCE, ALL),
    "200 with errors": (lambda name: refused(200, name=name), ONCE, ONCE, ALL),
    "302": (lambda name: refused(302, name=name), ONCE, ONCE, ONCE),
    "400": (lambda name: refused(400, name=name), ONCE, ONCE, ONCE),
    "401": (lambda name: refused(401, name=name), ONCE, ONCE, ONCE),
    "404": (lambda name: refused(404, name=name), ONCE, ONCE, ONCE),
    "408": (lambda name: refused(408, name=name), ONCE, ONCE, ALL),
    "409": (lambda name: refused(409, name=name), ONCE, ONCE, ONCE),
    "429": (lambda name: refused(429, name=name), ALL, ALL, ALL),
    "500": (lambda name: refused(500, name=name), ALL, ONCE, ALL),
    "503": (lambda name: refused(503, name=name), ALL, ONCE, ALL),
    "520": (lambda name: refused(520, name=name), ALL, ONCE, ALL),
}
UNKNOWN = {"lost", "no answer in time", "undocumented", "200 with errors", "408", "500", "503", "520"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", REPEATS)
def test_only_what_is_harmless_is_repeated(what: str, way: str) -> None:
    """A reading, a refund without a key and one with a key, against every kind of failure: attempts and error."""
    make, *expected = REPEATS[what]
    cases = [(GET, ""), (POST, ""), (KEYED, "rma-5521")]
    for (name, key), attempts in zip(cases, expected, strict=True):
        count, error = attempted(name, way, (make(name) for _ in range(9)), key)
        assert (name, count) == (name, attempts)
        unknown = what in UNKNOWN and name != GET
        assert isinstance(error, RefundOutcomeUnknown) == unknown
        assert type(error.error if unknown else error) is (
            NotSent if what == "no token" and name != GET else type(make(name))
        )
        assert error.idempotency_key == key
        if unknown:
            assert error.error.idempotency_key == key


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("what", REPEATS)
def test_no_change_that_may_have_arrived_is_repeated(name: str, what: str, way: str) -> None:
    """PUT, DELETE and a cancellation are as a refund without a key."""
    make, _, attempts, _ = REPEATS[what]
    count, error = attempted(name, way, (make(name) for _ in range(9)))
    assert count == attempts
    assert isinstance(error, RefundOutcomeUnknown) == (what in UNKNOWN)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", REPEATS)
def test_an_unknown_attempt_is_never_forgotten(after: str, way: str) -> None:
    """Whatever follows a lost refund with a key, the outcome stays unknown, and the first loss is what happened."""
    first = lost(TimedOut, sent(KEYED))
    later = REPEATS[after][0]
    count, error = attempted(KEYED, way, iter([first, *(later(KEYED) for _ in range(9))]), "rma-5521")
    assert isinstance(error, RefundOutcomeUnknown)
    assert error.error is first
    assert error.idempotency_key == "rma-5521"
    assert 2 <= count <= ALL


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_ends_the_attempts(way: str) -> None:
    """The first answer is returned, with a key even after losses."""
    losses = [lost(TimedOut, sent(KEYED)), refused(429, name=KEYED), refused(503, name=KEYED)]
    assert attempted(KEYED, way, iter(losses), "rma-5521")[1] == "the answer"
    assert attempted(GET, way, iter([refused(503, name=GET)]))[1] == "the answer"


@pytest.mark.parametrize("way", WAYS)
def test_one_attempt_can_be_all(way: str) -> None:
    """attempts=1 repeats nothing."""
    assert attempted(GET, way, (refused(503, name=GET) for _ in range(9)), attempts=1)[0] == 1


# What is logged.

SECRETS = ("a-secret", "a-key", "cs_own", "YW4taWQ6YS1zZWNyZXQ=")
FAILURES = (
    None,
    Fault(answer=Answer(429, {"retry-after": "9"}, b"")),
    Fault(answer=Answer(500, {}, b"")),
    Fault(made=True, sends="half", ends="closed"),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAILURES)
@pytest.mark.parametrize("api", operations.APIS)
def test_no_log_holds_a_secret_or_a_body(
    api: Any, fault: Fault | None, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG, of all loggers: no credential, no token and no word of a body, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    for name in ("refundkit", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    name = {"woocommerce": "woocommerce.create_refund"}.get(api, f"{api}.refund_order_lines")
    name = KEYED if api == "taxcloud" else name
    with serving(api) as server:
        if fault is not None:
            server.fail("refund", fault)
        wire: Any = Wire(server) if way == "sync" else AsyncWire(server)
        try:
            users.call(name, way, server.url, transport=wire)
        except RefundError as error:
            caplog.handler.handle(logging.makeLogRecord({"msg": repr(error) + str(error)}))
        tokens = {one.headers.get("wm_sec.access_token", "no token") for one in server.requests("refund")}
    told = caplog.text
    assert "send_request_headers" in told
    assert "HTTP Request: POST" in told
    assert [secret for secret in {*SECRETS, *tokens} if secret in told] == []
    words = ("scratched", "cracked", "DamagedItem", "CHAIR-OAK", "Ada Example", "30.80")
    assert [word for word in words if word in told] == []


def test_a_log_line_tells_the_attempt(caplog: pytest.LogCaptureFixture) -> None:
    """Each attempt is one line: method, path, status or what happened, milliseconds, and its number."""
    caplog.set_level(logging.INFO, "refundkit")
    with serving("taxcloud") as server:
        server.fail("refund", Fault(answer=Answer(503, {}, b"")), times=1)
        server.fail_first("refund", Fault(sends="nothing", ends="closed"))
        users.call(KEYED, "sync", server.url, transport=Wire(server))
    lines = [record.getMessage() for record in caplog.records if "attempt" in record.getMessage()]
    path = f"/tax/connections/{users.path(KEYED)['connectionId']}/orders/refunds/{ORDERS['taxcloud']}"
    for number, (line, what) in enumerate(zip(lines, ("TransportError", "503", "201"), strict=True), 1):
        start, _, end = line.partition(" in ")
        assert start == f"POST {path}: {what}"
        assert end.endswith(f" ms, attempt {number}")
        assert end.split(" ")[0].isdigit()
    levels = [record.levelname for record in caplog.records if "attempt" in record.getMessage()]
    assert levels == ["WARNING", "WARNING", "INFO"]


def test_an_id_cannot_forge_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """An id with a line break is logged as it stands in the path, percent-encoded."""
    caplog.set_level(logging.INFO, "refundkit")
    with serving("taxcloud") as server:
        connection = users.connection("taxcloud", server.url, transport=Wire(server))
        with connection as client, pytest.raises(StatusError):
            client.get_order("SO\nPOST /all-is-well: 200")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "refundkit"]
    assert "\n" not in line
    assert "SO%0APOST" in line
