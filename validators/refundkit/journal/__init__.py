"""The journal: each refund is written down before it leaves, so that none is sent twice, also after a crash.

    journal = refundkit.journal.open("refunds.sqlite")                  # the processes of one host
    journal = refundkit.journal.open("postgresql://user@host/shop")     # many hosts: pip install 'refundkit[postgres]'
    with refundkit.connect.woocommerce(url, key, secret, journal=journal) as shop: ...

docs/journal.md says what it promises and what it cannot.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import JournalError, UsageError
from .entry import Before, Entry, Journal, State
from .sqlite import SqliteJournal
from .store import SqlJournal

if TYPE_CHECKING:
    from ..client.connection import Connection
    from .postgres import PostgresJournal

__all__ = ["Before", "Entry", "Journal", "JournalError", "SqliteJournal", "State", "open", "open_existing", "resolve"]


def open(  # noqa: A001 - refundkit.journal.open reads as what it does
    address: str | Path, *, lease: float = 600.0, wait: float = 30.0
) -> SqliteJournal | PostgresJournal:
    """Open a journal, and make it where there is none: a file of SQLite, or the URL of a PostgreSQL database.

    `lease` is how many seconds a row may be sending before nobody believes that its sender still lives; a call that may
    take longer is not sent. `wait` is how many seconds a refund waits for another of the same order. Raises
    JournalError where it cannot be used, and UsageError for an argument that is none.
    """
    if not isinstance(address, (str, Path)) or not str(address):
        raise UsageError(f"address is {address!r}: give the file of a journal, or postgresql://…")
    text = str(address)
    if text.startswith(("postgresql://", "postgres://")):
        from .postgres import PostgresJournal

        return PostgresJournal(text, lease=lease, wait=wait)
    if "://" in text:
        raise JournalError(f"no journal of the kind {text.partition('://')[0]}: give a file, or postgresql://…")
    return SqliteJournal(address, lease=lease, wait=wait)


def open_existing(address: str | Path) -> SqliteJournal | PostgresJournal:
    """Open a journal as `open` does, but make no file where there is none. Raises JournalError."""
    if "://" not in str(address) and not Path(address).is_file():
        raise JournalError(f"there is no journal {address}")
    return open(address)


def resolve(journal: Journal, connection: Connection[Any, Any], *, wait: float = 30.0) -> list[Entry]:
    """Ask the API what became of the refunds that are unknown; return their rows, unknown where it cannot be told.

    The connection is open for sync calls; rows of other APIs and shops are left out. As RefundOutcomeUnknown.resolve,
    anything but made is final only `wait` seconds after the request left. Raises RefundError where nobody answers.
    """
    from ..client import settle

    read_clock = journal.clock if isinstance(journal, SqlJournal) else time.time
    rows = [row for row in journal.unresolved() if settle.is_reached(row, connection)]
    for row in rows:
        if not settle.resolve_unsent(row):
            settle.resolve(row, connection, clock=read_clock(), wait=wait)
        if row.state != "unknown":
            journal.finish(row)
    return rows
