"""One call to an API: its attempts, the waits between them, and what is known when the last one has failed.

Only what can do no harm is repeated. A request that never reached the server, or that it turned away with a 429, goes
again; what may have reached it goes again if it reads, or if it carries an idempotency key.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast
from urllib.parse import quote

import httpx
import msgspec
from refundkit_apis._runtime.client import Response
from refundkit_apis._runtime.errors import (
    NotSent,
    RefundError,
    RefundOutcomeUnknown,
    StatusError,
    TransportError,
)

from ..errors import RefundRejected
from ..operations import Operation
from ..routes import Match
from .attempt import Handover, noting
from .guard import CONTEXT, AsyncGuardTransport, Context, GuardTransport, json_form, refund_of, sending
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
            except BaseException as error:
                pause = course.failed(error)
            time.sleep(pause)

    def _look(self, doubt: _Doubt) -> bool | None:
        match = doubt.match
        return None if match is None else doubt.answered(match, self._guard.read_context(match, doubt.request))


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
            except BaseException as error:
                pause = course.failed(error)
            await asyncio.sleep(pause)

    async def _look(self, doubt: _Doubt) -> bool | None:
        match = doubt.match
        return None if match is None else doubt.answered(match, await self._guard.read_context(match, doubt.request))


class _Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may have been acted on, and how nobody came to know."""

    request: httpx.Request
    error: RefundError
    key: str

    @property
    def match(self) -> Match | None:
        """The refund that it is, None where an event hook has made something else of it."""
        return refund_of(self.request)

    def answered(self, match: Match, now: Context) -> bool | None:
        """Whether the refund was made, by what the API told the guard before it went out, and tells now."""
        before: Context = self.request.extensions.get(CONTEXT) or Context()
        operation = match.operation
        body = json_form(operation, b"".join(cast("httpx.SyncByteStream", self.request.stream))) or None
        sent = Sent(operation=operation, path=match.path, body=body)
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
        self.handed = Handover(call.operation.described.method)
        self.doubt: _Doubt | None = None

    @contextmanager
    def attempt(self) -> Generator[None, None, None]:
        """One attempt. What was checked and may have been sent is not checked against itself."""
        self.attempts += 1
        self.started = time.perf_counter()
        self.handed = Handover(self.call.operation.described.method)
        with sending(self.call.operation, again=self.doubt is not None), noting(self.handed):
            yield

    def succeeded(self, answer: Response[T]) -> T:
        self._log(logging.INFO, str(answer.status))
        return answer.parsed

    def failed(self, error: BaseException) -> float:
        """Seconds to wait before the next attempt. Raises what the caller is to see where there is none."""
        self._log(logging.WARNING, str(error.status) if isinstance(error, StatusError) else type(error).__name__)
        lost = not self.call.reads and self.handed.lost
        if not isinstance(error, RefundError):
            error = self._foreign(error, lost)
        error.idempotency_key = self.call.key
        if lost and self.doubt is None and self.handed.request is not None:
            self.doubt = _Doubt(request=self.handed.request, error=error, key=self.call.key)
        if self.attempts < self.retry.attempts and self._may_repeat(error, lost):
            return self.retry.wait(self.attempts, _cause(error))
        if self.doubt is not None:
            raise self._unknown(self.doubt) from error
        raise error if self.call.reads or self.handed.request is not None else _not_sent(error)

    def _foreign(self, error: BaseException, lost: bool) -> RefundError:
        """An error of an event hook or a transport, as one of ours where the refund may have been made; else raised."""
        if lost and isinstance(error, Exception):
            ours = TransportError(f"{type(error).__name__} after the request had left")
            ours.__cause__ = error
            return ours
        if lost:  # the program or the task ends: all that can be done is to say so
            told = f"{self.call.operation.name} had left and may have been made: ask the API before you send it again"
            error.add_note(told)
            LOG.warning("interrupted: %s", told)
        raise error

    def _may_repeat(self, error: RefundError, lost: bool) -> bool:
        if lost:
            return bool(self.call.key)
        if self.handed.request is not None and not self.call.reads:
            return self.handed.status == 429
        return _passes(_cause(error))

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


def _not_sent(error: RefundError) -> RefundError:
    """The error as one about a refund that never left: what was lost on the way was the request for a token."""
    if not isinstance(error, TransportError) or isinstance(error, NotSent) or error.request is None:
        return error
    told = NotSent(f"the refund was not sent: {error}")
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
