"""A refund's claim on its order: its row in the journal, from before the order is read until the answer has come."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import attrs
import httpx
from refundkit_apis._runtime.client import never_left
from refundkit_apis._runtime.errors import NotSent, Outcome, is_refusal

from .. import operations
from ..apis.shared.sent import SentRefund, Snapshot
from ..errors import JournalError, RefundBusy, RefundUnresolved, UsageError
from ..journal.entry import Entry, Journal, State
from ..ledger import Refund
from ..routes import Match, base_of
from ..text import mask_numbers
from .attempt import Context
from .context import json_form
from .evidence import conceal_texts, find_unlisted, judge_answer, read_before
from .limit import find_limit
from .outcome import read_sent_body, read_snapshot

LOG = logging.getLogger("refundkit")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.25
STATES: dict[Outcome, State] = {
    Outcome.MADE: "made",
    Outcome.RECORDED_ONLY: "recorded_only",
    Outcome.NOT_MADE: "not_made",
}
"""The state of a row by what became of its refund."""


def _go_on(point: str) -> None:
    """Do nothing."""


# Called at each point between row, request, answer and commit: begun, leaving, left, answered, finished. Tests of what
# a crash leaves behind put their own in its place.
hook: Callable[[str], None] = _go_on


def reach(point: str) -> None:
    """Call the hook."""
    hook(point)


def verify_journal(journal: object) -> None:
    """Raise UsageError for what is no journal, such as the address of one."""
    names = [*Journal.__annotations__, *("begin", "leave", "finish", "unresolved", "earlier", "forget")]
    missing = [name for name in names if not hasattr(journal, name)]
    if missing:
        raise UsageError(
            f"journal is a {type(journal).__name__} without {', '.join(missing)}: "
            "give what refundkit.journal.open returns"
        )


@attrs.frozen
class Keeper:
    """A guard's journal, and the seconds that a refund may take there."""

    journal: Journal = attrs.field(validator=lambda _, __, journal: verify_journal(journal))
    total_timeout: float | None = None

    def claim(self, match: Match, request: httpx.Request, content: bytes, order: str) -> Claim:
        """Make the claim of a request, which holds nothing yet. Raises NotSent if it may outlast its lease."""
        seconds = find_limit(self.total_timeout, request)
        if seconds is None or seconds >= self.journal.lease:
            takes = "for ever" if seconds is None else f"{seconds:g} seconds"
            raise NotSent(
                f"not sent: it may take {takes}, and the journal's lease is {self.journal.lease:g} seconds: "
                "give a shorter timeout or total_timeout, or open the journal with a longer lease"
            )
        operation = match.operation
        body = json_form(operation, content) if content else None
        known = {parameter.name for parameter in operation.parameters("query")}
        sent = SentRefund(operation=operation, path=match.path, query=match.query, body=body)
        entry = Entry(
            order=order,
            operation=operation.name,
            method=request.method,
            url=str(request.url.copy_with(query=None, fragment=None, username=None, password=None)),
            path=match.path,
            query={name: value for name, value in match.query.items() if name in known},
            body=conceal_texts(operation, body),
            digest=hashlib.sha256(content).hexdigest(),
            idempotency_key=_read_key(sent),
            owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
        )
        return Claim(self.journal, entry, sent)


def make_keeper(journal: Journal | Keeper | None, total_timeout: float | None) -> Keeper | None:
    """Return the keeper of a journal; one that knows its time limit stays as it is."""
    return journal if journal is None or isinstance(journal, Keeper) else Keeper(journal, total_timeout)


def _read_key(sent: SentRefund) -> str:
    is_readable, body = read_sent_body(sent)
    if not is_readable or body is None:
        return ""
    return sent.model.read_request(sent.operation, body, sent.path).idempotency_key


class Claim:
    """A row of the journal that holds an order, or will.

    What the journal cannot do before the request leaves raises NotSent. After that nothing is raised: the answer is
    worth more than the row, which becomes unknown by itself.
    """

    def __init__(self, journal: Journal, entry: Entry, sent: SentRefund) -> None:
        self.entry = entry
        self._journal = journal
        self._sent = sent
        self._context = Context()
        self._rows: list[Entry] = []
        self._is_begun = self._is_repeat = self._is_leaving = False

    def begin(self) -> Iterator[float]:
        """Take the order; yield the seconds to wait while another refund holds it. Raises NotSent.

        A claim that a repeat takes up holds its order still.
        """
        self._is_repeat, self._is_leaving = self.entry.attempt > 0, False
        if self._is_repeat:
            return
        until, pause = time.monotonic() + self._journal.wait, _FIRST_PAUSE
        while (holder := self._try_to_begin()) is not None:
            if holder.state == "unknown":
                raise RefundUnresolved(holder.id)
            if time.monotonic() >= until:
                raise RefundBusy(holder.id)
            yield pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
        reach("begun")
        with _not_sent_if_it_fails():
            base = _base(self.entry)
            self._rows = [row for row in self._journal.earlier(self.entry.order) if _base(row) == base]

    def _try_to_begin(self) -> Entry | None:
        self._is_begun = True  # also where the row is written and nobody hears of it
        with _not_sent_if_it_fails():
            holder = self._journal.begin(self.entry)
        self._is_begun = holder is None
        return holder

    def find_unlisted(self, order: Any, told: list[Refund]) -> list[Refund]:
        """Return the earlier refunds that the journal has and the API does not tell, beside the order as it is told."""
        return find_unlisted(self._sent.model, self._rows, order, told, self.entry.begun_at)

    def leave(self, context: Context) -> None:
        """Look at the row once more, and commit that the request leaves. Raises NotSent."""
        if not self._is_repeat:
            self._context = context
            self.entry.before = read_before(self._sent, self._snapshot())
        reach("leaving")
        with _not_sent_if_it_fails():
            self._is_leaving = self._journal.leave(self.entry)
        if not self._is_leaving:
            raise NotSent(f"not sent: journal row {self.entry.id} is no longer this refund's own: its lease has passed")
        reach("left")

    def close(self, error: BaseException) -> None:
        """Write down that no answer came."""
        if self._is_leaving and not (isinstance(error, NotSent) or never_left(error)):
            self._finish("unknown")
        elif self._is_begun and not self._is_repeat:
            self._finish("not_made")
        elif self._is_leaving:  # an earlier attempt may have been executed
            self._finish("unknown")

    def answer(self, response: httpx.Response) -> None:
        """Write down what the answer says became of the refund."""
        reach("answered")
        self.entry.status = response.status_code
        state: State = "unknown"
        try:
            state = self._judge(response)
        except Exception as error:  # it broke off, or is nothing that anybody knows
            LOG.debug("the answer tells nothing: %s", type(error).__name__)
        # A repeat that is refused tells nothing of the attempt before it.
        self._finish("unknown" if self._is_repeat and state == "refused" else state)
        reach("finished")

    def settle(self, outcome: Outcome | None) -> None:
        """Write down what was found out about an unknown refund."""
        if outcome is not None:
            self._finish(STATES[outcome])

    def _judge(self, response: httpx.Response) -> State:
        operation, status = self._sent.operation, str(response.status_code)
        try:
            content = b"".join(cast("httpx.SyncByteStream", response.stream))
        except Exception:
            return "refused" if is_refusal(response.status_code) else "unknown"
        whole = httpx.Response(response.status_code, headers=response.headers, content=content)
        content = whole.content
        if status in operation.described.responses:
            content = json_form(operation, content, status)
        state, self.entry.server_id = judge_answer(self._sent, self._snapshot(), whole, content)
        return state

    def _snapshot(self) -> Snapshot:
        return read_snapshot(self._sent.operation, self._context.order, self._context.refunds, self._sent.path)

    def _finish(self, state: State) -> None:
        self.entry.state = state
        try:
            is_stored = self._journal.finish(self.entry)
        except Exception as error:
            words = mask_numbers(str(error))
            LOG.error("journal row %s is %s, and that could not be written down: %s", self.entry.id, state, words)
            return
        if not is_stored:
            LOG.warning("journal row %s is %s, and says otherwise already", self.entry.id, state)


@contextmanager
def _not_sent_if_it_fails() -> Iterator[None]:
    """Raise NotSent for any error of the journal: nothing leaves that is not written down."""
    try:
        yield
    except JournalError as error:
        raise NotSent(f"not sent: {mask_numbers(str(error))}") from error
    except Exception as error:
        raise NotSent(f"not sent: the journal failed: {type(error).__name__}: {mask_numbers(str(error))}") from error


def _base(entry: Entry) -> str:
    """The shop of a row: several may be below different paths of one host."""
    return base_of(operations.get(entry.operation), entry.url)
