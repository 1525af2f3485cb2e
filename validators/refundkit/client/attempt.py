"""One attempt to send a request, recorded where it meets the network.

The attempt stands in the request's extensions. Requests that an attempt needs besides, for a token or for the order,
are requests of their own and carry none.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
import msgspec
from refundkit_apis._runtime.client import never_left
from refundkit_apis._runtime.errors import NotSent, is_refusal

from .. import routes
from ..operations import Operation

EXTENSION = "refundkit"
"""The key of a request's extensions that holds its Attempt, or None where no call is behind the request."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """An order and its earlier refunds as JSON; None if not read."""

    order: bytes | None = None
    refunds: bytes | None = None


class Attempt(msgspec.Struct, kw_only=True):
    """One attempt to send a request, and how far it got.

    `repeats` is the request of an earlier attempt that was checked and may have been executed, if there is one.
    `context` is what the guard read, `request` what left last, None before that, `left_at` the time.monotonic() of it,
    and `status` that of the answer to it; `is_refused` says that it proves that nothing was made, whatever its status.
    `claim` is its row in the journal, if there is one; that of a repeat is the row of the first attempt.
    """

    operation: Operation
    repeats: httpx.Request | None = None
    context: Context | None = None
    request: httpx.Request | None = None
    left_at: float = 0.0
    status: int | None = None
    is_refused: bool = False
    claim: Any = None

    def __repr__(self) -> str:
        return f"Attempt({self.operation.name})"  # neither URL nor order: what logs extensions shows no secret

    @property
    def may_have_been_executed(self) -> bool:
        """True if the request left and no answer refused it."""
        if self.request is None or self.is_refused:
            return False
        return self.status is None or not is_refusal(self.status)

    def record_request(self, request: httpx.Request) -> None:
        """Record that the request is about to leave."""
        self.request, self.status, self.is_refused, self.left_at = request, None, False, time.monotonic()

    def record_error(self, error: BaseException) -> None:
        """Record an error in the place of an answer."""
        if never_left(error):
            self.request = None


def attempt_of(request: httpx.Request) -> Attempt | None:
    """The attempt that a request belongs to, if a call is behind it."""
    attempt = request.extensions.get(EXTENSION)
    return attempt if isinstance(attempt, Attempt) else None


def moves_money(operation: Operation) -> bool:
    """True if an operation changes something about an order."""
    described = operation.described
    return described.method != "GET" and bool(described.context or operation.parameters("path"))


class RecordingTransport(httpx.BaseTransport):
    """Records in its attempt that a request leaves, and which status comes back."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        attempt = _start(request)
        if attempt is None:
            return self._transport.handle_request(request)
        try:
            response = self._transport.handle_request(request)
        except Exception as error:
            attempt.record_error(error)
            raise
        attempt.status = response.status_code
        return response

    def close(self) -> None:
        self._transport.close()


class AsyncRecordingTransport(httpx.AsyncBaseTransport):
    """As RecordingTransport, for an async client."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempt = _start(request)
        if attempt is None:
            return await self._transport.handle_async_request(request)
        try:
            response = await self._transport.handle_async_request(request)
        except Exception as error:
            attempt.record_error(error)
            raise
        attempt.status = response.status_code
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def _start(request: httpx.Request) -> Attempt | None:
    """Record that a request leaves, in its attempt if it has one.

    Raises NotSent for a change of which nobody could tell later whether it had left.
    """
    if EXTENSION not in request.extensions and _may_move_money(request):
        raise NotSent(f"not sent: something has taken the extension {EXTENSION!r} off the request; add to them instead")
    attempt = attempt_of(request)
    if attempt is not None:
        attempt.record_request(request)
    return attempt


def _may_move_money(request: httpx.Request) -> bool:
    match = routes.match(request.method, str(request.url))
    return request.method != "GET" if match is None else moves_money(match.operation)
