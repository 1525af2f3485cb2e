"""A journal in a table of an SQL database: all that SQLite and PostgreSQL have in common."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import msgspec

from ..errors import JournalError, UsageError
from .entry import COUNTING, HOLDING, Before, Entry

VERSION = 1
"""The version of the table; a later one brings the statements that lead to it from the one before."""
_TABLE = """
create table refundkit_journal (
    id text primary key,
    order_key text not null,
    state text not null check (state in ('sending','made','recorded_only','refused','not_made','unknown')),
    owner text not null,
    attempt bigint not null,
    begun_at double precision not null,
    left_at double precision,
    expires_at double precision not null,
    finished_at double precision,
    status bigint,
    server_id text not null,
    operation text not null,
    idempotency_key text not null,
    body_digest text not null,
    request text not null,
    before text
);
create unique index refundkit_journal_holder on refundkit_journal (order_key) where state in ('sending', 'unknown');
create index refundkit_journal_order on refundkit_journal (order_key, begun_at);
create index refundkit_journal_time on refundkit_journal (begun_at, id);
"""
MIGRATIONS: dict[int, str] = {1: _TABLE}
"""The statements that make each version of the table of the one before."""
_COLUMNS = (
    "id, order_key, state, owner, attempt, begun_at, left_at, expires_at, finished_at, status, server_id, operation,"
    " idempotency_key, body_digest, request, before"
)
_SELECT = f"select {_COLUMNS} from refundkit_journal"  # noqa: S608 - our own words
_HOLDS = f"state in {HOLDING}"  # which Python writes as SQL does
_INSERT = f"insert into refundkit_journal ({_COLUMNS}) values ({', '.join('?' * 16)}) on conflict do nothing"  # noqa: S608
_LEAVE = (
    "update refundkit_journal set state = 'sending', attempt = attempt + 1, left_at = ?, expires_at = ?, before = ? "
    "where id = ? and attempt = ? and state = ? and expires_at > ?"
)
_FINISH = (
    "update refundkit_journal set state = ?, status = ?, server_id = ?, finished_at = ? "
    "where id = ? and attempt = ? and state in (?, ?, ?)"
)
_PAGE = 500
_MOST_ROWS_OF_AN_ORDER = 1000


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a row that only the library reads."""

    method: str
    url: str
    path: dict[str, str]
    query: dict[str, str]
    body: str


class Cursor(Protocol):
    """What both databases answer a statement with."""

    @property
    def rowcount(self) -> int: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """A connection of either database, as far as statements go."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Any: ...


class SqlJournal(ABC):
    """A journal in a table. It has one connection, which threads use one after the other; a forked child makes its own.

    Raises JournalError where the database cannot be asked.
    """

    _placeholder = "?"
    _errors: tuple[type[Exception], ...] = ()

    def __init__(self, name: str, lease: float, wait: float) -> None:
        is_number = isinstance(lease, int | float) and isinstance(wait, int | float)
        if not is_number or not lease > 0 or not wait >= 0:
            raise UsageError(f"lease is {lease!r} and wait {wait!r}: give seconds, a lease above 0")
        self.name = name
        self.lease: float = lease
        self.wait: float = wait
        self._lock = threading.Lock()
        self._connection: Any = None
        self._process = 0
        self._inherited: list[Any] = []  # of the parent: closing them here would close them there
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)
        with self._transaction(reads=True):
            pass  # an address that is wrong is said here

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    # The protocol.

    def begin(self, entry: Entry) -> Entry | None:
        """As Journal.begin."""
        with self._transaction() as run:
            holder: Entry | None = None
            while True:
                entry.begun_at = self._clock(run)
                entry.expires_at, entry.state = entry.begun_at + self.lease, "sending"
                run("update refundkit_journal set state = 'unknown' where order_key = ? and state = 'sending' "
                    "and expires_at <= ?", entry.order, entry.begun_at)  # fmt: skip
                if run(_INSERT, *_to_row(entry)).rowcount:
                    return None
                holder = next(self._rows(run, f"where order_key = ? and {_HOLDS}", entry.order), None)
                if holder is not None:  # otherwise it has ended since the insert
                    break
        return holder

    def leave(self, entry: Entry) -> bool:
        """As Journal.leave."""
        with self._transaction() as run:
            clock = self._clock(run)
            changed = run(
                *(_LEAVE, clock, clock + self.lease, _encode_before(entry.before), entry.id, entry.attempt),
                *(("sending", clock) if not entry.attempt else ("unknown", 0.0)),
            ).rowcount
        if changed:
            entry.attempt, entry.state = entry.attempt + 1, "sending"
            entry.left_at, entry.expires_at = clock, clock + self.lease
        return bool(changed)

    def finish(self, entry: Entry) -> bool:
        """As Journal.finish."""
        states = HOLDING if entry.state in (*HOLDING, "not_made") else (*HOLDING, "not_made")
        with self._transaction() as run:
            clock = self._clock(run)
            changed = run(
                *(_FINISH, entry.state, entry.status, entry.server_id, clock, entry.id, entry.attempt),
                *(states[0], states[1], states[-1]),
            ).rowcount
        entry.finished_at = clock
        return bool(changed)

    def unresolved(self) -> Iterator[Entry]:
        """As Journal.unresolved."""
        with self._transaction() as run:
            run("update refundkit_journal set state = 'unknown' where state = 'sending' and expires_at <= ?",
                self._clock(run))  # fmt: skip
        return self.entries("state = 'unknown'")

    def earlier(self, order: str) -> list[Entry]:
        """As Journal.earlier."""
        newest = f"order by begun_at desc, id desc limit {_MOST_ROWS_OF_AN_ORDER}"
        with self._transaction(reads=True) as run:
            rows = list(self._rows(run, f"where order_key = ? and state in (?, ?) {newest}", order, *COUNTING))
        return rows[::-1]

    def forget(self, before: float) -> int:
        """As Journal.forget."""
        with self._transaction() as run:
            statement = f"delete from refundkit_journal where begun_at < ? and not ({_HOLDS})"  # noqa: S608
            return int(run(statement, before).rowcount)

    # What the command needs besides.

    def entries(self, condition: str = "1 = 1") -> Iterator[Entry]:
        """Yield rows by their time, a page at a time, so that memory stays flat however many there are."""
        last: tuple[float, str] = (float("-inf"), "")
        while True:
            with self._transaction(reads=True) as run:
                where = f"where {condition} and (begun_at, id) > (?, ?) order by begun_at, id limit {_PAGE}"
                page = list(self._rows(run, where, *last))
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].begun_at, page[-1].id

    def find(self, entry_id: str) -> Entry | None:
        """Return the row of an id."""
        with self._transaction(reads=True) as run:
            return next(self._rows(run, "where id = ?", entry_id), None)

    def clock(self) -> float:
        """Return the journal's time: that of the database where hosts share it."""
        with self._transaction(reads=True) as run:
            return self._clock(run)

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._lock:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the databases do differently.

    @abstractmethod
    def _connect(self) -> Any:
        """Open a connection in which nothing is begun by itself."""

    @abstractmethod
    def _prepare(self, connection: Any) -> None:
        """Bring the table to the version of this library."""

    @abstractmethod
    def _begin(self, connection: Any, *, reads: bool) -> None:
        """Begin a transaction."""

    @abstractmethod
    def _clock(self, run: Any) -> float:
        """Return the time by which rows expire."""

    @contextmanager
    def _transaction(self, *, reads: bool = False) -> Generator[Any, None, None]:
        """Run statements in one transaction, committed at the end. Raises JournalError."""
        with self._lock:
            try:
                connection = self._start(reads=reads)
                try:
                    yield lambda statement, *parameters: self._execute(connection, statement, parameters)
                except BaseException:
                    with suppress(*self._errors):  # of a lost connection: the first error says more
                        connection.execute("rollback")
                    raise
                connection.execute("commit")
            except self._errors as error:
                self._drop()
                raise JournalError(f"the journal {self.name} cannot be used: {_first_line(error)}") from error
            except BaseException:
                self._drop()  # a commit that was interrupted: nobody knows what the connection is in
                raise

    def _start(self, *, reads: bool) -> Any:
        """Return a connection in which a transaction has begun; one that was lost while it lay idle is replaced."""
        is_old = self._connection is not None
        connection = self._open()
        try:
            self._begin(connection, reads=reads)
        except self._errors:
            if not is_old:
                raise
            self._drop()
            connection = self._open()
            self._begin(connection, reads=reads)
        return connection

    def _execute(self, connection: Any, statement: str, parameters: Sequence[Any]) -> Cursor:
        cursor: Cursor = connection.execute(statement.replace("?", self._placeholder), parameters)
        return cursor

    def _rows(self, run: Any, where: str, *parameters: Any) -> Iterator[Entry]:
        return map(_from_row, run(f"{_SELECT} {where}", *parameters).fetchall())

    def _open(self) -> Any:
        """Return the connection of this process, and bring the table to our version when it is new."""
        if self._connection is not None and self._process != os.getpid():
            self._inherited.append(self._connection)
            self._connection = None
        if self._connection is None:
            connection = self._connect()
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._process = connection, os.getpid()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            with suppress(*self._errors):  # it was lost already
                connection.close()

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent may have held it

    def _require_version(self, version: int) -> None:
        if version > VERSION:
            raise JournalError(
                f"the journal {self.name} has version {version} of the table, and this refundkit knows {VERSION}: "
                "install the newer refundkit here too"
            )


def _to_row(entry: Entry) -> tuple[Any, ...]:
    request = _Request(method=entry.method, url=entry.url, path=entry.path, query=entry.query, body=entry.body)
    return (
        *(entry.id, entry.order, entry.state, entry.owner, entry.attempt, entry.begun_at, entry.left_at),
        *(entry.expires_at, entry.finished_at, entry.status, entry.server_id, entry.operation, entry.idempotency_key),
        *(entry.digest, msgspec.json.encode(request).decode(), _encode_before(entry.before)),
    )


def _from_row(row: Sequence[Any]) -> Entry:
    request = msgspec.json.decode(row[14], type=_Request)
    return Entry(
        id=row[0], order=row[1], state=row[2], owner=row[3], attempt=row[4], begun_at=row[5], left_at=row[6],
        expires_at=row[7], finished_at=row[8], status=row[9], server_id=row[10], operation=row[11],
        idempotency_key=row[12], digest=row[13], method=request.method, url=request.url, path=request.path,
        query=request.query, body=request.body,
        before=None if row[15] is None else msgspec.json.decode(row[15], type=Before),
    )  # fmt: skip


def _encode_before(before: Before | None) -> str | None:
    return None if before is None else msgspec.json.encode(before).decode()


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def without_password(url: str) -> str:
    """Return an address without user, password and options, to show it."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{split.path}"
