"""The generated WooCommerce client against recorded answers of real servers, replayed over a socket."""

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


class RecordedRequest(msgspec.Struct):
    """The request of an exchange: its JSON body, or the raw text of an invalid one."""

    method: str
    path: str
    body: Any
    raw_body: str | None


class RecordedResponse(msgspec.Struct):
    """The response of an exchange: its JSON body byte for byte, or its text."""

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
    request: RecordedRequest
    response: RecordedResponse

    @property
    def name(self) -> str:
        return f"{self.server.rpartition(' ')[2]} {self.case}"


class ClientCall(msgspec.Struct):
    """An exchange as a call of the generated client: operation, path ids and options."""

    operation: operations.Operation
    ids: list[str]
    options: dict[str, Any]


RECORDINGS = Path(__file__).parent / "recordings" / "woocommerce.jsonl"
_DECODER = msgspec.json.Decoder(Exchange, float_hook=Decimal)
EXCHANGES = [_DECODER.decode(line) for line in RECORDINGS.read_bytes().splitlines()]


def client_call_of(exchange: Exchange) -> ClientCall | None:
    """Return the client call that makes the exchange; None if the client cannot make it."""
    request = exchange.request
    match = routes.match(request.method, f"https://shop.example{request.path}")
    if match is None or request.raw_body is not None:
        return None
    options: dict[str, Any] = dict(match.query)
    if match.operation.described.body is not None:
        wrapper, refund = BODIES[match.operation.name]
        try:
            options["body"] = wrapper(order_refund=refund(**request.body["order_refund"]))
        except (TypeError, KeyError):
            return None
    return ClientCall(match.operation, list(match.path.values()), options)


CALLS = [(exchange, call) for exchange in EXCHANGES if (call := client_call_of(exchange))]
LEFT_OUT = [exchange for exchange in EXCHANGES if client_call_of(exchange) is None]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that replays the recorded responses."""
    with running_server() as server:
        yield server


def make_call(call: ClientCall, server: Server, way: str) -> Any:
    """Make the call, sync or async, and close the client."""
    _, name = call.operation.name.split(".")
    tag = "orders" if name == "get_order" else "refunds"
    function = getattr(import_module(f"refundkit_apis.woocommerce_legacy.api.{tag}.{name}"), way)
    client = server.client()
    if way == "sync_detailed":
        with client:
            return function(*call.ids, client=client, **call.options)

    async def call_async() -> Any:
        async with client:
            return await function(*call.ids, client=client, **call.options)

    return asyncio.run(call_async())


def replay(exchange: Exchange, call: ClientCall, server: Server, way: str) -> Any:
    """Make the call against the recorded response, and check that the request equals the recorded one."""
    response = exchange.response
    server.received.clear()
    server.answer(response.status, response.content, {"Content-Type": response.content_type})
    try:
        return make_call(call, server, way)
    finally:
        (sent,) = server.received
        path, _, query = exchange.request.path.partition("?")
        assert (sent.method, sent.path) == (exchange.request.method, path)
        assert [f"{key}={value}" for key, value in sent.query.items()] == [*filter(None, query.split("&"))]
        assert (json.loads(sent.body, parse_float=Decimal) if sent.body else None) == exchange.request.body


def contains(whole: Any, part: Any) -> bool:
    """Return whether a recorded value contains everything in the model."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and contains(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


WAYS = pytest.mark.parametrize("way", ["sync_detailed", "asyncio_detailed"])
SUCCEEDED = [pair for pair in CALLS if pair[0].response.status < 300]
REFUSED = [pair for pair in CALLS if pair[0].response.status >= 300]


def test_only_impossible_exchanges_are_left_out() -> None:
    """All 74 exchanges are replayed, except these, which the client cannot make."""
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
@pytest.mark.parametrize(("exchange", "call"), SUCCEEDED, ids=[exchange.name for exchange, _ in SUCCEEDED])
def test_success_becomes_the_model(server: Server, exchange: Exchange, call: ClientCall, way: str) -> None:
    """The model of a recorded success holds what the server sent."""
    result = replay(exchange, call, server, way)
    body = json.loads(exchange.response.content, parse_float=Decimal)
    assert result.status == exchange.response.status
    fields = plain(result.parsed)
    assert fields
    assert contains(body, fields)


@WAYS
@pytest.mark.parametrize(("exchange", "call"), REFUSED, ids=[exchange.name for exchange, _ in REFUSED])
def test_refusal_has_the_server_code_and_message(
    server: Server, exchange: Exchange, call: ClientCall, way: str
) -> None:
    """A recorded refusal raises StatusError with the server's code and message."""
    with pytest.raises(errors.StatusError) as caught:
        replay(exchange, call, server, way)
    body = json.loads(exchange.response.content)
    error = body["errors"][0] if "errors" in body else body
    assert caught.value.status == exchange.response.status
    assert (caught.value.code, caught.value.reason) == (error["code"], error["message"])


@WAYS
def test_success_that_lists_errors_is_a_status_error(server: Server, way: str) -> None:
    """A 200 whose body lists errors raises StatusError with their code and message."""
    server.answer(200, b'{"errors":[{"code":"error","message":"Refund Failed: No transaction ID"}]}')
    call = next(call for exchange, call in CALLS if exchange.case == "create, amount as number")
    with pytest.raises(errors.StatusError) as caught:
        make_call(call, server, way)
    assert (caught.value.status, caught.value.code) == (200, "error")
    assert caught.value.reason == "Refund Failed: No transaction ID"
