"""The ready clients against a server that fails: each fault raises the right error and never a second refund."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
import users
from faults import CONNECTION, ORDERS, AsyncWire, Fault, Server, Wire, serving
from msgspec import UNSET
from refundkit import (
    Outcome,
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    operations,
    testing,
)
from refundkit.client import call
from refundkit.errors import DecodeError, NotSent, RefundNotChecked, StatusError, TimedOut, TransportError
from refundkit.testing import Answer
from refundkit.xml_writer import write_xml
from refundkit_apis._runtime.codec import encode
from refundkit_apis.woocommerce.models import RefundCreateRequest as CurrentRefundCreate
from refundkit_apis.woocommerce_legacy.models import RefundCreate, RefundUpdate
from test_outcome import paid_by

WAYS = ("sync", "async")
ATTEMPTS = users.PATIENCE.attempts
REFUND = {
    "walmart": "walmart.refund_order_lines",
    "walmart_ca": "walmart_ca.refund_order_lines",
    "woocommerce": "woocommerce.create_refund",
    "woocommerce_legacy": "woocommerce_legacy.create_refund",
    "taxcloud": "taxcloud.refund_order",
}
# What else writes: cancellations, refunds of returns, updates and deletions.
CHANGES = (
    "walmart.cancel_order_lines",
    "walmart.refund_return",
    "walmart_ca.cancel_order_lines",
    "woocommerce.delete_refund",
    "woocommerce_legacy.update_refund",
    "woocommerce_legacy.delete_refund",
)
JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=UTF-8"}
PAGE = b"<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>"
LISTED = json.dumps({"errors": [{"code": "error", "message": "Refund Failed: No transaction ID"}]}).encode()
# What WordPress answers when a plugin dies, in place of WooCommerce's own form of an error.
WORDPRESS = json.dumps(
    {
        "code": "internal_server_error",
        "message": "<p>There has been a critical error on this website.</p>",
        "data": {"status": 500},
        "additional_errors": [],
    }
).encode()
NEXT_YEAR = format_datetime(datetime.now(UTC) + timedelta(days=365), usegmt=True)


SUCCESS = -1  # the API's own
SUCCESSES = {name: int(operations.success(operations.get(name))) for name in (*REFUND.values(), *CHANGES)}


class Row(NamedTuple):
    """A fault of a refund request, and the error that it raises if it persists, with its cause.

    `requests` are those that arrive where nothing makes a repeat harmless; with an idempotency key all attempts do.
    """

    fault: Fault
    error: type[RefundError] | None
    raised: type[RefundError] = RefundOutcomeUnknown
    requests: int = 1
    status: int | None = None

    @property
    def unknown(self) -> bool:
        return self.raised is RefundOutcomeUnknown


def status(number: int, body: bytes = LISTED, headers: dict[str, str] = JSON, *, made: bool = False) -> Row:
    """Return a response with an error status."""
    return Row(Fault(made=made, answer=Answer(number, headers, body)), StatusError, status=number)


def turned_away(after: str) -> Row:
    fault = Fault(answer=Answer(429, {**JSON, "retry-after": after}, LISTED))
    return Row(fault, StatusError, RefundRefused, requests=ATTEMPTS, status=429)


ROWS: dict[str, Row] = {
    # Nor can the order be read then, before the next attempt.
    "refused": Row(Fault(refused=True), NotSent, RefundNotChecked, requests=0),
    "reset before it is read": Row(Fault(unread=True), TransportError),
    "reset before it is made": Row(Fault(sends="nothing", ends="reset"), TransportError),
    "reset after it is made": Row(Fault(made=True, sends="nothing", ends="reset"), TransportError),
    "closed before it is made": Row(Fault(sends="nothing", ends="closed"), TransportError),
    "closed after it is made": Row(Fault(made=True, sends="nothing", ends="closed"), TransportError),
    "no answer, not made": Row(Fault(sends="nothing", ends="silent"), TimedOut),
    "no answer, made": Row(Fault(made=True, sends="nothing", ends="silent"), TimedOut),
    "an answer that stops half way": Row(Fault(made=True, sends="half", ends="silent"), TimedOut),
    "an answer that drips": Row(Fault(made=True, sends="drips"), None),
    "half the promised length, closed": Row(Fault(made=True, sends="half", ends="closed"), TransportError),
    "half the promised length, reset": Row(Fault(made=True, sends="half", ends="reset"), TransportError),
    "half a document": Row(Fault(made=True, sends="shortened"), DecodeError, status=SUCCESS),
    "500, not made": status(500),
    "500, made": status(500, made=True),
    "500 of WordPress, not made": status(500, WORDPRESS),
    "500 of WordPress, made": status(500, WORDPRESS, made=True),
    "500 as a page, not made": status(500, PAGE, HTML),
    "500 as a page, made": status(500, PAGE, HTML, made=True),
    "502": status(502, PAGE, HTML),
    "502, made": status(502, PAGE, HTML, made=True),
    "503": status(503, PAGE, HTML | {"retry-after": "120"}),
    "504, made": status(504, b"", {}, made=True),
    "520, made": status(520, b"error code: 520", {"content-type": "text/plain"}, made=True),
    "408, made": status(408, PAGE, HTML, made=True),
    "429, seconds": turned_away("120"),
    "429, a date": turned_away(NEXT_YEAR),
    "429, nonsense": turned_away("soon"),
    "200 that lists errors": status(200, made=True),
    "200 as a page": Row(Fault(made=True, answer=Answer(200, HTML, PAGE)), DecodeError, status=200),
    "200 without a body": Row(Fault(made=True, answer=Answer(200, JSON, b"")), DecodeError, status=200),
    "200 of another kind": Row(Fault(made=True, answer=Answer(200, JSON, b'{"ok": true}')), DecodeError, status=200),
    "gzip that is none": Row(
        Fault(made=True, answer=Answer(200, {**JSON, "content-encoding": "gzip"}, b'{"ok": true}')), TransportError
    ),
    "a line that is not HTTP": Row(Fault(made=True, answer=Answer(0, {}, b"")), TransportError),
    "403": status(403)._replace(raised=RefundRefused),
    "404": status(404, PAGE, HTML)._replace(raised=RefundRefused),
    "302": status(302, b"", {"location": "https://elsewhere.example.net/"})._replace(raised=RefundRefused),
}
# What a second attempt may mend: what was turned away, and, with an idempotency key, what was lost.
PASSING = [
    (api, name)
    for name, row in ROWS.items()
    for api in operations.APIS
    if row.error and (name.startswith(("429", "refused")) or (row.unknown and api == "taxcloud"))
]


OUTCOMES = {True: Outcome.MADE, False: Outcome.NOT_MADE}


class Told(NamedTuple):
    """The result or error of a call, and the result or error of its resolve()."""

    answer: Any = None
    error: RefundError | None = None
    outcome: Any = None


@pytest.fixture(params=operations.APIS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of the API over a real socket."""
    with serving(request.param) as one:
        yield one


def refund(server: Server, way: str, act: Callable[[Any], Any] | None = None, **options: Any) -> Told:
    """Call an operation through a ready client; resolve its outcome if it is unknown."""
    act = act or users.CALLS[REFUND[server.api]]
    if way == "async":
        return asyncio.run(_refund(server, act, options))
    options = {"transport": Wire(server, options.pop("refused", lambda: None))} | options
    with users.connection(server.api, server.url, **options) as client:
        try:
            return Told(answer=act(client))
        except RefundOutcomeUnknown as error:
            try:
                return Told(error=error, outcome=error.resolve(wait=0))
            except RefundError as other:
                return Told(error=error, outcome=other)
        except RefundError as error:
            return Told(error=error)


async def _refund(server: Server, act: Callable[[Any], Any], options: dict[str, Any]) -> Told:
    options = {"transport": AsyncWire(server, options.pop("refused", lambda: None))} | options
    async with users.connection(server.api, server.url, **options) as client:
        try:
            return Told(answer=await act(client))
        except RefundOutcomeUnknown as error:
            try:
                return Told(error=error, outcome=await error.resolve_async(wait=0))
            except RefundError as other:
                return Told(error=error, outcome=other)
        except RefundError as error:
            return Told(error=error)


def cause(error: RefundError | None) -> BaseException | None:
    """Return the original error behind an error of the client."""
    assert isinstance(error, (RefundNotSent, RefundRefused, RefundOutcomeUnknown))
    assert error.__cause__ is getattr(error, "error", error.__cause__)
    return error.__cause__


def keys(server: Server) -> set[str]:
    return {json.loads(one.body)["idempotencyKey"] for one in server.requests("refund") if one.body}


def changing(name: str, server: Server) -> Callable[[Any], Any]:
    """Make a call that changes an order or an earlier refund."""
    if name in REFUND.values() or name.endswith(("cancel_order_lines", "refund_return")):
        return users.CALLS[name]
    assert refund(server, "sync").error is None
    server.seen.clear()
    server.made = 0
    order, made = ORDERS[server.api], server.shop.refunds(ORDERS[server.api])[0]["id"]
    if name.endswith(".delete_refund"):
        return lambda shop: shop.delete_refund(order, made)
    change = RefundUpdate(amount="7.50") if name == "woocommerce_legacy.update_refund" else RefundUpdate(reason="Other")
    return lambda shop: shop.update_refund(order, made, change)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ROWS)
def test_a_fault_that_stays(server: Server, name: str, way: str) -> None:
    """A persistent fault makes at most one refund, and the error says whether it may have been made."""
    require_one_at_most(server, name, way, REFUND[server.api])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("operation", CHANGES)
def test_a_fault_that_stays_for_another_change(operation: str, name: str, way: str) -> None:
    """What holds for a refund holds for a cancellation, a return, an update and a deletion: made once, or known."""
    with serving(operation.partition(".")[0]) as server:  # type: ignore[arg-type]
        require_one_at_most(server, name, way, operation, changing(operation, server))


def require_one_at_most(
    server: Server, name: str, way: str, operation: str, act: Callable[[Any], Any] | None = None
) -> None:
    """Call an operation while a fault lasts: it is made as the row says, never twice, and the error knows."""
    row = ROWS[name]
    server.fail("refund", row.fault)
    if row.fault.refused and operation == "woocommerce_legacy.delete_refund":  # before which nothing is read
        server.refuse()
        assert type(refund(server, way, act).error) is NotSent
        return
    told = refund(server, way, act)
    keyed = server.api == "taxcloud"
    assert server.made == (1 if row.fault.made else 0)
    assert len(server.requests("refund")) == (ATTEMPTS if keyed and row.unknown and row.error else row.requests)
    if row.error is None:
        assert told.error is None
        return
    assert type(told.error) is row.raised
    assert told.error.sent == {RefundNotChecked: "no", RefundRefused: "yes", RefundOutcomeUnknown: "maybe"}[row.raised]
    assert type(cause(told.error)) is row.error
    assert told.error.status == (SUCCESSES[operation] if row.status == SUCCESS else row.status)
    if row.unknown:
        assert told.outcome is OUTCOMES[row.fault.made]
    if keyed:
        assert told.error.idempotency_key == "rma-5521"
        assert keys(server) <= {"rma-5521"}
        assert len({one.body for one in server.requests("refund") if one.body}) <= 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("api", "name"), PASSING)
def test_a_fault_that_passes(api: Any, name: str, way: str) -> None:
    """After one fault the refund is sent again if that is safe, and it is made once."""
    row = ROWS[name]
    with serving(api) as server:
        server.fail("refund", row.fault, times=1)
        told = refund(server, way, refused=server.recover)
        assert (told.error, server.made) == (None, 1)
        assert told.answer is not None
        assert len(server.requests("refund")) == (1 if row.fault.refused else 2)


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_of_another_type_is_read_where_it_can_be(server: Server, way: str) -> None:
    """JSON labelled text/plain is read; XML without its type is neither guessed nor requested again."""
    server.fail("refund", Fault(made=True, relabelled="text/plain"))
    told = refund(server, way)
    assert (server.made, len(server.requests("refund"))) == (1, 1)
    if server.api == "walmart_ca":
        assert isinstance(cause(told.error), DecodeError)
        assert told.outcome is Outcome.MADE
    else:
        assert told.error is None


@pytest.mark.parametrize("way", WAYS)
def test_an_expired_token_is_fetched_again(server: Server, way: str) -> None:
    """After a 401 the refund is sent again with a new token, if there are tokens; else the 401 is raised."""
    server.fail("refund", Fault(answer=Answer(401, JSON, LISTED)), times=1)
    told = refund(server, way)
    if server.api.startswith("walmart"):
        assert told.error is None
        assert (server.made, len(server.requests("refund")), len(server.requests("token"))) == (1, 2, 2)
    else:
        assert isinstance(told.error, RefundRefused)
        assert (told.error.status, server.made, len(server.requests("refund"))) == (401, 0, 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_401_that_stays(server: Server, way: str) -> None:
    """A persistent 401 raises RefundRefused after at most one new token."""
    server.fail("refund", Fault(answer=Answer(401, JSON, LISTED)))
    told = refund(server, way)
    assert type(told.error) is RefundRefused
    assert (told.error.status, server.made) == (401, 0)
    assert len(server.requests("refund")) == (2 if server.api.startswith("walmart") else 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [False, True])
def test_a_refund_lost_after_its_token_was_renewed(server: Server, made: bool, way: str) -> None:
    """A refund that is lost after a 401 and a new token has an unknown outcome, and resolve() finds it."""
    server.fail("refund", Fault(made=made, sends="nothing", ends="closed"))
    first = Fault(answer=Answer(401, JSON, LISTED))
    server.fail_first("refund", first)
    told = refund(server, way)
    if server.api.startswith("walmart"):
        assert isinstance(told.error, RefundOutcomeUnknown)
        assert (told.outcome, server.made, len(server.requests("refund"))) == (OUTCOMES[made], int(made), 2)
    else:
        assert isinstance(told.error, RefundRefused)


# A caller's own key, and none.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("own", ["rma-5521", "", None])
def test_taxcloud_repeats_carry_one_key_and_the_same_bytes(own: str | None, way: str) -> None:
    """All attempts of a TaxCloud refund carry one key and the same bytes, are checked once and make one refund."""
    body = users.body(REFUND["taxcloud"])
    body = msgspec.structs.replace(body, idempotency_key=msgspec.UNSET if own is None else own)
    with serving("taxcloud") as server:
        server.fail("refund", ROWS["reset after it is made"].fault)
        told = refund(server, way, lambda tax: tax.refund_order(ORDERS["taxcloud"], body))
        sent = server.requests("refund")
        assert isinstance(told.error, RefundOutcomeUnknown)
        assert (len(sent), len({one.body for one in sent}), server.made, told.outcome) == (ATTEMPTS, 1, 1, Outcome.MADE)
        assert len(server.requests("read")) == 2  # before the first attempt, and for resolve()
        assert keys(server) == {told.error.idempotency_key} == {told.error.error.idempotency_key}
        assert told.error.idempotency_key == own if own else len(told.error.idempotency_key) == 36


@pytest.mark.parametrize("way", WAYS)
def test_two_calls_have_two_keys(way: str) -> None:
    """Two calls without an idempotency key get two keys and make two refunds."""
    body = users.body(REFUND["taxcloud"])
    body = type(body)(items=[msgspec.structs.replace(body.items[1])])
    with serving("taxcloud") as server:
        for _ in range(2):
            assert refund(server, way, lambda tax: tax.refund_order(ORDERS["taxcloud"], body)).error is None
        assert (len(keys(server)), server.made) == (2, 2)


AFTERWARDS = {
    "400": Fault(answer=Answer(400, JSON, LISTED)),
    "401": Fault(answer=Answer(401, JSON, LISTED)),
    "409": Fault(answer=Answer(409, JSON, LISTED)),
    "422": Fault(answer=Answer(422, JSON, LISTED)),
    "429": Fault(answer=Answer(429, JSON, LISTED)),
    "200 as a page": ROWS["200 as a page"].fault,
    "refused": Fault(refused=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_was_unknown_once_stays_unknown(name: str, made: bool, way: str) -> None:
    """After an attempt that TaxCloud may have executed, a later refusal does not end the unknown outcome."""
    with serving("taxcloud") as server:
        server.fail("refund", AFTERWARDS[name])
        server.fail_first("refund", Fault(made=made, sends="nothing", ends="closed"))
        told = refund(server, way)
        assert isinstance(told.error, RefundOutcomeUnknown)
        assert type(told.error.error) is TransportError
        assert told.error.idempotency_key == "rma-5521"
        assert server.made == int(made or AFTERWARDS[name].made)
        if name == "refused":
            assert isinstance(told.outcome, NotSent)
            assert len(server.requests("refund")) == 1
        else:
            assert told.outcome is OUTCOMES[server.made == 1]


# The order that is read first, and the token.


READS: dict[str, tuple[Fault, type[RefundError] | None, bool]] = {
    "reset": (Fault(sends="nothing", ends="reset"), TransportError, True),
    "reset before it is read": (Fault(unread=True), TransportError, True),
    "closed": (Fault(sends="nothing", ends="closed"), TransportError, True),
    "no answer": (Fault(sends="nothing", ends="silent"), TimedOut, True),
    "half an answer": (Fault(made=True, sends="half", ends="silent"), TimedOut, True),
    "half the promised length": (Fault(made=True, sends="half", ends="closed"), TransportError, True),
    "500": (Fault(answer=Answer(500, HTML, PAGE)), StatusError, True),
    "503": (Fault(answer=Answer(503, {**HTML, "retry-after": "120"}, PAGE)), StatusError, True),
    "520": (Fault(answer=Answer(520, {}, b"")), StatusError, True),
    "429": (Fault(answer=Answer(429, {**JSON, "retry-after": NEXT_YEAR}, LISTED)), StatusError, True),
    "404": (Fault(answer=Answer(404, HTML, PAGE)), StatusError, False),
    "403": (Fault(answer=Answer(403, HTML, PAGE)), StatusError, False),
    "half a document": (Fault(made=True, sends="shortened"), DecodeError, False),
    "a page": (Fault(answer=Answer(200, HTML, PAGE)), DecodeError, False),
    "nothing": (Fault(answer=Answer(200, JSON, b"")), DecodeError, False),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", READS)
def test_an_order_that_cannot_be_read(server: Server, name: str, way: str) -> None:
    """If the order cannot be read after all attempts, the refund is not sent."""
    fault, error, passes = READS[name]
    server.fail("read", fault)
    told = refund(server, way)
    assert type(told.error) is RefundNotChecked
    assert {"RF006"} <= {one.code for one in told.error.report.findings}
    assert type(told.error.__cause__) is (type(None) if error is DecodeError else error)
    assert str(told.error.__cause__ or "") in str(told.error)
    assert (server.requests("refund"), server.made) == ([], 0)
    sources = 2 if server.api.startswith("woocommerce") else 1
    assert len(server.requests("read")) == sources * (ATTEMPTS if passes else 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name, (_, _, passes) in READS.items() if passes])
def test_an_order_that_can_be_read_a_moment_later(server: Server, name: str, way: str) -> None:
    """If reading the order fails once, it is read again, and then the refund is sent once."""
    server.fail("read", READS[name][0], times=1)
    told = refund(server, way)
    assert told.error is None
    assert (len(server.requests("refund")), server.made) == (1, 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", READS)
def test_a_plain_reading(server: Server, name: str, way: str) -> None:
    """A failed read is repeated if that can help, and raises its own error, never an unknown outcome."""
    fault, error, passes = READS[name]
    server.fail("read", fault)
    told = refund(server, way, users.CALLS[f"{server.api}.get_order"])
    assert type(told.error) is error
    assert len(server.requests("read")) == (ATTEMPTS if passes else 1)
    server.recover()
    assert refund(server, way, users.CALLS[f"{server.api}.get_order"]).error is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*READS, "refused"])
@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_a_token_that_cannot_be_had(api: Any, name: str, way: str) -> None:
    """Without a token the refund raises NotSent, whose cause is the lost or refused token request."""
    fault, error, passes = READS.get(name) or (Fault(refused=True), NotSent, True)
    with serving(api) as server:
        server.fail("token", fault)
        told = refund(server, way)
        assert type(told.error) is NotSent
        if name != "refused":
            assert type(told.error.__cause__) is error
        assert (server.requests("refund"), server.requests("read"), server.made) == ([], [], 0)
        assert len(server.requests("token")) == (0 if fault.refused else ATTEMPTS if passes else 1)
        server.recover()
        if passes:
            server.seen.clear()
            server.fail("token", fault, times=1)
        assert refund(server, way, refused=server.recover).error is None
        assert server.made == 1


@pytest.mark.parametrize("way", WAYS)
def test_an_order_that_wants_another_token(server: Server, way: str) -> None:
    """A 401 to the reading of the order fetches one new token if there are tokens; else nothing is sent."""
    server.fail("read", Fault(answer=Answer(401, JSON, LISTED)), times=1)
    told = refund(server, way)
    if server.api.startswith("walmart"):
        assert (told.error, len(server.requests("token")), server.made) == (None, 2, 1)
    else:
        assert type(told.error) is RefundNotChecked
        assert server.made == 0


# Without the guard.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [False, True])
def test_without_the_guard_nobody_may_be_able_to_tell(server: Server, made: bool, way: str) -> None:
    """Without the guard, resolve() raises the refund's error again unless an idempotency key decides."""
    server.fail("refund", Fault(made=made, sends="nothing", ends="closed"))
    told = refund(server, way, guard=False)
    assert isinstance(told.error, RefundOutcomeUnknown)
    assert server.made == int(made)
    assert told.outcome is (Outcome.MADE if made and server.api == "taxcloud" else told.error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("operation", CHANGES)
def test_without_the_guard_only_what_is_there_or_gone_can_be_told(operation: str, made: bool, way: str) -> None:
    """Without the guard, resolve() tells of an update or a deletion, which the refund shows; else it raises again."""
    with serving(operation.partition(".")[0]) as server:  # type: ignore[arg-type]
        act = changing(operation, server)
        server.fail("refund", Fault(made=made, sends="nothing", ends="closed"))
        told = refund(server, way, act, guard=False)
        assert isinstance(told.error, RefundOutcomeUnknown)
        assert server.made == int(made)
        is_shown = operation.endswith(("update_refund", "delete_refund"))
        assert told.outcome is (OUTCOMES[made] if is_shown else told.error)


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_of_the_connection(way: str) -> None:
    """The connection's timeout ends the wait for a refund that is made but never answered."""
    with serving("woocommerce_legacy") as server:
        server.fail("refund", ROWS["no answer, made"].fault)
        transport: Any = Wire(server, patience=None) if way == "sync" else AsyncWire(server, patience=None)
        told = refund(server, way, timeout=httpx.Timeout(30, read=0.5), transport=transport)
        assert isinstance(cause(told.error), TimedOut)
        assert (server.made, told.outcome, len(server.requests("refund"))) == (1, Outcome.MADE, 1)


# What the API answers to resolve(), and what that raises: None stands for the unknown outcome itself, once more.
ANSWERS: dict[str, tuple[Fault, type[RefundError] | None]] = {
    "500": (Fault(answer=Answer(500, HTML, PAGE)), StatusError),
    "404": (Fault(answer=Answer(404, HTML, PAGE)), StatusError),
    "closed": (Fault(sends="nothing", ends="closed"), TransportError),
    "no answer": (Fault(sends="nothing", ends="silent"), TimedOut),
    "a page": (Fault(answer=Answer(200, HTML, PAGE)), None),
    "nothing": (Fault(answer=Answer(200, JSON, b"")), None),
    "an empty object": (Fault(answer=Answer(200, JSON, b"{}")), None),
    "half a document": (Fault(made=True, sends="shortened"), None),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_api_that_cannot_be_asked(server: Server, name: str, way: str) -> None:
    """resolve() raises the error of an API that does not answer, and can be called again."""
    require_raising(server, name, way, users.CALLS[REFUND[server.api]])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("operation", CHANGES)
def test_an_api_that_cannot_be_asked_of_another_change(operation: str, name: str, way: str) -> None:
    """resolve() raises for a cancellation, a return, an update and a deletion as it does for a refund."""
    with serving(operation.partition(".")[0]) as server:  # type: ignore[arg-type]
        require_raising(server, name, way, changing(operation, server))


def require_raising(server: Server, name: str, way: str, call: Callable[[Any], Any]) -> None:
    """Lose a call that is made, and resolve it twice: while the API does not tell, and afterwards."""
    fault, expected = ANSWERS[name]
    server.fail("refund", Fault(made=True, sends="nothing", ends="closed"))
    said: list[Any] = []

    def sync(client: Any) -> Any:
        with pytest.raises(RefundOutcomeUnknown) as unknown:
            call(client)
        server.fail("read", fault)
        with pytest.raises(RefundError) as caught:
            unknown.value.resolve(wait=0)
        server.recover()
        said.extend([unknown.value, caught.value, unknown.value.resolve(wait=0)])

    async def later(client: Any) -> Any:
        with pytest.raises(RefundOutcomeUnknown) as unknown:
            await call(client)
        server.fail("read", fault)
        with pytest.raises(RefundError) as caught:
            await unknown.value.resolve_async(wait=0)
        server.recover()
        said.extend([unknown.value, caught.value, await unknown.value.resolve_async(wait=0)])

    assert refund(server, way, sync if way == "sync" else later).error is None
    own, error, outcome = said
    assert error is own if expected is None else type(error) is expected
    assert (outcome, server.made) == (Outcome.MADE, 1)


@pytest.mark.parametrize("way", WAYS)
def test_the_other_way_of_asking(server: Server, way: str) -> None:
    """resolve() of an async connection and resolve_async() of a sync one raise an error and send nothing."""
    server.fail("refund", Fault(made=True, sends="nothing", ends="closed"))
    told = refund(server, way)
    assert isinstance(told.error, RefundOutcomeUnknown)
    reads = len(server.requests("read"))
    with pytest.raises(RefundOutcomeUnknown) as caught:
        told.error.resolve() if way == "async" else asyncio.run(told.error.resolve_async(wait=0))
    assert caught.value is told.error
    assert len(server.requests("read")) == reads


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_begins_with_a_byte_order_mark_is_read(server: Server, way: str) -> None:
    """Answers behind a byte order mark are read: token, order, refund and the words of an error."""
    for kind in ("token", "read", "refund"):
        server.fail(kind, Fault(made=True, bom=True))
    assert refund(server, way).error is None
    body = b"\xef\xbb\xbf" + LISTED
    server.fail("refund", Fault(answer=Answer(400, JSON, body)))
    told = refund(server, way, guard=False)
    assert isinstance(told.error, RefundRefused)
    assert told.error.code == "error"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_server_that_repeats_the_credentials_does_not_put_them_into_an_error(
    server: Server, status: int, way: str
) -> None:
    """Credentials that a server repeats are hidden in the error's text, code and reason, and in what the guard says."""

    class Echo(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/v3/token":
                answer = server.shop.answer("POST", str(request.url), request.headers, request.read())
                return httpx.Response(answer.status, content=answer.body)
            words = f"{request.url} {request.url.raw_path!r} {dict(request.headers)}"
            return httpx.Response(status, json={"errors": [{"code": words[-300:], "message": words}]})

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    for act, guard in ((None, True), (None, False), (users.CALLS[f"{server.api}.get_order"], True)):
        error = refund(server, way, act, transport=Echo(), guard=guard).error
        assert error is not None
        cause = error.__cause__ or error
        told = f"{error} {error!r} {error.code} {error.reason} {cause} {getattr(error, 'report', '')}"
        tokens = list(server.shop._shop.tokens) or ["a-key"]
        assert [secret for secret in (*tokens, "a-secret", "a-key", "cs_own", "ck_own") if secret in told] == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("quantity", [9, 1])
def test_a_repeat_that_a_hook_has_changed_is_checked(quantity: int, way: str) -> None:
    """A repeat goes out unchecked only with the bytes of the first attempt; what a hook makes of it is checked."""
    with serving("taxcloud") as server:
        server.fail("refund", Fault(sends="nothing", ends="closed"), times=1)

        def change(request: httpx.Request) -> None:
            if request.method == "POST" and server.requests("refund"):
                content = request.content.replace(b'"quantity":2', b'"quantity":%d' % quantity)
                request.stream = httpx.ByteStream(content)
                request.headers["Content-Length"] = str(len(content))

        async def change_later(request: httpx.Request) -> None:
            change(request)

        hooks: dict[str, Any] = {"request": [change if way == "sync" else change_later]}
        told = refund(server, way, hooks=hooks)
        assert len(server.requests("read")) >= 2
        if quantity == 9:
            assert isinstance(told.error, RefundOutcomeUnknown)
            assert (told.outcome, server.made, len(server.requests("refund"))) == (Outcome.NOT_MADE, 0, 1)
        else:
            assert (told.error, server.made) == (None, 1)


# The time that a slow server has.


class Clock:
    """Stands for the modules `time` and `asyncio` of the client: a wait is a call of `meanwhile`."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile
        self.waits: list[float] = []
        self.monotonic, self.perf_counter = time.monotonic, time.perf_counter

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.meanwhile()


class AsyncClock(Clock):
    async def sleep(self, seconds: float) -> None:  # type: ignore[override]
        super().sleep(seconds)


def resolve_with_clock(server: Server, way: str, meanwhile: Callable[[], None], monkeypatch: Any, wait: float) -> Any:
    """Lose a refund, resolve it under a clock of our own; return the outcome and the waits of resolve()."""
    act, found = users.CALLS[REFUND[server.api]], []

    def sync(client: Any) -> None:
        with pytest.raises(RefundOutcomeUnknown) as unknown:
            act(client)
        clock = Clock(meanwhile)
        monkeypatch.setattr(call, "time", clock)
        found.extend([unknown.value.resolve(wait=wait), clock.waits])

    async def later(client: Any) -> None:
        with pytest.raises(RefundOutcomeUnknown) as unknown:
            await act(client)
        clock = AsyncClock(meanwhile)
        monkeypatch.setattr(call, "asyncio", clock)
        found.extend([await unknown.value.resolve_async(wait=wait), clock.waits])

    server.fail("refund", Fault(sends="nothing", ends="closed"))
    assert refund(server, way, sync if way == "sync" else later).error is None
    return found


LONG = 100_000.0


@pytest.mark.parametrize("way", WAYS)
def test_a_slow_server_makes_the_refund_while_resolve_waits(server: Server, way: str, monkeypatch: Any) -> None:
    """resolve() does not say NOT_MADE while the server may be at work: it waits, asks again, and finds the refund."""
    outcome, waits = resolve_with_clock(server, way, server.execute_late, monkeypatch, LONG)
    assert (outcome, server.made, len(waits)) == (Outcome.MADE, 1, 1)
    assert 0 < waits[0] <= LONG


@pytest.mark.parametrize("way", WAYS)
def test_not_made_is_said_when_the_time_has_passed(server: Server, way: str, monkeypatch: Any) -> None:
    """resolve() says NOT_MADE after it has waited and read the order once more, and without a wait if time is up."""
    outcome, waits = resolve_with_clock(server, way, lambda: None, monkeypatch, LONG)
    assert (outcome, server.made, len(waits)) == (Outcome.NOT_MADE, 0, 1)
    outcome, waits = resolve_with_clock(server, way, lambda: None, monkeypatch, 0)
    assert (outcome, waits) == (Outcome.NOT_MADE, [])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api_refund", ["0", None])
@pytest.mark.parametrize("gateway", ["false", "error"])
def test_a_refund_that_the_gateway_refused_to_pay_is_recorded_only(
    gateway: Any, api_refund: str | None, way: str
) -> None:
    """Where the shop records a refund and its gateway refuses, resolve() says RECORDED_ONLY, not MADE."""
    shop = testing.server("woocommerce_legacy", faithful="6.6.0")
    order_id = shop.add_order(paid_by("stripe"), order_id="9001", gateway=gateway)
    body = RefundCreate(amount="5.00")
    options = {"transport": shop.transport if way == "sync" else shop.async_transport}
    connection = users.connection("woocommerce_legacy", "https://shop.example.net", **options)

    async def refund_async() -> Any:
        async with connection as client:
            try:
                return await client.create_refund(order_id, body, api_refund=api_refund)
            except RefundOutcomeUnknown as error:
                return await error.resolve_async(wait=0)

    def refund_sync() -> Any:
        with connection as client:
            try:
                return client.create_refund(order_id, body, api_refund=api_refund)
            except RefundOutcomeUnknown as error:
                return error.resolve(wait=0)

    result = refund_sync() if way == "sync" else asyncio.run(refund_async())
    assert len(shop.refunds(order_id)) == 1
    assert result is Outcome.RECORDED_ONLY if api_refund is None else result.amount == "5.00"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("api_refund", "in_query", "is_paid", "outcome"),
    [
        (UNSET, None, False, Outcome.RECORDED_ONLY),
        (True, "false", False, Outcome.RECORDED_ONLY),
        (UNSET, None, True, Outcome.MADE),
        (False, None, False, Outcome.MADE),
        (UNSET, "false", False, Outcome.MADE),
    ],
)
def test_a_refund_that_says_that_nothing_was_paid_is_recorded_only(
    api_refund: Any, in_query: str | None, is_paid: bool, outcome: Outcome, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a lost refund is recorded, and says that no gateway paid it, it is MADE only if none was asked to."""
    body = CurrentRefundCreate(amount="5.00", api_refund=api_refund)
    with serving("woocommerce") as server:
        monkeypatch.setattr(server.shop._shop, "_ask_gateway", lambda order: is_paid)
        server.fail("refund", Fault(made=True, sends="nothing", ends="closed"))
        told = refund(server, way, lambda shop: shop.create_refund(ORDERS["woocommerce"], body, api_refund=in_query))
        assert isinstance(told.error, RefundOutcomeUnknown)
        assert (told.outcome, server.made, len(server.requests("refund"))) == (outcome, 1, 1)


# A success answer that says something else.


CONTRADICTIONS = {
    "another order, walmart": ("walmart", b"2961380412345", b"2961380412346"),
    "another order, walmart_ca": ("walmart_ca", b"1796277083022", b"1796277083023"),
    "another connection, taxcloud": ("taxcloud", CONNECTION.encode(), CONNECTION.replace("0", "1").encode()),
    "less, walmart": ("walmart", b'"amount":-19.99', b'"amount":-1.99'),
    "less, walmart_ca": ("walmart_ca", b"<amount>-19.99<", b"<amount>-1.99<"),
    "more than was left, walmart": ("walmart", b'"amount":-19.99', b'"amount":-1999.00'),
    "more than was left, walmart_ca": ("walmart_ca", b"<amount>-19.99<", b"<amount>-1999.00<"),
    "another amount, woocommerce": ("woocommerce_legacy", b'"amount":"30.80"', b'"amount":"50.00"'),
    "no amount, woocommerce": ("woocommerce_legacy", b'"amount":"30.80"', b'"amount":""'),
    "fewer pieces, taxcloud": ("taxcloud", b'"quantity":2', b'"quantity":1'),
    "another item, taxcloud": ("taxcloud", b'"itemId":"CHAIR-OAK"', b'"itemId":"CHAIR-ASH"'),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_a_success_answer_about_another_refund_leaves_the_outcome_unknown(what: str, way: str) -> None:
    """A success answer of another order, or with another amount than was asked, raises RefundOutcomeUnknown."""
    api, before, after = CONTRADICTIONS[what]
    with serving(api) as server:  # type: ignore[arg-type]
        server.fail("refund", Fault(made=True, rewrites=(before, after)))
        told = refund(server, way)
        assert isinstance(told.error, RefundOutcomeUnknown)
        assert isinstance(told.error.error, DecodeError)
        assert "but the answer is" in str(told.error) or "but the answer shows" in str(told.error)
        assert (told.outcome, server.made) == (Outcome.MADE, 1)


AGREEMENTS = {
    "rounded, woocommerce": ("woocommerce_legacy", b'"amount":"30.80"', b'"amount":"31"'),
    "more digits, woocommerce": ("woocommerce_legacy", b'"amount":"30.80"', b'"amount":"30.8000"'),
    "more of the line, walmart": ("walmart", b'"amount":-19.99', b'"amount":-39.98'),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", AGREEMENTS)
def test_a_success_answer_may_say_it_in_other_words(what: str, way: str) -> None:
    """An answer that rounds the amount, or completes the refund of a line, is a success."""
    api, before, after = AGREEMENTS[what]
    with serving(api) as server:  # type: ignore[arg-type]
        server.fail("refund", Fault(made=True, rewrites=(before, after)))
        assert refund(server, way).error is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", ["walmart", "taxcloud"])
def test_a_success_answer_without_the_refund_is_logged(api: Any, way: str, caplog: pytest.LogCaptureFixture) -> None:
    """A success answer that does not show the refund yet is returned, with a warning in the log."""
    with serving(api) as server:
        body = b"[]" if api == "taxcloud" else encode(server.state()[0])
        server.fail("refund", Fault(made=True, answer=Answer(SUCCESSES[REFUND[api]], JSON, body)))
        assert refund(server, way).error is None
    assert f"the answer shows no refund of order {ORDERS[api]}" in caplog.text


# Updates, deletions and cancellations.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", [False, True])
def test_a_new_reason_tells_only_that_it_is_there(made: bool, way: str) -> None:
    """resolve() counts an update of the reason as made if the new reason is there; otherwise it is open."""
    with serving("woocommerce_legacy") as server:
        act = changing("the reason", server)
        server.fail("refund", Fault(made=made, sends="nothing", ends="closed"))
        told = refund(server, way, act)
        assert told.outcome is (Outcome.MADE if made else told.error)


@pytest.mark.parametrize("way", WAYS)
def test_errors_of_the_older_api_come_in_its_own_xml(way: str) -> None:
    """A 500 in XML leaves the outcome unknown, and the error has the code and reason of the XML."""
    operation = operations.get("walmart_ca.get_order")
    error = {"code": "SYSTEM_ERROR.GMP_ORDER_API", "field": "data", "description": "Please try again"}
    xml = write_xml({"errors": {"error": [error]}}, operation.schema("500"))
    with serving("walmart_ca") as server:
        server.fail("refund", Fault(answer=Answer(500, {"content-type": "application/xml"}, xml)))
        told = refund(server, way)
        found = cause(told.error)
        assert isinstance(found, StatusError)
        assert (found.code, found.reason) == (error["code"], error["description"])
        assert told.outcome is Outcome.NOT_MADE


# Errors that come as a 500 and say what became of the request: which ones prove that nothing was made.
CONTENT = "INVALID_REQUEST_CONTENT.GMP_ORDER_API"
TOLD_BY_500 = [
    ("walmart.cancel_order_lines", CONTENT, True),
    ("walmart_ca.cancel_order_lines", CONTENT, True),
    ("woocommerce.create_refund", "woocommerce_rest_cannot_create_order_refund", True),
    ("walmart.cancel_order_lines", "INVALID_REQUEST.GMP_ORDER_API", False),
    ("walmart_ca.cancel_order_lines", "SYSTEM_ERROR.GMP_ORDER_API", False),
    ("walmart.refund_order_lines", CONTENT, False),
    ("walmart.refund_return", CONTENT, False),
    ("woocommerce.delete_refund", "woocommerce_rest_invalid_order_refund_id", False),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "code", "is_proof"), TOLD_BY_500)
def test_a_500_is_a_refusal_where_its_code_proves_it(name: str, code: str, is_proof: bool, way: str) -> None:
    """A 500 is RefundRefused where its code proves that nothing was made; else the outcome is unknown."""
    with serving(name.partition(".")[0]) as server:  # type: ignore[arg-type]
        act = changing(name, server)
        server.fail("refund", Fault(made=not is_proof, answer=said_with_500(name, code)))
        told = refund(server, way, act)
        assert type(told.error) is (RefundRefused if is_proof else RefundOutcomeUnknown)
        assert (told.error.status, told.error.code) == (500, code)
        assert told.outcome is (None if is_proof else Outcome.MADE)
        assert (server.made, len(server.requests("refund"))) == (int(not is_proof), 1)


def said_with_500(name: str, code: str) -> Answer:
    """Return a 500 with an error of this code, in the form of the operation's API."""
    words = "Line 4 of the order is in SHIPPED status"
    error: dict[str, Any] = {"errors": {"error": [{"code": code, "field": "data", "description": words}]}}
    if name.startswith("woocommerce."):
        error = {"code": code, "message": words, "data": 500 if name.endswith(".create_refund") else 404}
    if name.startswith("walmart_ca."):
        xml = write_xml(error, operations.get(name).schema("500"))
        return Answer(500, {"content-type": "application/xml"}, xml)
    return Answer(500, JSON, encode(error))
