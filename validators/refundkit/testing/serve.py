"""Makes a test server reachable: as an ASGI app, and on a socket of this machine that uvicorn serves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from threading import Event, Thread
from typing import Any, TypeAlias

from ..apis.shared.serving import Answer, ReceivedRequest, make_request

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Arrive: TypeAlias = Callable[[ReceivedRequest], float]
Decide: TypeAlias = Callable[[ReceivedRequest], Answer | None]
"""Answers a request; None if it was carried out and its answer is lost."""


def make_app(arrive: Arrive, decide: Decide) -> App:
    """Make the ASGI app of a server.

    `arrive` records a request and returns the seconds to wait before `decide` answers it, and once more before sending.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"refundkit.testing speaks http, not {scope['type']}")
        body = await _read_body(receive)
        if body is None:
            return
        request = _read_request(scope, body)
        seconds = arrive(request)
        await asyncio.sleep(seconds)
        answer = decide(request)
        await asyncio.sleep(seconds)
        if answer is None:
            _lose_answer(scope)
            return
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        length = (b"content-length", str(len(answer.body)).encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    return app


def _lose_answer(scope: Scope) -> None:
    """Close the connection of a request without an answer; in the caller's own process it is an error of the read."""
    connection = scope.get("state", {}).get("connection")
    if connection is None:
        import httpx

        raise httpx.ReadError("the answer is lost")
    connection.close()


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body, None if the caller disconnected before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _read_request(scope: Scope, body: bytes) -> ReceivedRequest:
    headers: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    url = f"{scope.get('scheme', 'http')}://{headers.get('host', '127.0.0.1')}{path}" + (f"?{query}" if query else "")
    return make_request(scope["method"], url, headers, body)


class Listener:
    """Serves an app on a free port of 127.0.0.1, in a thread that runs until `stop`.

    Raises ImportError where uvicorn is not installed, OSError where no port is free.
    """

    def __init__(self, app: App) -> None:
        try:
            import uvicorn
            from uvicorn.protocols.http.h11_impl import H11Protocol
        except ImportError:
            message = (
                "a server with a socket needs uvicorn: pip install 'refundkit[testing]'; "
                "without it use .transport, .async_transport or .app"
            )
            raise ImportError(message) from None

        ready = Event()

        class AnnouncingServer(uvicorn.Server):
            """Sets `ready` when it listens."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                ready.set()

        class ClosableProtocol(H11Protocol):
            """Lets the app close a request's connection."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                self.app_state = {**self.app_state, "connection": transport}

        config = uvicorn.Config(
            app, lifespan="off", ws="none", http=ClosableProtocol, loop="asyncio", log_config=None, log_level="critical"
        )
        self._server = AnnouncingServer(config)
        # asyncio turns off Nagle's delay only where the protocol is named; with it, every answer takes 40 ms.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        self.port: int = listening.getsockname()[1]

        def run() -> None:
            try:
                self._server.run(sockets=[listening])
            finally:
                ready.set()

        self._thread = Thread(target=run, name="refundkit.testing", daemon=True)
        self._thread.start()
        ready.wait()
        if not self._server.started:
            raise RuntimeError("uvicorn did not start; its own message is above")

    def stop(self) -> None:
        """Stop listening after every request that arrived is answered."""
        self._server.should_exit = True
        self._thread.join()
