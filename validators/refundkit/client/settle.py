"""Find out what became of a refund in a journal, on another day or host than it was sent from."""

from __future__ import annotations

import time
from typing import Any

import httpx
from refundkit_apis._runtime.errors import Outcome

from .. import operations
from ..journal.entry import Entry
from ..routes import Match, base_of
from .claim import STATES
from .connection import Connection
from .evidence import find_outcome
from .outcome import read_snapshot


def address_of(entry: Entry) -> str:
    """Return the address of the shop that a row's refund went to."""
    url = httpx.URL(entry.url)
    base = base_of(operations.get(entry.operation), entry.url)
    return f"{url.scheme}://{base}"


def is_reached(entry: Entry, connection: Connection[Any, Any]) -> bool:
    """True if a connection leads to the shop that a row's refund went to."""
    operation = operations.get(entry.operation)
    address = connection.base_url.rstrip("/") + operation.described.path
    return connection.api == operation.api and base_of(operation, address) == base_of(operation, entry.url)


def resolve(entry: Entry, connection: Connection[Any, Any], *, clock: float, wait: float = 30.0) -> Outcome | None:
    """Ask the API of an open connection what became of a row's refund, and set its state; None if it cannot be told.

    As RefundOutcomeUnknown.resolve: any outcome but MADE is final only `wait` seconds after the request left; `clock`
    is the journal's time now. Raises RefundError where the API cannot be asked.
    """
    outcome = _ask(entry, connection)
    seconds = 0.0 if entry.left_at is None else entry.left_at + wait - clock
    if outcome is not Outcome.MADE and seconds > 0:
        time.sleep(seconds)
        outcome = _ask(entry, connection)
    if outcome is not None:
        entry.state = STATES[outcome]
    return outcome


def resolve_unsent(entry: Entry) -> bool:
    """Set the state of a row whose refund never left, which nobody need be asked about; False for any other."""
    if entry.left_at is None:
        entry.state = "not_made"
    return entry.left_at is None


def _ask(entry: Entry, connection: Connection[Any, Any]) -> Outcome | None:
    operation = operations.get(entry.operation)
    match = Match(operation, entry.path, entry.query)
    url = httpx.URL(entry.url)
    context = connection.read_context(match, httpx.Request(entry.method, url))
    return find_outcome(entry, read_snapshot(operation, context.order, context.refunds, entry.path))
