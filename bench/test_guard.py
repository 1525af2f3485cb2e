"""What the guard costs a call: the same call through the same client, without it, with it, and with the order read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from refundkit import connect
from refundkit.auth import WalmartToken
from refundkit.guard import GuardTransport
from refundkit_apis._runtime.client import Client
from refundkit_apis._runtime.codec import decode
from refundkit_apis.walmart.api.orders import refund_order_lines
from refundkit_apis.walmart.models import OrderRefundRequest

from .payloads import orders, texts

ORDER = orders("typical")[0]
TOKEN = b'{"access_token": "a-token-of-our-own", "token_type": "Bearer", "expires_in": 900}'
WAYS = ("no guard", "guard", "guard, order read", "refundkit.connect")


class Handler(BaseHTTPRequestHandler):
    """A server that answers the order to everything, at once."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = TOKEN if self.path == "/v3/token" else ORDER
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class has it so
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the server listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def transport(wire: str) -> httpx.BaseTransport:
    """A socket, or a server in the same process that takes no time."""
    if wire == "loopback socket":
        return httpx.HTTPTransport()
    return httpx.MockTransport(
        lambda request: httpx.Response(200, content=TOKEN if request.url.path == "/v3/token" else ORDER)
    )


def caller(way: str, wire: str, url: str, stack: ExitStack) -> Callable[[], object]:
    """One refund, made in that way."""
    body = decode(texts("typical", 0)[0], OrderRefundRequest)
    order = body.order_refund.purchase_order_id
    below, auth = transport(wire), WalmartToken("an-id", "a-secret")
    if way == "refundkit.connect":
        ready = stack.enter_context(connect.walmart("an-id", "a-secret", base_url=url, transport=below))
        return lambda: ready.refund_order_lines(order, body.order_refund)
    if way != "no guard":
        below = GuardTransport(below, fetch_context=way == "guard, order read", auth=auth)
    client = stack.enter_context(Client(url, auth=auth, options={"transport": below}))
    return lambda: refund_order_lines.sync(order, client=client, body=body)


@pytest.mark.parametrize("wire", ["in process", "loopback socket"])
@pytest.mark.parametrize("way", WAYS)
def test_call(benchmark: Any, way: str, wire: str, url: str) -> None:
    """A round of 20 refunds."""
    benchmark.extra_info.update(name=way, size=wire, bad=0, payloads=20, table="guard")
    with ExitStack() as stack:
        refund = caller(way, wire, url, stack)
        benchmark(lambda: [refund() for _ in range(20)])
