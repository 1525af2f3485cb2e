"""A server that plays every API to the generated clients, and how each operation is called."""

from __future__ import annotations

import asyncio
import json
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

SECRET = "a-secret-of-our-own"
HIDDEN = "the-rest-of-the-body"
CONNECTION = "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# No proxies of the machine, and no certificates, which take time to load and are not needed for plain HTTP.
OPTIONS = {"trust_env": False, "verify": False}


class ReceivedRequest(NamedTuple):
    """A request as the server received it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers every request with the response that `answer` set last, and keeps the requests."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.received: list[ReceivedRequest] = []
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Set the response to the next requests."""
        self.status = status
        self.body = body
        self.headers = {"Content-Type": JSON} | (headers or {})

    def client(self, **arguments: Any) -> Client:
        """Return a client of this server, with secrets in its headers and its credentials."""
        defaults: dict[str, Any] = {
            "auth": httpx.BasicAuth("ck_own", SECRET),
            "headers": {"WM_SEC.ACCESS_TOKEN": SECRET},
        }
        return Client(self.url, **defaults | arguments, options=OPTIONS)


@contextmanager
def running_server() -> Iterator[Server]:
    """Run a server on a free local port."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.received.append(
                ReceivedRequest(self.command, path, dict(parse_qsl(query)), dict(self.headers), body)
            )
            self.send_response(server.status)
            for key, value in ({"Content-Length": str(len(server.body))} | server.headers).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(server.body)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = Server(listener.server_port)
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


class Call(NamedTuple):
    """How an operation is called, the request that must arrive, and the model that it returns."""

    arguments: tuple[str, ...]
    options: dict[str, str]
    method: str
    path: str
    query: dict[str, str]
    media_type: str | None
    answer: str


# Written by hand, not read from a spec: first what a caller writes, then what a server must see.
CALLS = {
    "walmart.refund_order_lines": Call(
        ("2961380412345",), {}, "POST", "/v3/orders/2961380412345/refund", {}, JSON, "OrderResponse"
    ),
    "walmart.cancel_order_lines": Call(
        ("2961380412345",), {}, "POST", "/v3/orders/2961380412345/cancel", {}, JSON, "OrderResponse"
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
    "walmart.refund_return": Call(
        ("108500000000001",), {}, "POST", "/v3/returns/108500000000001/refund", {}, JSON, "ReturnRefundResponse"
    ),
    "walmart.list_returns": Call(
        (),
        {"return_order_id": "108500000000001", "limit": "200"},
        "GET",
        "/v3/returns",
        {"returnOrderId": "108500000000001", "limit": "200"},
        None,
        "ReturnsResponse",
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
    "woocommerce.create_refund": Call(
        ("1204",),
        {"api_refund": "false"},
        "POST",
        "/wp-json/wc/v3/orders/1204/refunds",
        {"api_refund": "false"},
        JSON,
        "Refund",
    ),
    "woocommerce.list_refunds": Call(
        ("1204",),
        {"per_page": "100", "page": "2", "dp": "4"},
        "GET",
        "/wp-json/wc/v3/orders/1204/refunds",
        {"per_page": "100", "page": "2", "dp": "4"},
        None,
        "Refund",
    ),
    "woocommerce.get_refund": Call(
        ("1204", "1301"), {"dp": "4"}, "GET", "/wp-json/wc/v3/orders/1204/refunds/1301", {"dp": "4"}, None, "Refund"
    ),
    "woocommerce.delete_refund": Call(
        ("1204", "13/01"),
        {"force": "true"},
        "DELETE",
        "/wp-json/wc/v3/orders/1204/refunds/13%2F01",
        {"force": "true"},
        None,
        "Refund",
    ),
    "woocommerce.get_order": Call(("1204",), {}, "GET", "/wp-json/wc/v3/orders/1204", {}, None, "Order"),
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


def operation_module(name: str) -> Any:
    """Return the generated module of an operation."""
    api, _, short = name.partition(".")
    (path,) = Path(refundkit_apis.__path__[0], api, "api").glob(f"*/{short}.py")
    return import_module(f"refundkit_apis.{api}.api.{path.parent.name}.{short}")


def example_body(name: str) -> Any:
    """Return the model of the spec's first request example; None if the operation has no body."""
    if operations.get(name).described.body is None:
        return None
    return decode(story.text(story.examples(name)[0]), operations.get(name).struct())


def call(name: str, client: Client, way: str = "sync") -> Any:
    """Call the operation with its arguments in CALLS in one of the four ways, and close the client."""
    options: dict[str, Any] = {"client": client, **CALLS[name].options}
    if (body := example_body(name)) is not None:
        options["body"] = body
    function = getattr(operation_module(name), way)
    if way.startswith("sync"):
        with client:
            return function(*CALLS[name].arguments, **options)

    async def call_async() -> Any:
        async with client:
            return await function(*CALLS[name].arguments, **options)

    return asyncio.run(call_async())


def call_error(name: str, client: Client, kind: type[Exception], way: str = "sync") -> Any:
    """Return the error that a call raises, after checking its exact type and that it shows no secret."""
    with pytest.raises(errors.RefundError) as caught:
        call(name, client, way)
    assert type(caught.value) is kind
    shown = f"{caught.value} {caught.value!r} {''.join(traceback.format_exception(caught.value))}"
    assert SECRET not in shown
    assert HIDDEN not in shown
    return caught.value


def success(name: str) -> tuple[int, list[Any]]:
    """Return the documented success status of an operation, and the spec's examples of its response."""
    status = operations.success(operations.get(name))
    return int(status), story.examples(name, status)


def plain(model: Any) -> Any:
    """Return a model as plain data with exact numbers."""
    return json.loads(encode(model), parse_float=Decimal)
