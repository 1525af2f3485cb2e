"""The generated WooCommerce client against what real servers answered, replayed over a socket."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from api_server import Server, plain, running_server
from refundkit import operations, routes
from refundkit_apis._runtime import errors
from refundkit_apis.woocommerce_legacy import models

BODIES = {
    "woocommerce_legacy.create_refund": (models.RefundCreateRequest, models.RefundCreate),
    "woocommerce_legacy.update_refund": (models.RefundUpdateRequest, models.RefundUpdate),
}


class Asked(msgspec.Struct):
    """The request of an exchange: a body as JSON, or the text that is none."""

    method: str
    path: str
    body: Any
    raw_body: str | None


class Answered(msgspec.Struct):
    """The answer of an exchange; `body` is the text in the recording, byte for byte, `text` what is no JSON."""

    status: int
    content_type: str
    body: msgspec.Raw
    text: str | None

    @property
    def content(self) -> bytes:
        return bytes(self.body) if self.text is None else self.text.encode()


class Exchange(msgspec.Struct):
    """One line of the recordings."""

    server: str
    case: str
    request: Asked
    response: Answered

    @property
    def name(self) -> str:
        return f"{self.server.rpartition(' ')[2]} {self.case}"


class Made(msgspec.Struct):
    """How the generated client makes an exchange: the operation, its arguments, and its body."""

    operation: operations.Operation
    ids: list[str]
    options: dict[str, Any]


RECORDINGS = Path(__file__).parent / "recordings" / "woocommerce.jsonl"
_DECODER = msgspec.json.Decoder(Exchange, float_hook=Decimal)
EXCHANGES = [_DECODER.decode(line) for line in RECORDINGS.read_bytes().splitlines()]


def made(exchange: Exchange) -> Made | None:
    """The call that makes the exchange, or None where the client has none: no such operation, or no such body."""
    asked = exchange.request
    match = routes.match(asked.method, f"https://shop.example{asked.path}")
    if match is None or asked.raw_body is not None:
        return None
    options: dict[str, Any] = dict(match.query)
    if match.operation.described.body is not None:
        request, inner = BODIES[match.operation.name]
        try:
            options["body"] = request(order_refund=inner(**asked.body["order_refund"]))
        except (TypeError, KeyError):
            return None
    return Made(match.operation, list(match.path.values()), options)


CALLS = [(exchange, call) for exchange in EXCHANGES if (call := made(exchange))]
LEFT_OUT = [exchange for exchange in EXCHANGES if made(exchange) is None]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that replays the recorded responses."""
    with running_server() as server:
        yield server


def run(call: Made, server: Server, way: str) -> Any:
    """Make the call, sync or async, with the httpx client closed behind it."""
    _, name = call.operation.name.split(".")
    tag = "orders" if name == "get_order" else "refunds"
    function = getattr(import_module(f"refundkit_apis.woocommerce_legacy.api.{tag}.{name}"), way)
    client = server.client()
    if way == "sync_detailed":
        with client:
            return function(*call.ids, client=client, **call.options)

    async def waiting() -> Any:
        async with client:
            return await function(*call.ids, client=client, **call.options)

    return asyncio.run(waiting())


def replay(exchange: Exchange, call: Made, server: Server, way: str) -> Any:
    """Make the call against a server that answers what was recorded; what it got is what was recorded."""
    answered = exchange.response
    server.received.clear()
    server.answer(answered.status, answered.content, {"Content-Type": answered.content_type})
    try:
        return run(call, server, way)
    finally:
        (sent,) = server.received
        path, _, query = exchange.request.path.partition("?")
        assert (sent.method, sent.path) == (exchange.request.method, path)
        assert [f"{key}={value}" for key, value in sent.query.items()] == [*filter(None, query.split("&"))]
        assert (json.loads(sent.body, parse_float=Decimal) if sent.body else None) == exchange.request.body


def holds(whole: Any, part: Any) -> bool:
    """Whether a recorded value has all that the model has, in the same places."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and holds(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(holds, whole, part))
    return bool(whole == part)


WAYS = pytest.mark.parametrize("way", ["sync_detailed", "asyncio_detailed"])
SUCCEEDED = [one for one in CALLS if one[0].response.status < 300]
REFUSED = [one for one in CALLS if one[0].response.status >= 300]


def test_none_is_left_out_in_silence() -> None:
    """All 74 exchanges are replayed but those that the client cannot make, which are these."""
    assert len(EXCHANGES) == 74
    assert len(SUCCEEDED) + len(REFUSED) + len(LEFT_OUT) == 74
    assert Counter(exchange.case for exchange in LEFT_OUT) == {
        "create, amount missing": 2,
        "create, no wrapper": 2,
        "create, invalid JSON": 2,
        "create, read-only fields sent": 2,
        "create, unknown field": 2,
        "wrong method on the collection": 2,
    }


@WAYS
@pytest.mark.parametrize(("exchange", "call"), SUCCEEDED, ids=[one.name for one, _ in SUCCEEDED])
def test_a_success_becomes_the_model(server: Server, exchange: Exchange, call: Made, way: str) -> None:
    """What a real server answered with success is read, and says what the server said."""
    result = replay(exchange, call, server, way)
    body = json.loads(exchange.response.content, parse_float=Decimal)
    assert result.status == exchange.response.status
    read = plain(result.parsed)
    assert read
    assert holds(body, read)


@WAYS
@pytest.mark.parametrize(("exchange", "call"), REFUSED, ids=[one.name for one, _ in REFUSED])
def test_a_refusal_has_the_servers_words(server: Server, exchange: Exchange, call: Made, way: str) -> None:
    """What a real server refused, or broke over, is a StatusError with its code and message."""
    with pytest.raises(errors.StatusError) as caught:
        replay(exchange, call, server, way)
    body = json.loads(exchange.response.content)
    words = body["errors"][0] if "errors" in body else body
    assert caught.value.status == exchange.response.status
    assert (caught.value.code, caught.value.reason) == (words["code"], words["message"])


@WAYS
def test_a_success_that_says_errors_is_no_refund(server: Server, way: str) -> None:
    """A gateway's failure comes as 200 with errors (not among the 74, though seen): a StatusError with its words."""
    server.answer(200, b'{"errors":[{"code":"error","message":"Refund Failed: No transaction ID"}]}')
    call = next(call for exchange, call in CALLS if exchange.case == "create, amount as number")
    with pytest.raises(errors.StatusError) as caught:
        run(call, server, way)
    assert (caught.value.status, caught.value.code) == (200, "error")
    assert caught.value.reason == "Refund Failed: No transaction ID"
