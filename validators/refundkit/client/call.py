"""One call to an API: its attempts, and the error that tells their outcome.

Only what can do no harm is repeated. A request that never reached the server, or that it turned away with a 429, goes
again; what may have reached it goes again if it reads, or if it carries an idempotency key.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast
from urllib.parse import quote

import attrs
import httpx
import msgspec
from refundkit_apis._runtime.client import Client, Response
from refundkit_apis._runtime.errors import (
    DecodeError,
    NotSent,
    Outcome,
    RefundError,
    RefundNotSent,
    RefundOutcomeUnknown,
    RefundRefused,
    StatusError,
    TransportError,
)

from .. import apis
from ..apis.shared.sent import SentRefund
from ..errors import RefundNotChecked
from ..operations import Operation
from ..routes import Match
from ..text import mask_numbers
from .attempt import EXTENSION, Attempt, Context, moves_money
from .claim import Claim
from .context import json_form
from .guard import AsyncGuardTransport, GuardTransport, refund_of
from .outcome import find_contradiction, find_outcome, read_snapshot
from .retry import Retry, may_pass

T = TypeVar("T")
LOG = logging.getLogger("refundkit")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is called: operation, ids of its path, idempotency key or ""."""

    operation: Operation
    ids: tuple[str, ...]
    key: str = ""

    @property
    def is_read(self) -> bool:
        return self.operation.described.method == "GET"

    @property
    def log_path(self) -> str:
        """The path of the request, percent-encoded."""
        path = self.operation.described.path
        for parameter, value in zip(self.operation.parameters("path"), self.ids, strict=True):
            path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe=""))
        return path


@attrs.frozen
class Calls:
    """Makes calls over a sync connection.

    `guard` reads an order again when the outcome of a refund is unknown.
    """

    retry: Retry
    guard: GuardTransport

    def make(self, call: Call, client: Client, send: Callable[[Client], Response[T]]) -> T:
        """Send until an attempt is answered or must be the last. Raises RefundError."""
        state = CallState(call, self.retry, resolve=self._resolve)
        while True:
            attempt = state.start_attempt()
            try:
                response = send(client.with_extensions({EXTENSION: attempt}))
                state.check_answer(response)
            except BaseException as error:
                pause = state.handle_error(error)
            else:
                state.log(logging.INFO, str(response.status))
                return response.parsed
            with state.noting_interruption():
                time.sleep(pause)

    def _resolve(self, unknown: UnknownOutcome, wait: float) -> Outcome | None:
        match = unknown.match
        if match is None:
            return None
        outcome = unknown.find(match, self.guard.read_context(match, unknown.request))
        seconds = unknown.remaining(wait)
        if outcome is not Outcome.MADE and seconds > 0:
            time.sleep(seconds)
            outcome = unknown.find(match, self.guard.read_context(match, unknown.request))
        if unknown.claim is not None:
            unknown.claim.settle(outcome)
        return outcome


@attrs.frozen
class AsyncCalls:
    """As Calls, over an async connection."""

    retry: Retry
    guard: AsyncGuardTransport

    async def make(self, call: Call, client: Client, send: Callable[[Client], Awaitable[Response[T]]]) -> T:
        """As Calls.make."""
        state = CallState(call, self.retry, resolve_async=self._resolve)
        while True:
            attempt = state.start_attempt()
            try:
                response = await send(client.with_extensions({EXTENSION: attempt}))
                state.check_answer(response)
            except BaseException as error:
                pause = state.handle_error(error)
            else:
                state.log(logging.INFO, str(response.status))
                return response.parsed
            with state.noting_interruption():
                await asyncio.sleep(pause)

    async def _resolve(self, unknown: UnknownOutcome, wait: float) -> Outcome | None:
        match = unknown.match
        if match is None:
            return None
        outcome = unknown.find(match, await self.guard.read_context(match, unknown.request))
        seconds = unknown.remaining(wait)
        if outcome is not Outcome.MADE and seconds > 0:
            await asyncio.sleep(seconds)
            outcome = unknown.find(match, await self.guard.read_context(match, unknown.request))
        if unknown.claim is not None:
            await asyncio.to_thread(unknown.claim.settle, outcome)
        return outcome


class UnknownOutcome(msgspec.Struct, kw_only=True):
    """A request that may have been executed, and the error that hid its answer.

    `left_at` is the time.monotonic() at which the last attempt left, `claim` its row in the journal.
    """

    request: httpx.Request
    context: Context
    error: RefundError
    left_at: float
    claim: Claim | None = None

    @property
    def match(self) -> Match | None:
        """The refund that it is, unless an event hook has changed that."""
        return refund_of(self.request)

    def find(self, match: Match, now: Context) -> Outcome | None:
        """Return what became of the refund, by the context before it left and now; None if that cannot be told."""
        operation = match.operation
        reads = (self.context, now)
        before, after = (read_snapshot(operation, read.order, read.refunds, match.path) for read in reads)
        return find_outcome(_sent_refund(match, self.request), before, after)

    def remaining(self, wait: float) -> float:
        """Return how much is left of `wait` seconds since the last attempt left."""
        return self.left_at + wait - time.monotonic()


class CallState:
    """The attempts of a call, and the first whose outcome is unknown."""

    def __init__(
        self,
        call: Call,
        retry: Retry,
        resolve: Callable[[UnknownOutcome, float], Outcome | None] | None = None,
        resolve_async: Callable[[UnknownOutcome, float], Awaitable[Outcome | None]] | None = None,
    ) -> None:
        self.call = call
        self.retry = retry
        self.attempts = 0
        self._resolve = resolve
        self._resolve_async = resolve_async
        self._started = 0.0
        self._attempt = Attempt(operation=call.operation)
        self._unknown: UnknownOutcome | None = None

    def start_attempt(self) -> Attempt:
        """Begin the next attempt."""
        self.attempts += 1
        self._started = time.perf_counter()
        self._attempt = Attempt(operation=self.call.operation)
        if self._unknown is not None:
            self._attempt.repeats, self._attempt.claim = self._unknown.request, self._unknown.claim
        return self._attempt

    def check_answer(self, response: Response[Any]) -> None:
        """Raise DecodeError for a success answer that is about another refund than the one that was sent."""
        request = self._attempt.request
        match = None if request is None else refund_of(request)
        if request is None or match is None:
            return
        context = self._attempt.context or Context()
        before = read_snapshot(match.operation, context.order, context.refunds, match.path)
        problem = find_contradiction(_sent_refund(match, request), before, response.parsed)
        if problem is not None:
            raise DecodeError(f"HTTP {response.status}, but {mask_numbers(problem)}", response.raw)

    def handle_error(self, error: BaseException) -> float:
        """Return the seconds until the next attempt, or raise the final error."""
        self.log(logging.WARNING, str(error.status) if isinstance(error, StatusError) else type(error).__name__)
        if isinstance(error, StatusError) and self._is_answer(error):
            is_refusal = getattr(apis.find_module(self.call.operation.api, "outcome"), "is_refusal", None)
            self._attempt.is_refused = is_refusal is not None and is_refusal(self.call.operation, error.code)
        is_lost = not self.call.is_read and self._attempt.may_have_been_executed
        if not isinstance(error, RefundError):
            error = self._translate(error, is_lost or self._unknown is not None)
        error.idempotency_key = self.call.key
        if is_lost and self._unknown is None and self._attempt.request is not None:
            context = self._attempt.context or Context()
            request, left_at = self._attempt.request, self._attempt.left_at
            claim = self._attempt.claim
            self._unknown = UnknownOutcome(request=request, context=context, error=error, left_at=left_at, claim=claim)
        elif is_lost and self._unknown is not None:
            self._unknown.left_at = self._attempt.left_at
        if self.attempts < self.retry.attempts and self._is_harmless_to_repeat(error, is_lost):
            return self.retry.wait(self.attempts, _root_cause(error))
        raise self._final_error(error)

    def log(self, level: int, outcome: str) -> None:
        """Log the attempt: method, path, outcome and duration."""
        milliseconds = (time.perf_counter() - self._started) * 1000
        method, path = self.call.operation.described.method, self.call.log_path
        LOG.log(level, "%s %s: %s in %.0f ms, attempt %d", method, path, outcome, milliseconds, self.attempts)

    def _translate(self, error: BaseException, may_be_made: bool) -> RefundError:
        """Wrap an Exception after which the refund may have been made; raise everything else."""
        if may_be_made and isinstance(error, Exception):
            translated = TransportError(f"{type(error).__name__} after the request had left")
            translated.request = self._attempt.request
            translated.__cause__ = error
            return translated
        if may_be_made:
            self._note_interruption(error)
        raise error

    @contextmanager
    def noting_interruption(self) -> Iterator[None]:
        """Add to an error of the wait for the next attempt that an earlier one may have been made."""
        try:
            yield
        except BaseException as error:
            if self._unknown is not None:
                self._note_interruption(error)
            raise

    def _note_interruption(self, error: BaseException) -> None:
        """Say that the refund may have been made: the program or the task ends, so that is all that can be done."""
        note = f"{self.call.operation.name} had left and may have been made: ask the API before you send it again"
        error.add_note(note)
        LOG.warning("interrupted: %s", note)

    def _is_harmless_to_repeat(self, error: RefundError, is_lost: bool) -> bool:
        """Tell whether sending again does no harm; how many attempts are left does not count here."""
        if is_lost:
            return bool(self.call.key)
        if self._attempt.request is not None and not self.call.is_read:
            return self._attempt.status == 429
        return may_pass(_root_cause(error))

    def _final_error(self, error: RefundError) -> RefundError:
        """The error to raise: of a refund, by what happened to the money."""
        if not moves_money(self.call.operation):
            return error
        if self._unknown is not None:
            return self._outcome_unknown(self._unknown)
        if isinstance(error, RefundNotSent):
            return error
        if isinstance(error, StatusError) and self._is_answer(error):
            return RefundRefused(error, error.status)
        if self._attempt.status is not None:  # of an answer that refused, else the outcome is unknown
            return RefundRefused(error, self._attempt.status)
        return _not_sent(error)

    def _is_answer(self, error: StatusError) -> bool:
        """True if the error is the answer to the refund, and not to a request for a token or the order."""
        return error.response.status_code == self._attempt.status

    def _outcome_unknown(self, unknown: UnknownOutcome) -> RefundOutcomeUnknown:
        resolve, resolve_async = self._resolve, self._resolve_async
        return RefundOutcomeUnknown(
            unknown.error,
            None if resolve is None else lambda wait: resolve(unknown, wait),
            None if resolve_async is None else lambda wait: resolve_async(unknown, wait),
        )


def _sent_refund(match: Match, request: httpx.Request) -> SentRefund:
    """The refund in a request that left."""
    body = json_form(match.operation, b"".join(cast("httpx.SyncByteStream", request.stream))) or None
    return SentRefund(operation=match.operation, path=match.path, query=match.query, body=body)


def _not_sent(error: RefundError) -> NotSent:
    """NotSent of a refund, for the error of its token request."""
    not_sent = NotSent(f"the refund was not sent: {error}")
    not_sent.request = error.request if isinstance(error, TransportError) else None
    not_sent.idempotency_key = error.idempotency_key
    not_sent.__cause__ = error
    return not_sent


def _root_cause(error: RefundError) -> RefundError:
    """Why the guard could not read the order, where that is the error."""
    cause = error.__cause__ if isinstance(error, RefundNotChecked) else None
    return cause if isinstance(cause, RefundError) else error
