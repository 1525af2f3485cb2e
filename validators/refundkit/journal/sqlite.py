"""A journal in a file, for the processes of one host."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from ..errors import JournalError
from .store import MIGRATIONS, VERSION, SqlJournal

_BUSY_SECONDS = 30.0


class SqliteJournal(SqlJournal):
    """A journal in an SQLite file: on a disk of this host, never on a network's, whose locks do not hold."""

    _errors = (sqlite3.Error, OSError)

    def __init__(self, file: str | Path, *, lease: float = 600.0, wait: float = 30.0) -> None:
        self._file = Path(file).absolute()  # the program may change its folder
        super().__init__(str(file), lease, wait)

    def _connect(self) -> sqlite3.Connection:
        if not self._file.parent.is_dir():
            raise JournalError(f"the journal {self.name} cannot be used: there is no folder {self._file.parent}")
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma fullfsync = on")  # a Mac's disk keeps what it was told only so
        except BaseException:  # it is no database, or a broken one
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == VERSION:
            return
        connection.execute("begin immediate")
        try:
            connection.execute("create table if not exists refundkit_journal_version (version integer not null)")
            version = self._version(connection)
            self._require_version(version)
            for number in range(version + 1, VERSION + 1):
                for statement in filter(str.strip, MIGRATIONS[number].split(";")):
                    connection.execute(statement)
            connection.execute("delete from refundkit_journal_version")
            connection.execute("insert into refundkit_journal_version values (?)", (VERSION,))
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")

    def _version(self, connection: sqlite3.Connection) -> int:
        tables = connection.execute("select 1 from sqlite_master where name = 'refundkit_journal_version'").fetchone()
        row = tables and connection.execute("select version from refundkit_journal_version").fetchone()
        return int(row[0]) if row else 0

    def _begin(self, connection: sqlite3.Connection, *, reads: bool) -> None:
        connection.execute("begin" if reads else "begin immediate")

    def _clock(self, run: Any) -> float:
        return time.time()
