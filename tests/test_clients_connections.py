"""The generated clients over a socket: timeouts, lost connections, lifetime, and secrets in their reprs."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import story
from api_server import (
    CONNECTION,
    HIDDEN,
    OPTIONS,
    SECRET,
    WAYS,
    Server,
    call_error,
    success,
)
from refundkit_apis._runtime import errors
from refundkit_apis._runtime.client import Client
from refundkit_apis.taxcloud.api.orders import get_order as taxcloud_get_order
from refundkit_apis.walmart import models as walmart
from refundkit_apis.walmart.api.orders import get_order
from refundkit_apis.woocommerce_legacy.api.refunds import delete_refund


@pytest.mark.parametrize("way", WAYS)
def test_with_timeout_changes_only_the_new_client(way: str) -> None:
    """`with_timeout` returns a client with its own timeout that shares the connections of the first."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        patient = Server(silent.getsockname()[1]).client()
        hasty = patient.with_timeout(httpx.Timeout(30, read=0.05))
        assert hasty.get_httpx_client() is patient.get_httpx_client()
        call_error("walmart.get_order", hasty, errors.TimedOut, way)
    assert patient.timeout == 30.0


@pytest.mark.parametrize("way", ["sync", "asyncio"])
def test_truncated_response_is_a_transport_error(server: Server, way: str) -> None:
    """A connection that closes in the middle of the body raises TransportError."""
    server.answer(200, b'{"order"', {"Content-Length": "5000"})
    error = call_error("walmart.refund_order_lines", server.client(), errors.TransportError, way)
    assert str(error).startswith("RemoteProtocolError: ")


@pytest.mark.parametrize("way", WAYS)
def test_refused_connection_is_not_sent(way: str) -> None:
    """A call to a port where nothing listens raises NotSent."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound but not listening: the port stays ours and refuses
        client = Server(bound.getsockname()[1]).client()
        assert str(call_error("walmart.get_order", client, errors.NotSent, way)).startswith("ConnectError: ")


@pytest.mark.parametrize("way", WAYS)
def test_silent_server_is_a_timeout(way: str) -> None:
    """A call without a response in time raises TimedOut, a subclass of TransportError."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Server(silent.getsockname()[1]).client(timeout=httpx.Timeout(30, read=0.05))
        error = call_error("walmart.refund_order_lines", client, errors.TimedOut, way)
    assert isinstance(error, errors.TransportError)
    assert str(error).startswith("ReadTimeout")


class TokenHeaderAuth(httpx.Auth):
    """Adds a token to each request as a header."""

    def __init__(self, token: str) -> None:
        self.token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["WM_SEC.ACCESS_TOKEN"] = self.token
        yield request


@pytest.mark.parametrize("way", ["sync", "asyncio"])
@pytest.mark.parametrize(("place", "end"), [("headers", "\n"), ("headers", "\u20ac"), ("auth", "\n")])
def test_unsendable_header_is_not_sent_or_shown(server: Server, place: str, end: str, way: str) -> None:
    """A token that no header can carry raises NotSent, which does not show it."""
    token = SECRET + end
    settings: dict[str, Any] = (
        {"auth": TokenHeaderAuth(token)} if place == "auth" else {"headers": {"WM_SEC.ACCESS_TOKEN": token}}
    )
    call_error("walmart.get_order", server.client(**settings), errors.NotSent, way)
    assert server.received == []


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
def test_malformed_base_url_is_refused_at_once(url: str, words: str) -> None:
    """A malformed base_url raises ValueError, which says why and does not show it."""
    with pytest.raises(ValueError, match=f"^base_url {words}") as caught:
        Client(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_password_in_base_url_is_not_shown() -> None:
    """The repr of a client hides the user name and password of its base_url."""
    shown = repr(Client(f"https://ck_own:{SECRET}@example.com/shop"))
    assert shown == "Client(base_url='https://***@example.com/shop', timeout=30.0)"


def test_context_may_begin_after_a_call(server: Server) -> None:
    """`with client:` also works after a first call, and closes the connections that it opened."""
    server.answer(200, b'{"message": "gone"}')
    client = server.client()
    delete_refund.sync("1204", "1301", client=client)
    with client:
        delete_refund.sync("1204", "1301", client=client)
    assert client.get_httpx_client().is_closed

    async def call_async() -> httpx.AsyncClient:
        client = server.client()
        await delete_refund.asyncio("1204", "1301", client=client)
        async with client:
            await delete_refund.asyncio("1204", "1301", client=client)
        return client.get_async_httpx_client()

    assert asyncio.run(call_async()).is_closed
    assert len(server.received) == 4


def test_client_repr_shows_no_secret() -> None:
    """The repr of a client shows no headers and no credentials, before and after it is opened."""
    client = Server(9).client()
    assert repr(client) == "Client(base_url='http://127.0.0.1:9', timeout=30.0)"
    with client:
        assert SECRET not in f"{client!r} {client}"


def test_token_repr_shows_no_secret() -> None:
    """The reprs of a token and of a token request show no secret."""
    token = walmart.Token(access_token=SECRET, refresh_token=SECRET, expires_in=900)
    request = walmart.TokenRequest(grant_type="refresh_token", refresh_token=SECRET, code=SECRET)
    assert SECRET not in f"{token!r} {request!r}"


def test_response_repr_shows_no_body(server: Server) -> None:
    """The repr of a detailed response has its status and not its parsed body."""
    server.answer(200, json.dumps({"message": HIDDEN}).encode())
    with server.client() as client:
        answer = delete_refund.sync_detailed("1204", "1301", client=client)
    assert answer.parsed.message == HIDDEN
    assert HIDDEN not in repr(answer)
    assert "status=200" in repr(answer)


def test_client_passes_its_settings_to_httpx(server: Server) -> None:
    """A client passes its timeout and options to its sync and async httpx clients."""
    hook_calls: list[str] = []

    async def record(request: httpx.Request) -> None:
        hook_calls.append(f"async {request.method}")

    server.answer(200, b'{"message": "gone"}')
    hooks = {"request": [lambda request: hook_calls.append(f"sync {request.method}")]}
    with Client(server.url, timeout=7.5, options=OPTIONS | {"event_hooks": hooks}) as client:
        assert client.get_httpx_client().timeout == httpx.Timeout(7.5)
        delete_refund.sync("1204", "1301", client=client)

    async def call_async() -> None:
        async with Client(server.url, timeout=7.5, options=OPTIONS | {"event_hooks": {"request": [record]}}) as client:
            assert client.get_async_httpx_client().timeout == httpx.Timeout(7.5)
            await delete_refund.asyncio("1204", "1301", client=client)

    asyncio.run(call_async())
    assert hook_calls == ["sync DELETE", "async DELETE"]


def test_context_closes_the_client(server: Server) -> None:
    """A context uses one httpx client, sync or async, and closes it at its end, also after an error."""
    server.answer(500, b"")
    with server.client() as client:
        httpx_client = client.get_httpx_client()
        assert not httpx_client.is_closed
        with pytest.raises(errors.StatusError):
            get_order.sync("1", client=client)
    assert httpx_client is client.get_httpx_client()
    assert httpx_client.is_closed

    async def call_async() -> httpx.AsyncClient:
        async with server.client() as client:
            httpx_client = client.get_async_httpx_client()
            with pytest.raises(errors.StatusError):
                await taxcloud_get_order.asyncio(CONNECTION, "SO-1077", client=client)
            assert not httpx_client.is_closed
            assert httpx_client is client.get_async_httpx_client()
        return httpx_client

    assert asyncio.run(call_async()).is_closed


def test_many_threads_share_a_client(server: Server) -> None:
    """Threads that share one client each get a response."""
    status, (answer, *_) = success("taxcloud.get_order")
    server.answer(status, story.text(answer))
    order_ids: list[str] = []
    with server.client() as client:
        threads = [
            threading.Thread(
                target=lambda: order_ids.append(taxcloud_get_order.sync(CONNECTION, "SO-1077", client=client).order_id)
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert order_ids == ["SO-1077"] * 8
