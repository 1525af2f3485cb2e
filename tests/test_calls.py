"""One call and its attempts: which are repeated, how long they wait, and what is logged."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import format_datetime
from itertools import chain, repeat
from typing import Any, NamedTuple

import httpx
import pytest
import users
from faults import ORDERS, AsyncWire, Fault, Wire, serving
from hypothesis import example, given
from hypothesis import strategies as st
from refundkit import (
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    operations,
    testing,
)
from refundkit.client import retry
from refundkit.client.retry import Retry, retry_after
from refundkit.errors import DecodeError, NotSent, StatusError, TimedOut, TransportError
from refundkit.testing import Answer
from refundkit_apis.woocommerce_legacy.api.refunds import create_refund

WAYS = ("sync", "async")
PATIENCE = Retry(first=0, longest=0)
BASE = "https://api.example.net"
GET, POST, KEYED = "walmart.get_order", "walmart.refund_order_lines", "taxcloud.refund_order"
CHANGES = (
    "walmart.cancel_order_lines",
    "walmart.refund_return",
    "walmart_ca.cancel_order_lines",
    "woocommerce_legacy.update_refund",
    "woocommerce_legacy.delete_refund",
)


def sent(name: str) -> httpx.Request:
    """Return the request of an operation, as an error holds it."""
    described = operations.get(name).described
    return httpx.Request(described.method, BASE + described.path.format_map(users.path(name)))


def refused(status: int, after: str | None = None, name: str = POST) -> StatusError:
    headers = {} if after is None else {"Retry-After": after}
    return StatusError(httpx.Response(status, headers=headers, request=sent(name)))


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
    """Retry-After may be seconds or a date; a past date means no wait, and anything else is ignored."""
    assert retry_after(refused(503, after)) == seconds


class Stopped(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = UTC) -> Stopped:
        return cls(2026, 3, 9, 12, 30, tzinfo=tz)


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", "", "+0200", "-0500"])
def test_a_date_counts_in_its_own_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Retry-After date counts in its own time zone, or in UTC if it has none."""
    monkeypatch.setattr(retry, "datetime", Stopped)
    hours = int(zone[:3]) if zone[1:].isdigit() else 0
    moment = Stopped.now() + timedelta(hours=hours + 1)
    assert retry_after(refused(429, f"{moment:%d %b %Y %H:%M:%S} {zone}".strip())) == 3600


def test_only_an_answer_asks_for_a_wait() -> None:
    """Without a response or its Retry-After header, no wait is requested."""
    assert retry_after(refused(503)) is None
    assert retry_after(TimedOut("no answer")) is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.integers(1, 12))
@example("9" * 400, 1)
@example("1 Jan 9999 23:59:59 -2359", 1)
@example("1 Jan 0001 00:00:00 +2359", 1)
@example("Oct 999999999999999999999999999999 07:28:00 2026", 1)
def test_no_header_makes_a_wait_too_long_or_an_error(after: str, attempt: int) -> None:
    """For any header, a wait is at least 0 and at most 1.25 times the longest wait."""
    wait = Retry(first=0.5, longest=30).wait(attempt, refused(429, after))
    assert 0 <= wait <= 37.5
    assert math.isfinite(wait)


def test_what_the_server_asks_for_is_waited_for() -> None:
    """A wait lasts what Retry-After says plus up to a quarter, and at most the longest wait."""
    retry = Retry(first=0.5, longest=30)
    assert all(7 <= retry.wait(attempt, refused(503, "7")) <= 8.75 for attempt in range(1, 20))
    far = format_datetime(datetime.now(UTC) + timedelta(days=3650), usegmt=True)
    assert 30 <= retry.wait(1, refused(503, far)) <= 37.5


def test_waits_grow_and_differ() -> None:
    """Without Retry-After, waits double up to the longest one, each with a random part."""
    retry = Retry(first=0.5, longest=3)
    for attempt, least in [(1, 0.5), (2, 1.0), (3, 2.0), (4, 3.0), (9, 3.0)]:
        waits = [retry.wait(attempt, refused(503)) for _ in range(50)]
        assert all(least <= wait <= least * 1.25 for wait in waits)
        assert len(set(waits)) > 25


# What is repeated.

# What happens to a request: an answer with that status, or what the transport raises instead.
Event = int | bytes | type[httpx.TransportError] | None
TOKEN = b'{"access_token": "a-token", "token_type": "Bearer", "expires_in": 900}'


class Script(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that plays a list of events, and after them the responses of an API."""

    def __init__(self, api: Any, events: Iterable[Event], tokens: Iterable[Event] = ()) -> None:
        self.shop = testing.server(api)
        self.events = iter(events)
        self.tokens = iter(tokens)
        self.arrived: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        token = request.url.path == "/v3/token"
        if not token:
            self.arrived.append(request)
        event = next(self.tokens if token else self.events, None)
        if isinstance(event, type):
            raise event("as it was told")
        if event is not None:
            status, body = (200, event) if isinstance(event, bytes) else (event, b'{"errors": [{"code": "x"}]}')
            return httpx.Response(status, content=body)
        answer = self.shop.answer(request.method, str(request.url), request.headers, request.read())
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


class Course(NamedTuple):
    """How often an operation arrived, and its result."""

    requests: int
    result: Any


def course(name: str, way: str, events: Iterable[Event], tokens: Iterable[Event] = (), **retry: Any) -> Course:
    script = Script(name.partition(".")[0], events, tokens)
    options = {"transport": script, "guard": False, "retry": Retry(**{"first": 0, "longest": 0, **retry})}
    try:
        return Course(result=users.call(name, way, "http://127.0.0.1", **options), requests=len(script.arrived))
    except RefundError as error:
        return Course(result=error, requests=len(script.arrived))


ONCE, ALL = 1, PATIENCE.attempts
# What happened to every attempt: the error, whether the outcome of a refund is unknown then, and how often each of a
# reading, a refund without a key and one with a key was tried.
REPEATS: dict[str, tuple[Event, type[RefundError], bool, tuple[int, int, int]]] = {
    "never connected": (httpx.ConnectError, NotSent, False, (ALL, ALL, ALL)),
    "not connected in time": (httpx.ConnectTimeout, NotSent, False, (ALL, ALL, ALL)),
    "no connection was free": (httpx.PoolTimeout, NotSent, False, (ALL, ALL, ALL)),
    "the proxy refused": (httpx.ProxyError, NotSent, False, (ALL, ALL, ALL)),
    "lost on the way there": (httpx.WriteError, TransportError, True, (ALL, ONCE, ALL)),
    "not written in time": (httpx.WriteTimeout, TimedOut, True, (ALL, ONCE, ALL)),
    "lost on the way back": (httpx.ReadError, TransportError, True, (ALL, ONCE, ALL)),
    "no answer in time": (httpx.ReadTimeout, TimedOut, True, (ALL, ONCE, ALL)),
    "no HTTP": (httpx.RemoteProtocolError, TransportError, True, (ALL, ONCE, ALL)),
    "no JSON": (b"<html></html>", DecodeError, True, (ONCE, ONCE, ALL)),
    "another document": (b'{"ok": true}', DecodeError, True, (ONCE, ONCE, ALL)),
    "200 with errors": (200, StatusError, True, (ONCE, ONCE, ALL)),
    "400": (400, StatusError, False, (ONCE, ONCE, ONCE)),
    "403": (403, StatusError, False, (ONCE, ONCE, ONCE)),
    "404": (404, StatusError, False, (ONCE, ONCE, ONCE)),
    "422": (422, StatusError, False, (ONCE, ONCE, ONCE)),
    "429": (429, StatusError, False, (ALL, ALL, ALL)),
    "500": (500, StatusError, True, (ALL, ONCE, ALL)),
    "503": (503, StatusError, True, (ALL, ONCE, ALL)),
    "520": (520, StatusError, True, (ALL, ONCE, ALL)),
}


def raised(kind: type[RefundError], unknown: bool) -> type[RefundError]:
    """Return the exception that a refund raises after an error."""
    if unknown:
        return RefundOutcomeUnknown
    return kind if issubclass(kind, RefundNotSent) else RefundRefused


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", REPEATS)
def test_only_what_is_harmless_is_repeated(what: str, way: str) -> None:
    """For reads, refunds without and with a key, each failure gives its attempts and its error."""
    event, kind, unknown, expected = REPEATS[what]
    for name, requests in zip((GET, POST, KEYED), expected, strict=True):
        found = course(name, way, repeat(event))
        assert (name, found.requests) == (name, requests)
        assert type(found.result) is (kind if name == GET else raised(kind, unknown))
        error = getattr(found.result, "error", found.result)
        assert type(error) is kind
        assert found.result.idempotency_key == error.idempotency_key == ("rma-5521" if name == KEYED else "")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("what", REPEATS)
def test_no_change_that_may_have_arrived_is_repeated(name: str, what: str, way: str) -> None:
    """PUT, DELETE and cancellations are repeated like refunds without a key."""
    event, kind, unknown, (_, requests, _) = REPEATS[what]
    found = course(name, way, repeat(event))
    assert found.requests == requests
    assert type(found.result) is raised(kind, unknown)
    assert type(getattr(found.result, "error", found.result)) is kind


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", REPEATS)
def test_an_unknown_attempt_is_never_forgotten(after: str, way: str) -> None:
    """After a lost refund with a key the outcome stays unknown, and the cause is the first loss."""
    event = REPEATS[after][0]
    found = course(KEYED, way, chain([httpx.ReadTimeout], repeat(event)))
    assert isinstance(found.result, RefundOutcomeUnknown)
    assert type(found.result.error) is TimedOut
    assert found.result.idempotency_key == "rma-5521"
    assert 2 <= found.requests <= ALL


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("event", [httpx.ConnectError, httpx.ReadError, httpx.ReadTimeout, 429, 500, 503])
def test_a_token_is_asked_for_again(event: Event, way: str) -> None:
    """A failed token request is repeated, and leaves no refund with an unknown outcome."""
    found = course(POST, way, (), repeat(event))
    assert found.requests == 0
    assert type(found.result) is NotSent
    if isinstance(event, int):
        assert type(found.result.__cause__) is StatusError
    found = course(POST, way, (), [event, event])
    assert (type(found.result).__name__, found.requests) == ("Order", 1)


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_ends_the_attempts(way: str) -> None:
    """The first response is returned, for a refund with a key also after losses."""
    found = course(KEYED, way, [httpx.ReadTimeout, 429, 503])
    assert (type(found.result[0]).__name__, found.requests) == ("Refund", 4)
    assert course(GET, way, [503]).requests == 2


@pytest.mark.parametrize("way", WAYS)
def test_one_attempt_can_be_all(way: str) -> None:
    """With attempts=1 nothing is repeated."""
    assert course(GET, way, repeat(503), attempts=1).requests == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_whose_text_breaks_off_is_a_refusal(way: str) -> None:
    """A refusing status counts as a refusal even if the connection is lost within its body."""
    with serving("taxcloud") as server:
        server.fail("refund", Fault(answer=Answer(404, {}, b"x" * 100), sends="half", ends="closed"))
        wire: Any = Wire(server) if way == "sync" else AsyncWire(server)
        with pytest.raises(RefundRefused) as caught:
            users.call(KEYED, way, server.url, transport=wire)
        assert len(server.requests("refund")) == 1
    error = caught.value
    assert (error.sent, error.status, error.code, error.response) == ("yes", 404, None, None)
    assert type(error.__cause__) is TransportError


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("event", [500, httpx.ReadError])
def test_a_refund_is_refused_where_no_other_token_comes(event: Any, way: str) -> None:
    """If a 401 is followed by a failed token request, the 401 is raised as the refusal."""
    found = course(POST, way, [401], [TOKEN, *repeat(event, 10)])
    assert type(found.result) is RefundRefused
    assert (found.result.status, found.result.response, found.requests) == (401, None, 1)
    assert type(found.result.__cause__) is (StatusError if event == 500 else TransportError)


# The attempt in the request's extensions.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("guard", [True, False])
def test_a_hook_that_drops_the_attempt_is_stopped(guard: bool, way: str) -> None:
    """If a hook removes the attempt from a refund, NotSent is raised; a read goes on."""
    server = testing.server("walmart")

    def drop(request: httpx.Request) -> None:
        request.extensions = {"timeout": request.extensions["timeout"]}

    async def drop_later(request: httpx.Request) -> None:
        drop(request)

    hooks: dict[str, Any] = {"request": [drop if way == "sync" else drop_later]}
    transport = server.transport if way == "sync" else server.async_transport
    options: dict[str, Any] = {"transport": transport, "hooks": hooks, "guard": guard}
    with pytest.raises(NotSent, match="extension 'refundkit'"):
        users.call(POST, way, BASE, **options)
    assert [one.url for one in server.requests if one.url.endswith("/refund")] == []
    assert users.call(GET, way, BASE, **options).purchase_order_id == ORDERS["walmart"]


@pytest.mark.parametrize("way", WAYS)
def test_a_hook_that_fails_before_a_repeat_leaves_the_outcome_unknown(way: str) -> None:
    """A hook's error before a repeated attempt leaves the outcome unknown."""
    attempts: list[str] = []

    def fail(request: httpx.Request) -> None:
        attempts.append(request.method)
        if len(attempts) > 1:
            raise KeyError("mine")

    async def fail_later(request: httpx.Request) -> None:
        fail(request)

    script = Script("taxcloud", [httpx.ReadTimeout])
    hooks: dict[str, Any] = {"request": [fail if way == "sync" else fail_later]}
    with pytest.raises(RefundOutcomeUnknown) as caught:
        users.call(KEYED, way, BASE, transport=script, hooks=hooks, guard=False)
    assert (type(caught.value.error), len(script.arrived), attempts) == (TimedOut, 1, ["POST", "POST"])


@pytest.mark.parametrize("way", WAYS)
def test_a_wait_that_ends_between_two_attempts_tells_of_the_first(
    way: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelling a task, or ending the program, between two attempts says that the first may have been made."""
    options: Any = {"transport": Script("taxcloud", [httpx.ReadTimeout]), "guard": False}
    options["retry"] = Retry(first=100_000, longest=100_000)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    async def cancel() -> BaseException:
        async with users.connection("taxcloud", BASE, **options) as tax:
            task = asyncio.create_task(users.CALLS[KEYED](tax))
            while "attempt 1" not in caplog.text:
                await asyncio.sleep(0)
            task.cancel()
            results: list[BaseException] = await asyncio.gather(task, return_exceptions=True)
            return results[0]

    error: BaseException
    if way == "async":
        error = asyncio.run(cancel())
        assert isinstance(error, asyncio.CancelledError)
    else:
        monkeypatch.setattr("time.sleep", interrupt)
        with pytest.raises(KeyboardInterrupt) as caught:
            users.call(KEYED, way, BASE, **options)
        error = caught.value
        assert "may have been made" in error.__notes__[0]
    assert "taxcloud.refund_order had left and may have been made" in caplog.text


def test_an_attempt_shows_neither_url_nor_order() -> None:
    """The repr of a request's attempt shows only the operation."""
    shown: list[str] = []

    class Showing(Script):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            shown.append(repr(request.extensions.get("refundkit")))
            return super().handle_request(request)

    users.call(POST, "sync", BASE, transport=Showing("walmart", []))
    assert shown == ["None", "None", f"Attempt({POST})"]


@pytest.mark.parametrize("way", WAYS)
def test_the_attempt_is_with_the_refund_alone(way: str) -> None:
    """Only the refund carries its attempt, not the requests for the token or the order."""
    carriers: list[str] = []

    class Watching(Script):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.extensions.get("refundkit") is not None:
                carriers.append(request.url.path)
            return super().handle_request(request)

    users.call(POST, way, BASE, transport=Watching("walmart", []))
    assert carriers == [httpx.URL(str(sent(POST).url)).path]


@pytest.mark.parametrize("way", WAYS)
def test_a_generated_operation_goes_over_the_connection(way: str) -> None:
    """A generated operation called with a ready client's `client` is guarded and raises the same errors."""
    script = Script("woocommerce_legacy", chain([None] * 2, [500], repeat(None)))
    opened = users.connection("woocommerce_legacy", BASE, transport=script)
    body, path = users.body("woocommerce_legacy.create_refund"), users.path("woocommerce_legacy.create_refund")["id"]

    def refund() -> Any:
        with opened as shop:
            return create_refund.sync(path, client=shop.client, body=body)

    async def refund_later() -> Any:
        async with opened as shop:
            return await create_refund.asyncio(path, client=shop.client, body=body)

    with pytest.raises(StatusError) as caught:
        refund() if way == "sync" else asyncio.run(refund_later())
    assert (caught.value.status, caught.value.sent) == (500, "maybe")
    assert [request.method for request in script.arrived] == ["GET", "GET", "POST"]


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
    """No logger shows a credential, a token or a body at DEBUG, whatever fails."""
    caplog.set_level(logging.DEBUG)
    for name in ("refundkit", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    name = f"{api}.{'create_refund' if api.startswith('woocommerce') else 'refund_order_lines'}"
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
    """Each attempt logs a line with method, path, status or error, milliseconds and its number."""
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
    """An id with a line break is logged percent-encoded."""
    caplog.set_level(logging.INFO, "refundkit")
    with serving("taxcloud") as server:
        connection = users.connection("taxcloud", server.url, transport=Wire(server))
        with connection as client, pytest.raises(StatusError):
            client.get_order("SO\nPOST /all-is-well: 200")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "refundkit"]
    assert "\n" not in line
    assert "SO%0APOST" in line
