"""One call to an API: its attempts, the waits between them, and what is known when the last one has failed.

Only what can do no harm is repeated. A request that never reached the server, or that it turned away with a 429, goes
again; what may have reached it goes again if it reads, or if it carries an idempotency key.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec
from refundkit_apis._runtime.client import Response
from refundkit_apis._runtime.errors import (
    DecodeError,
    NotSent,
    RefundError,
    RefundOutcomeUnknown,
    StatusError,
    TransportError,
)

from .check import RefundRejected
from .guard import CONTEXT, AsyncGuardTransport, Context, GuardTransport, cleared, refund_of
from .operations import Match, Operation
from .outcome import Sent, told, was_made

T = TypeVar("T")
LOG = logging.getLogger("refundkit")


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often a harmless repeat is tried, and how long it waits.

    `attempts` counts the first one; a wait is `first` seconds, then twice as long each time, or what the server's
    Retry-After says, never more than `longest`; up to a quarter is added at random, so that clients do not come back
    together.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 30.0

    def wait(self, attempt: int, error: RefundError) -> float:
        """Seconds to wait after an attempt, counted from 1, that failed with this error."""
        asked = retry_after(error)
        wait = self.first * 2 ** (attempt - 1) if asked is None else asked
        return min(wait, self.longest) * random.uniform(1, 1.25)  # noqa: S311 - no secret


def retry_after(error: RefundError) -> float | None:
    """The seconds that a server's Retry-After asks for, be it a number or a date; None where it asks for none."""
    text = error.response.headers.get("Retry-After", "") if isinstance(error, StatusError) else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is called: the operation, the ids of its path as the log shows them, the idempotency key or ""."""

    operation: Operation
    ids: tuple[str, ...]
    key: str = ""

    @property
    def reads(self) -> bool:
        return self.operation.described.method == "GET"


class Calls:
    """Makes calls over a sync connection; `guard` reads an order again when the outcome of a refund is unknown."""

    def __init__(self, retry: Retry, guard: GuardTransport) -> None:
        self._retry = retry
        self._guard = guard

    def make(self, call: Call, attempt: Callable[[], Response[T]]) -> T:
        """The answer's model, after as many attempts as it takes and is harmless. Raises RefundError."""
        course = _Course(call, self._retry, look=self._look)
        while True:
            try:
                with course.attempt():
                    return course.succeeded(attempt())
            except RefundError as error:
                pause = course.failed(error)
            time.sleep(pause)

    def _look(self, sent: _Doubt) -> bool | None:
        return sent.answered(self._guard.read_context(sent.match, sent.request))


class AsyncCalls:
    """As Calls, over an async connection."""

    def __init__(self, retry: Retry, guard: AsyncGuardTransport) -> None:
        self._retry = retry
        self._guard = guard

    async def make(self, call: Call, attempt: Callable[[], Awaitable[Response[T]]]) -> T:
        """As Calls.make."""
        course = _Course(call, self._retry, look_async=self._look)
        while True:
            try:
                with course.attempt():
                    return course.succeeded(await attempt())
            except RefundError as error:
                pause = course.failed(error)
            await asyncio.sleep(pause)

    async def _look(self, sent: _Doubt) -> bool | None:
        return sent.answered(await self._guard.read_context(sent.match, sent.request))


class _Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may have been acted on, and what the guard had read before it went out."""

    match: Match
    request: httpx.Request
    error: RefundError
    key: str

    def answered(self, now: Context) -> bool | None:
        """Whether the refund was made, by what the API tells now."""
        before: Context = self.request.extensions.get(CONTEXT) or Context()
        operation = self.match.operation
        sent = Sent(operation=operation, path=self.match.path, body=self.request.content or None, key=self.key)
        return was_made(sent, told(operation, before.order, before.refunds), told(operation, now.order, now.refunds))


class _Course:
    """One call on its way: which attempt it is at, and the first of them whose outcome is unknown."""

    def __init__(
        self,
        call: Call,
        retry: Retry,
        look: Callable[[_Doubt], bool | None] | None = None,
        look_async: Callable[[_Doubt], Awaitable[bool | None]] | None = None,
    ) -> None:
        self.call = call
        self.retry = retry
        self.look = look
        self.look_async = look_async
        self.attempts = 0
        self.started = 0.0
        self.doubt: _Doubt | None = None

    def attempt(self) -> AbstractContextManager[None]:
        """The context of one attempt: what was checked and may have been sent is not checked against itself."""
        self.attempts += 1
        self.started = time.perf_counter()
        return nullcontext() if self.doubt is None else cleared()

    def succeeded(self, answer: Response[T]) -> T:
        self._log(logging.INFO, str(answer.status))
        return answer.parsed

    def failed(self, error: RefundError) -> float:
        """Seconds to wait before the next attempt. Raises what the caller is to see where there is none."""
        self._log(logging.WARNING, str(error.status) if isinstance(error, StatusError) else type(error).__name__)
        request = None if self.call.reads else _refund_sent(error)
        if request is None and not self.call.reads:
            error = _not_sent(error)
        error.idempotency_key = self.call.key
        if request is not None and self.doubt is None and _is_lost(error):
            self.doubt = _Doubt(match=_matched(request), request=request, error=error, key=self.call.key)
        if self.attempts < self.retry.attempts and self._may_repeat(error, request is not None):
            return self.retry.wait(self.attempts, _cause(error))
        if self.doubt is not None:
            raise self._unknown(self.doubt) from error
        raise error

    def _may_repeat(self, error: RefundError, sent: bool) -> bool:
        if not sent:
            return _passes(_cause(error))
        turned_away = isinstance(error, StatusError) and error.status == 429
        return turned_away or (bool(self.call.key) and _is_lost(error))

    def _unknown(self, doubt: _Doubt) -> RefundOutcomeUnknown:
        look, look_async = self.look, self.look_async
        return RefundOutcomeUnknown(
            doubt.error,
            None if look is None else lambda: look(doubt),
            None if look_async is None else lambda: look_async(doubt),
        )

    def _log(self, level: int, outcome: str) -> None:
        described = self.call.operation.described
        took = (time.perf_counter() - self.started) * 1000
        path = described.path
        for parameter, value in zip(self.call.operation.parameters("path"), self.call.ids, strict=True):
            path = path.replace(f"{{{parameter.name}}}", quote(value, safe=""))
        LOG.log(level, "%s %s: %s in %.0f ms, attempt %d", described.method, path, outcome, took, self.attempts)


def _refund_sent(error: RefundError) -> httpx.Request | None:
    """The refund that an error is about; None where it was kept back, or only a token had been asked for."""
    if isinstance(error, (NotSent, RefundRejected)):
        return None
    told = error.response.request if isinstance(error, (StatusError, DecodeError)) else getattr(error, "request", None)
    request: httpx.Request | None = told
    return request if request is not None and refund_of(request) is not None else None


def _matched(request: httpx.Request) -> Match:
    match = refund_of(request)
    if match is None:
        raise ValueError(f"{request.method} {request.url.path} is no refund")
    return match


def _not_sent(error: RefundError) -> RefundError:
    """The error as one about a refund that never left: what was lost on the way was the request for a token."""
    if not isinstance(error, TransportError) or isinstance(error, NotSent) or error.request is None:
        return error
    told = NotSent(f"the refund was not sent, since no token could be had: {error}")
    told.request, told.__cause__ = error.request, error
    return told


def _cause(error: RefundError) -> RefundError:
    """Why the guard could not read the order, where that is why it rejected."""
    cause = error.__cause__ if isinstance(error, RefundRejected) else None
    return cause if isinstance(cause, RefundError) else error


def _passes(error: RefundError) -> bool:
    """Whether an error may be gone a moment later. A request that could not even be made will not be made later."""
    if isinstance(error, StatusError):
        return error.status == 429 or error.status >= 500
    return isinstance(error, TransportError) and error.request is not None


def _is_lost(error: RefundError) -> bool:
    """Whether a server that may have had the request may have acted on it."""
    if isinstance(error, StatusError):
        return error.status >= 500 or error.status == 408 or error.status < 300
    return isinstance(error, (TransportError, DecodeError))
