"""The generated clients over a real socket: what they send, what they return, and what they raise."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx
import pytest
import refundkit_apis
import story
from refundkit import operations
from refundkit_apis._runtime import errors
from refundkit_apis._runtime.client import Client
from refundkit_apis._runtime.codec import decode, encode
from refundkit_apis.taxcloud import models as taxcloud
from refundkit_apis.taxcloud.api.orders import get_order as taxcloud_get_order
from refundkit_apis.taxcloud.api.orders import refund_order
from refundkit_apis.walmart import models as walmart
from refundkit_apis.walmart.api.orders import get_order, refund_order_lines
from refundkit_apis.woocommerce_legacy import models as woocommerce_legacy
from refundkit_apis.woocommerce_legacy.api.refunds import create_refund, delete_refund, list_refunds

SECRET = "a-secret-of-our-own"
HIDDEN = "the-rest-of-the-body"
CONNECTION = "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Deaf to the proxies of the machine, and without the time that it takes to load certificates for plain http.
OPTIONS = {"trust_env": False, "verify": False}


class Sent(NamedTuple):
    """A request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers every request with what `answer` was told last, and keeps what came in."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.sent: list[Sent] = []
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = {"Content-Type": JSON} | (headers or {})

    def client(self, **arguments: Any) -> Client:
        """A client of this server, with secrets in its headers and its credentials."""
        given: dict[str, Any] = {"auth": httpx.BasicAuth("ck_own", SECRET), "headers": {"WM_SEC.ACCESS_TOKEN": SECRET}}
        return Client(self.url, **given | arguments, options=OPTIONS)


@contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            known.sent.append(Sent(self.command, path, dict(parse_qsl(query)), dict(self.headers), body))
            self.send_response(known.status)
            for key, value in ({"Content-Length": str(len(known.body))} | known.headers).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(known.body)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        known = Server(listener.server_port)
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield known
        finally:
            listener.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def listening() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(listening: Server) -> Server:
    """The one server of these tests, with an empty memory."""
    listening.sent.clear()
    listening.answer(200, b"{}")
    return listening


class Call(NamedTuple):
    """How an operation is called, what must go over the wire, and what comes back."""

    arguments: tuple[str, ...]
    options: dict[str, str]
    method: str
    path: str
    query: dict[str, str]
    media_type: str | None
    answer: str


# Written by hand, not read from a spec: what a caller writes on the left is what a server sees on the right.
CALLS = {
    "walmart.refund_order_lines": Call(
        ("2961380412345",), {}, "POST", "/v3/orders/2961380412345/refund", {}, JSON, "OrderResponse"
    ),
    "walmart.get_order": Call(
        ("29/61 38?0#é",),
        {"product_info": "true", "replacement_info": "false"},
        "GET",
        "/v3/orders/29%2F61%2038%3F0%23%C3%A9",
        {"productInfo": "true", "replacementInfo": "false"},
        None,
        "OrderResponse",
    ),
    "walmart.create_token": Call((), {}, "POST", "/v3/token", {}, FORM, "Token"),
    "walmart_ca.refund_order_lines": Call(
        ("1796277083022",), {}, "POST", "/v3/ca/orders/1796277083022/refund", {}, JSON, "OrderResponse"
    ),
    "walmart_ca.cancel_order_lines": Call(
        ("1796277083022",), {}, "POST", "/v3/ca/orders/1796277083022/cancel", {}, JSON, "OrderResponse"
    ),
    "walmart_ca.get_order": Call(
        ("1796277083022",),
        {"product_info": "true"},
        "GET",
        "/v3/ca/orders/1796277083022",
        {"productInfo": "true"},
        None,
        "OrderResponse",
    ),
    "woocommerce_legacy.create_refund": Call(
        ("1204",),
        {"api_refund": "0"},
        "POST",
        "/wc-api/v3/orders/1204/refunds",
        {"api_refund": "0"},
        JSON,
        "RefundResponse",
    ),
    "woocommerce_legacy.list_refunds": Call(
        ("1204",),
        {"fields": "id,amount&reason=é +"},
        "GET",
        "/wc-api/v3/orders/1204/refunds",
        {"fields": "id,amount&reason=é +"},
        None,
        "RefundListResponse",
    ),
    "woocommerce_legacy.get_refund": Call(
        ("1204", "1301"),
        {"fields": "id,amount"},
        "GET",
        "/wc-api/v3/orders/1204/refunds/1301",
        {"fields": "id,amount"},
        None,
        "RefundResponse",
    ),
    "woocommerce_legacy.update_refund": Call(
        ("1204", "1301"), {}, "PUT", "/wc-api/v3/orders/1204/refunds/1301", {}, JSON, "RefundResponse"
    ),
    "woocommerce_legacy.delete_refund": Call(
        ("1204", "13/01"), {}, "DELETE", "/wc-api/v3/orders/1204/refunds/13%2F01", {}, None, "DeletedResponse"
    ),
    "woocommerce_legacy.get_order": Call(("1204",), {}, "GET", "/wc-api/v3/orders/1204", {}, None, "OrderResponse"),
    "taxcloud.refund_order": Call(
        (CONNECTION, "a/b c?#é"),
        {},
        "POST",
        f"/tax/connections/{CONNECTION}/orders/refunds/a%2Fb%20c%3F%23%C3%A9",
        {},
        JSON,
        "Refund",
    ),
    "taxcloud.get_order": Call(
        (CONNECTION, "50% {orderId}/.."),
        {"expand": "refunds"},
        "GET",
        f"/tax/connections/{CONNECTION}/orders/50%25%20%7BorderId%7D%2F..",
        {"expand": "refunds"},
        None,
        "Order",
    ),
}
OPERATIONS = sorted(CALLS)
WAYS = ["sync", "sync_detailed", "asyncio", "asyncio_detailed"]


def module(name: str) -> Any:
    """The generated module of an operation."""
    api, _, short = name.partition(".")
    (path,) = Path(refundkit_apis.__path__[0], api, "api").glob(f"*/{short}.py")
    return import_module(f"refundkit_apis.{api}.api.{path.parent.name}.{short}")


def body_of(name: str) -> Any:
    """The model of the spec's own request example, or None where the operation takes no body."""
    if operations.get(name).described.body is None:
        return None
    return decode(story.text(story.examples(name)[0]), operations.get(name).struct())


def call(name: str, client: Client, way: str = "sync") -> Any:
    """The operation as CALLS has it, called one of the four ways, its httpx client closed behind it."""
    given: dict[str, Any] = {"client": client, **CALLS[name].options}
    if (body := body_of(name)) is not None:
        given["body"] = body
    function = getattr(module(name), way)
    if way.startswith("sync"):
        with client:
            return function(*CALLS[name].arguments, **given)

    async def waiting() -> Any:
        async with client:
            return await function(*CALLS[name].arguments, **given)

    return asyncio.run(waiting())


def fails(name: str, client: Client, kind: type[Exception], way: str = "sync") -> Any:
    """The error that the call raises: of that very kind, and silent about secrets and bodies."""
    with pytest.raises(errors.RefundError) as caught:
        call(name, client, way)
    assert type(caught.value) is kind
    told = f"{caught.value} {caught.value!r} {''.join(traceback.format_exception(caught.value))}"
    assert SECRET not in told
    assert HIDDEN not in told
    return caught.value


def success(name: str) -> tuple[int, list[Any]]:
    """The documented success status of an operation, and the spec's examples of its answer."""
    status = operations.success(operations.get(name))
    return int(status), story.examples(name, status)


def plain(model: Any) -> Any:
    """A model as plain data with exact numbers."""
    return json.loads(encode(model), parse_float=Decimal)


def test_every_operation_is_called_here() -> None:
    """No operation of the specs goes without these tests."""
    assert set(CALLS) == set(operations.names())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_call_goes_out_as_documented(server: Server, name: str, way: str) -> None:
    """Method, path with encoded ids, query, headers and body arrive as the API documents them, all four ways."""
    status, (answer, *_) = success(name)
    server.answer(status, story.text(answer))
    call(name, server.client(), way)
    (sent,) = server.sent
    expected = CALLS[name]
    assert (sent.method, sent.path, sent.query) == (expected.method, expected.path, expected.query)
    assert sent.headers.get("Content-Type") == expected.media_type
    assert sent.headers["Accept"] == JSON
    assert sent.headers["WM_SEC.ACCESS_TOKEN"] == SECRET
    assert sent.headers["Authorization"].startswith("Basic ")
    if expected.media_type == JSON:
        assert sent.body == encode(body_of(name))
        assert json.loads(sent.body, parse_float=Decimal) == story.examples(name)[0]
    else:
        assert sent.body == (b"grant_type=client_credentials" if expected.media_type else b"")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_success_comes_back_as_the_model(server: Server, name: str, way: str) -> None:
    """Every example answer of the spec is decoded to its model, and nothing of it is lost or rounded."""
    status, answers = success(name)
    models = import_module(f"refundkit_apis.{name.partition('.')[0]}.models")
    for answer in answers:
        server.answer(status, story.text(answer), {"X-Page": "1"})
        result = call(name, server.client(), way)
        if way.endswith("detailed"):
            assert (result.status, result.headers["X-Page"]) == (status, "1")
            result = result.parsed
        for item, shown in zip(
            result if isinstance(result, list) else [result],
            answer if isinstance(answer, list) else [answer],
            strict=True,
        ):
            assert type(item) is getattr(models, CALLS[name].answer)
            assert plain(item) == shown


@pytest.mark.parametrize("name", ["walmart_ca.refund_order_lines", "walmart_ca.cancel_order_lines"])
def test_the_older_canadian_api_is_sent_the_json_form(server: Server, name: str) -> None:
    """Until the XML transport exists, walmart_ca sends the JSON form of its XML, and says so in Content-Type."""
    status, (answer, *_) = success(name)
    server.answer(status, story.text(answer))
    call(name, server.client())
    assert operations.get(name).described.media_type == "application/xml"
    assert server.sent[0].headers["Content-Type"] == JSON
    assert json.loads(server.sent[0].body, parse_float=Decimal) == story.examples(name)[0]


def test_what_is_not_given_is_not_sent(server: Server) -> None:
    """An optional query key that the caller leaves alone is not in the URL, a field neither; a null is sent."""
    status, (answer, *_) = success("woocommerce_legacy.create_refund")
    server.answer(status, story.text(answer))
    body = woocommerce_legacy.RefundCreateRequest(order_refund=woocommerce_legacy.RefundCreate(amount=5, reason=None))
    with server.client() as client:
        create_refund.sync("1204", client=client, body=body)
    assert server.sent[0].query == {}
    assert server.sent[0].body == b'{"order_refund":{"amount":5,"reason":null}}'


def test_an_empty_object_is_sent_as_one(server: Server) -> None:
    """TaxCloud's refund of a whole order, an empty object, is sent as an object and not as no body."""
    status, (answer, *_) = success("taxcloud.refund_order")
    server.answer(status, story.text(answer))
    with server.client() as client:
        refund_order.sync(CONNECTION, "SO-1077", client=client, body=taxcloud.RefundCreate())
    assert server.sent[0].body == b"{}"


@pytest.mark.parametrize(
    ("amount", "literal"),
    [
        (Decimal("-19.990"), b"-19.990"),
        (Decimal("-0.10"), b"-0.10"),
        (-9007199254740993, b"-9007199254740993"),
        (Decimal("-9007199254740993.12345678901"), b"-9007199254740993.12345678901"),
        (-1234567890123456789012345, b"-1234567890123456789012345"),
    ],
)
def test_money_is_sent_to_the_last_digit(server: Server, amount: Decimal | int, literal: bytes) -> None:
    """An amount stands in the body as the caller wrote it, its trailing zeros and every digit included."""
    status, (answer, *_) = success("walmart.refund_order_lines")
    server.answer(status, story.text(answer))
    charge = walmart.RefundedCharge(
        charge_type="PRODUCT",
        charge_name="ItemPrice",
        charge_amount=walmart.RefundMoney(amount=amount, currency="USD"),
    )
    refund = walmart.Refund(
        refund_charges=walmart.RefundCharges(
            refund_charge=[walmart.RefundCharge(refund_reason="DamagedItem", charge=charge)]
        )
    )
    lines = walmart.RefundLines(
        order_line=[walmart.RefundLine(line_number="1", refunds=walmart.Refunds(refund=[refund]))]
    )
    body = walmart.OrderRefundRequest(
        order_refund=walmart.OrderRefund(purchase_order_id="2961380412345", order_lines=lines)
    )
    with server.client() as client:
        refund_order_lines.sync("2961380412345", client=client, body=body)
    assert b'"chargeAmount":{"amount":' + literal + b"," in server.sent[0].body


@pytest.mark.parametrize("literal", ["19.990", "9007199254740993", "9007199254740993.12345678901", '"19.990"', "-0.00"])
def test_money_comes_back_to_the_last_digit(server: Server, literal: str) -> None:
    """An amount of an answer keeps every digit, and whether it was quoted."""
    refunds = f'{{"order_refunds": [{{"id": 1, "amount": {literal}}}]}}'
    server.answer(200, refunds.encode())
    with server.client() as client:
        answer = list_refunds.sync("1204", client=client)
    assert encode(answer.order_refunds[0].amount) == literal.encode()


def test_a_shop_below_a_path_is_reached(server: Server) -> None:
    """The path of `base_url` stands before the operation's own."""
    status, (answer, *_) = success("woocommerce_legacy.list_refunds")
    server.answer(status, story.text(answer))
    with Client(f"{server.url}/shop/", options=OPTIONS) as client:
        list_refunds.sync("1204", client=client)
    assert server.sent[0].path == "/shop/wc-api/v3/orders/1204/refunds"


@pytest.mark.parametrize("refund", ["", ".", ".."])
def test_an_id_never_leaves_its_place_in_the_path(server: Server, refund: str) -> None:
    """Deleting the refund `..` must never become deleting the order: such an id is refused before anything is sent."""
    server.answer(200, b'{"message": "gone"}')
    with server.client() as client, pytest.raises(ValueError, match=r"refund_id"):
        delete_refund.sync("1204", refund, client=client)
    assert server.sent == []


GATEWAY = {
    "errors": {
        "error": [
            {
                "code": "INVALID_REQUEST_CONTENT.GMP_ORDER_API",
                "field": HIDDEN,
                "description": "The amount is too large",
                "info": HIDDEN,
                "severity": "ERROR",
                "category": "DATA",
            },
            {"code": HIDDEN, "description": HIDDEN},
        ]
    }
}
SHOP = {"errors": [{"code": "woocommerce_api_invalid_refund", "message": "No such refund"}, {"code": HIDDEN}]}
PROBLEM = {
    "type": HIDDEN,
    "title": "Unprocessable Entity",
    "status": 422,
    "detail": "validation failed",
    "errors": [{"location": "body.items[0].quantity", "message": HIDDEN, "value": HIDDEN}],
}
DOCUMENTED: dict[str, tuple[str, Any, str, str]] = {
    "walmart": (JSON, GATEWAY, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "The amount is too large"),
    "walmart_ca": (JSON, GATEWAY, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "The amount is too large"),
    "woocommerce_legacy": (JSON, SHOP, "woocommerce_api_invalid_refund", "No such refund"),
    "taxcloud": ("application/problem+json", PROBLEM, "Unprocessable Entity", "validation failed"),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_documented_error_status_raises(server: Server, name: str) -> None:
    """Each error status of the spec raises StatusError with the API's own code and reason, and nothing more of it."""
    statuses = [status for status in operations.get(name).described.responses if not status.startswith("2")]
    assert len(statuses) >= 3
    media_type, body, code, reason = DOCUMENTED[name.partition(".")[0]]
    for status in statuses:
        server.answer(int(status), json.dumps(body).encode(), {"Content-Type": media_type})
        error = fails(name, server.client(), errors.StatusError)
        assert (error.status, error.code, error.reason) == (int(status), code, reason)
        assert str(error) == f"HTTP {status}: {code} {reason}"
        assert error.response.json() == body


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_way_of_calling_returns_an_error(server: Server, name: str, way: str) -> None:
    """All four ways of every operation raise on a refusal; none returns a value that a caller could overlook."""
    server.answer(400, json.dumps(DOCUMENTED[name.partition(".")[0]][1]).encode())
    assert fails(name, server.client(), errors.StatusError, way).status == 400


@pytest.mark.parametrize(
    ("name", "body", "code", "reason"),
    [
        (
            "woocommerce_legacy.get_order",
            {"errors": {"code": "disabled", "message": "API is off"}},
            "disabled",
            "API is off",
        ),
        (
            "woocommerce_legacy.get_order",
            {"code": "internal_server_error", "message": "A critical error", "data": {"status": 500, "x": HIDDEN}},
            "internal_server_error",
            "A critical error",
        ),
        ("walmart.get_order", {"errors": {"error": [{"code": "A", "info": "Look here"}]}}, "A", "Look here"),
        ("walmart.get_order", {"errors": {"error": {"code": "A", "description": None}}}, "A", None),
        ("taxcloud.get_order", {"title": "Not Found", "errors": None}, "Not Found", None),
        ("taxcloud.get_order", {"errors": [{"message": "no such order", "location": HIDDEN}]}, None, "no such order"),
        ("taxcloud.get_order", {"title": True, "detail": {"a": HIDDEN}}, None, None),
    ],
)
def test_other_forms_of_an_error_are_read_too(
    server: Server, name: str, body: Any, code: str | None, reason: str | None
) -> None:
    """Code and reason are found in every form that the four APIs are known to answer with."""
    server.answer(500, json.dumps(body).encode())
    error = fails(name, server.client(), errors.StatusError)
    assert (error.code, error.reason) == (code, reason)


def test_a_code_in_digits_is_a_code(server: Server) -> None:
    """An integer code, which WooCommerce's spec allows, is told as text."""
    server.answer(404, b'{"errors": [{"code": 404, "message": "No route"}]}')
    assert fails("woocommerce_legacy.get_order", server.client(), errors.StatusError).code == "404"


FORMLESS = [
    ("text/html", f"<html><body>{HIDDEN}</body></html>".encode()),
    (JSON, b""),
    (JSON, b'{"errors": [{"code": "A", "mess'),
    (JSON, b"\xff\xfe\x00"),
    (JSON, b"[" * 100_000),
    (JSON, b"null"),
    (JSON, b"5"),
    (JSON, f'"{HIDDEN}"'.encode()),
    (JSON, f'["{HIDDEN}"]'.encode()),
    (JSON, b'[{"code": "A"}]'),
    (JSON, b"{}"),
    (JSON, b'{"errors": []}'),
    (JSON, b'{"errors": ["x"]}'),
    (JSON, b'{"errors": {"error": []}}'),
    (JSON, b'{"errors": {"error": "x"}}'),
]


@pytest.mark.parametrize(("media_type", "body"), FORMLESS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("status", [404, 500])
def test_an_error_without_a_form_is_a_status_still(server: Server, status: int, media_type: str, body: bytes) -> None:
    """An HTML page, an empty or broken body or JSON of another shape is a StatusError without code and reason."""
    server.answer(status, body, {"Content-Type": media_type})
    error = fails("walmart.refund_order_lines", server.client(), errors.StatusError)
    assert (error.status, error.code, error.reason, str(error)) == (status, None, None, f"HTTP {status}")
    assert error.response.content == body


@pytest.mark.parametrize("status", [418, 499, 520, 521, 599])
@pytest.mark.parametrize("name", ["walmart.get_order", "woocommerce_legacy.delete_refund", "taxcloud.refund_order"])
def test_an_undocumented_status_raises_too(server: Server, name: str, status: int) -> None:
    """A status that no page names, registered or not, is a StatusError with that very number."""
    server.answer(status, b"")
    assert fails(name, server.client(), errors.StatusError).status == status


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(server: Server, status: int) -> None:
    """A redirect raises: a refund is sent once, and to the address that the caller named."""
    server.answer(status, b"", {"Location": f"{server.url}/elsewhere"})
    assert fails("walmart.refund_order_lines", server.client(), errors.StatusError).status == status
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    ("asked", "answered", "expected"),
    [
        ({"WM_QOS.CORRELATION_ID": "sent"}, {"WM_QOS.CORRELATION_ID": "back"}, "back"),
        ({"WM_QOS.CORRELATION_ID": "sent"}, {"X-Request-Id": "edge"}, "edge"),
        ({"WM_QOS.CORRELATION_ID": "sent"}, {}, "sent"),
        ({}, {"x-request-id": "edge"}, "edge"),
        ({}, {}, None),
    ],
)
def test_an_error_names_the_exchange(
    server: Server, asked: dict[str, str], answered: dict[str, str], expected: str | None
) -> None:
    """`request_id` is the server's word for the exchange, else the id that was sent, else None."""
    server.answer(500, b"", answered)
    error = fails("walmart.get_order", server.client(headers=asked), errors.StatusError)
    assert error.request_id == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_success_that_is_none_raises(server: Server, name: str, way: str) -> None:
    """Truncated JSON with a success status is a DecodeError that holds the response and does not show it."""
    status, (answer, *_) = success(name)
    server.answer(status, story.text(answer)[:-2] + HIDDEN.encode())
    error = fails(name, server.client(), errors.DecodeError, way)
    assert error.response.status_code == status
    assert str(error) == f"HTTP {status} with a body that is no JSON (application/json)"


@pytest.mark.parametrize(
    ("media_type", "body", "words"),
    [
        ("text/html; charset=utf-8", b"<html>", "HTTP 200 with a body that is no JSON (text/html; charset=utf-8)"),
        (JSON, b"", "HTTP 200 with a body that is no JSON (application/json)"),
        (JSON, b'{"order": {"id": 1, "note": "\xff"}}', "HTTP 200 with a body that is no JSON (application/json)"),
        (JSON, b'{"order": {"id": ' + b"[" * 100_000, "HTTP 200 with a"),
        (JSON, b"null", "HTTP 200 with an undocumented body: Expected `object`, got `null`"),
        (JSON, b"[]", "HTTP 200 with an undocumented body: Expected `object`, got `array`"),
        (JSON, b"{}", "HTTP 200 with an undocumented body: Object missing required field `order`"),
        (JSON, b'{"order": {"id": "the-rest-of-the-body"}}', "a str that the schema refuses - at `$.order.id`"),
        (JSON, b'{"order": {"id": 1, "line_items": [], "total": true}}', "HTTP 200 with an undocumented body: "),
        (JSON, b'{"order": {"id": 1, "line_items": [], "total": 1e99999999999999999999}}', "HTTP 200 with a"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_success_of_another_shape_raises(server: Server, media_type: str, body: bytes, words: str) -> None:
    """A 200 with a body that is not the documented one is a DecodeError that says where, and not what."""
    server.answer(200, body, {"Content-Type": media_type})
    error = fails("woocommerce_legacy.get_order", server.client(), errors.DecodeError)
    assert words in str(error)
    assert error.response.content == body


@pytest.mark.parametrize("way", ["sync", "asyncio"])
def test_a_success_that_lists_errors_is_a_status_error(server: Server, way: str) -> None:
    """A 200 whose body lists errors, as WooCommerce sends when its gateway refused, raises with the server's words."""
    server.answer(200, b'{"errors": [{"code": "error", "message": "Refund Failed: No transaction ID"}]}')
    error = fails("woocommerce_legacy.create_refund", server.client(), errors.StatusError, way)
    assert (error.status, error.code, error.reason) == (200, "error", "Refund Failed: No transaction ID")


@pytest.mark.parametrize("way", WAYS)
def test_another_timeout_is_for_the_calls_made_with_it(way: str) -> None:
    """A client with another timeout shares the connections of the first, and its calls give up when it says."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        patient = Server(silent.getsockname()[1]).client()
        hasty = patient.with_timeout(httpx.Timeout(30, read=0.05))
        assert hasty.get_httpx_client() is patient.get_httpx_client()
        fails("walmart.get_order", hasty, errors.TimedOut, way)
    assert patient.timeout == 30.0


@pytest.mark.parametrize("way", ["sync", "asyncio"])
def test_an_answer_that_breaks_off_is_lost(server: Server, way: str) -> None:
    """A connection that ends in the middle of the body is a TransportError: the outcome is unknown."""
    server.answer(200, b'{"order"', {"Content-Length": "5000"})
    error = fails("walmart.refund_order_lines", server.client(), errors.TransportError, way)
    assert str(error).startswith("RemoteProtocolError: ")


@pytest.mark.parametrize("way", WAYS)
def test_a_refused_connection_is_not_sent(way: str) -> None:
    """Where nothing listens, a call raises NotSent: nothing can have happened."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound but not listening: the port stays ours and refuses
        client = Server(bound.getsockname()[1]).client()
        assert str(fails("walmart.get_order", client, errors.NotSent, way)).startswith("ConnectError: ")


@pytest.mark.parametrize("way", WAYS)
def test_a_silent_server_is_a_timeout(way: str) -> None:
    """Where no answer comes in time, a call raises TimedOut, which is a TransportError too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Server(silent.getsockname()[1]).client(timeout=httpx.Timeout(30, read=0.05))
        error = fails("walmart.refund_order_lines", client, errors.TimedOut, way)
    assert isinstance(error, errors.TransportError)
    assert str(error).startswith("ReadTimeout")


class Token(httpx.Auth):
    """Credentials that are put into a header of the request itself."""

    def __init__(self, token: str) -> None:
        self.token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["WM_SEC.ACCESS_TOKEN"] = self.token
        yield request


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize(("place", "end"), [("headers", "\n"), ("headers", "\u20ac"), ("auth", "\n")])
def test_an_impossible_header_is_not_repeated(server: Server, place: str, end: str, way: str) -> None:
    """A token with a line break or a letter beyond ASCII is NotSent, and no part of it is told."""
    token = SECRET + end
    given: dict[str, Any] = {"auth": Token(token)} if place == "auth" else {"headers": {"WM_SEC.ACCESS_TOKEN": token}}
    fails("walmart.get_order", server.client(**given), errors.NotSent, way)
    assert server.sent == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must begin with https://"),
        ("example.com", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("ftp://example.com", "must begin with https://"),
        (f"https://example.com/{SECRET}\n", "is no URL"),
        (f"https://ck_own:{SECRET}@example.com:port", "is no URL"),
        (f"https://example.com/?consumer_secret={SECRET}", "must end with its path"),
        ("https://example.com/shop#top", "must end with its path"),
    ],
)
def test_a_malformed_address_is_refused_at_once(url: str, words: str) -> None:
    """A base_url that no request can be sent to is a ValueError that says why and does not repeat it."""
    with pytest.raises(ValueError, match=f"^base_url {words}") as caught:
        Client(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_password_in_the_address_is_not_shown() -> None:
    """The repr of a client leaves the user information of its base_url out."""
    shown = repr(Client(f"https://ck_own:{SECRET}@example.com/shop"))
    assert shown == "Client(base_url='https://***@example.com/shop', timeout=30.0)"


def test_an_error_survives_a_pickle(server: Server) -> None:
    """StatusError and DecodeError come back whole from another process, their response with them."""
    server.answer(500, b'{"errors": [{"code": "A", "message": "no"}]}', {"X-Request-Id": "edge"})
    refused = fails("woocommerce_legacy.get_order", server.client(), errors.StatusError)
    back = pickle.loads(pickle.dumps(refused))  # noqa: S301 - our own
    assert (back.status, back.code, back.reason, back.request_id) == (500, "A", "no", "edge")
    assert str(back) == str(refused)
    server.answer(200, b"{}")
    odd = fails("woocommerce_legacy.get_order", server.client(), errors.DecodeError)
    back = pickle.loads(pickle.dumps(odd))  # noqa: S301 - our own
    assert (str(back), back.response.content) == (str(odd), b"{}")


def test_a_context_may_begin_after_a_call(server: Server) -> None:
    """`with client:` works behind a first call too, sync and async, and closes what that call opened."""
    server.answer(200, b'{"message": "gone"}')
    client = server.client()
    delete_refund.sync("1204", "1301", client=client)
    with client:
        delete_refund.sync("1204", "1301", client=client)
    assert client.get_httpx_client().is_closed

    async def waiting() -> httpx.AsyncClient:
        client = server.client()
        await delete_refund.asyncio("1204", "1301", client=client)
        async with client:
            await delete_refund.asyncio("1204", "1301", client=client)
        return client.get_async_httpx_client()

    assert asyncio.run(waiting()).is_closed
    assert len(server.sent) == 4


def test_a_client_keeps_its_secrets() -> None:
    """The repr of a client shows neither headers nor credentials, be it used or not."""
    client = Server(9).client()
    assert repr(client) == "Client(base_url='http://127.0.0.1:9', timeout=30.0)"
    with client:
        assert SECRET not in f"{client!r} {client}"


def test_a_token_is_not_in_its_repr() -> None:
    """The repr of a token, and of the request for one, does not show what must stay secret."""
    token = walmart.Token(access_token=SECRET, refresh_token=SECRET, expires_in=900)
    request = walmart.TokenRequest(grant_type="refresh_token", refresh_token=SECRET, code=SECRET)
    assert SECRET not in f"{token!r} {request!r}"


def test_a_response_does_not_show_its_body(server: Server) -> None:
    """The repr of a detailed answer has the status and not the parsed body."""
    server.answer(200, json.dumps({"message": HIDDEN}).encode())
    with server.client() as client:
        answer = delete_refund.sync_detailed("1204", "1301", client=client)
    assert answer.parsed.message == HIDDEN
    assert HIDDEN not in repr(answer)
    assert "status=200" in repr(answer)


WORDS = {"status", "kind", "currency", "currencyCode", "chargeType", "unitOfMeasurement", "token_type", "methodCode"}


def reworded(value: Any) -> Any:
    """The value with a word that no list has wherever words of a list are documented."""
    if isinstance(value, list):
        return [reworded(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "UNHEARD_OF" if key in WORDS and isinstance(item, str) else reworded(item) for key, item in value.items()
    }


def spiced(value: Any) -> Any:
    """The value with unknown fields in every object that has known ones (`meta` is free)."""
    if isinstance(value, list):
        return [spiced(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {key: item if key == "meta" else spiced(item) for key, item in value.items()}
    return {"": "nameless", **known, "x_new": {"deep": [1, None, {"a": 1.5}]}}


@pytest.mark.parametrize("name", OPERATIONS)
def test_unknown_fields_and_words_never_raise(server: Server, name: str) -> None:
    """An answer with fields and enum values of tomorrow is decoded, and all that is known of it stays as it is."""
    status, answers = success(name)
    for answer in answers:
        tomorrow = reworded(answer)
        server.answer(status, story.text(spiced(tomorrow)))
        assert plain(call(name, server.client())) == tomorrow


def test_a_client_hands_its_settings_to_httpx(server: Server) -> None:
    """Timeout and options are httpx's own: they reach the sync and the async client behind an operation."""
    seen: list[str] = []

    async def look(request: httpx.Request) -> None:
        seen.append(f"async {request.method}")

    server.answer(200, b'{"message": "gone"}')
    hooks = {"request": [lambda request: seen.append(f"sync {request.method}")]}
    with Client(server.url, timeout=7.5, options=OPTIONS | {"event_hooks": hooks}) as client:
        assert client.get_httpx_client().timeout == httpx.Timeout(7.5)
        delete_refund.sync("1204", "1301", client=client)

    async def waiting() -> None:
        async with Client(server.url, timeout=7.5, options=OPTIONS | {"event_hooks": {"request": [look]}}) as client:
            assert client.get_async_httpx_client().timeout == httpx.Timeout(7.5)
            await delete_refund.asyncio("1204", "1301", client=client)

    asyncio.run(waiting())
    assert seen == ["sync DELETE", "async DELETE"]


def test_a_client_is_closed_behind_its_context(server: Server) -> None:
    """One httpx client serves a whole context, sync or async, and is closed at its end, whatever it raised."""
    server.answer(500, b"")
    with server.client() as client:
        inner = client.get_httpx_client()
        assert not inner.is_closed
        with pytest.raises(errors.StatusError):
            get_order.sync("1", client=client)
    assert inner is client.get_httpx_client()
    assert inner.is_closed

    async def waiting() -> httpx.AsyncClient:
        async with server.client() as client:
            inner = client.get_async_httpx_client()
            with pytest.raises(errors.StatusError):
                await taxcloud_get_order.asyncio(CONNECTION, "SO-1077", client=client)
            assert not inner.is_closed
            assert inner is client.get_async_httpx_client()
        return inner

    assert asyncio.run(waiting()).is_closed


def test_many_threads_share_a_client(server: Server) -> None:
    """Threads that share one client get each its own answer."""
    status, (answer, *_) = success("taxcloud.get_order")
    server.answer(status, story.text(answer))
    found: list[str] = []
    with server.client() as client:
        threads = [
            threading.Thread(
                target=lambda: found.append(taxcloud_get_order.sync(CONNECTION, "SO-1077", client=client).order_id)
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == ["SO-1077"] * 8
