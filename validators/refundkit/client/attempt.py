"""What of a call has been handed to the network, and what came back: facts, whatever an exception may say of them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx
import msgspec
from refundkit_apis._runtime.client import never_left

from .. import routes
from .guard import READING


class Handover(msgspec.Struct):
    """One attempt of a call: its request once that is on its way, and the status of the answer once that is there."""

    method: str
    request: httpx.Request | None = None
    status: int | None = None

    @property
    def lost(self) -> bool:
        """Whether the server may have acted on the request: it left, and no answer has turned it away."""
        if self.request is None:
            return False
        return self.status is None or not 300 <= self.status < 500 or self.status in (303, 408)


_CURRENT: ContextVar[Handover | None] = ContextVar("handover", default=None)


@contextmanager
def noting(handover: Handover) -> Generator[None, None, None]:
    """What is handed over in here is noted there."""
    token = _CURRENT.set(handover)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class HandoverTransport(httpx.BaseTransport):
    """Notes what goes through it to the network."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with _handing(request) as handover:
            response = self._transport.handle_request(request)
            handover.status = response.status_code
            return response

    def close(self) -> None:
        self._transport.close()


class AsyncHandoverTransport(httpx.AsyncBaseTransport):
    """As HandoverTransport, for an async client."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _handing(request) as handover:
            response = await self._transport.handle_async_request(request)
            handover.status = response.status_code
            return response

    async def aclose(self) -> None:
        await self._transport.aclose()


@contextmanager
def _handing(request: httpx.Request) -> Generator[Handover, None, None]:
    handover = _CURRENT.get()
    if handover is None or not _is_of(handover, request):
        handover = Handover(request.method)
    handover.request, handover.status = request, None
    try:
        yield handover
    except Exception as error:
        if never_left(error):
            handover.request = None
        raise


def _is_of(handover: Handover, request: httpx.Request) -> bool:
    """Whether it is the request of the call, and not one for a token or for the order."""
    if request.method != handover.method or READING in request.extensions:
        return False
    match = routes.match(request.method, str(request.url))
    return match is None or bool(match.operation.parameters("path"))
