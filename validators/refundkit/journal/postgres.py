"""A journal in PostgreSQL, for many hosts."""

from __future__ import annotations

from typing import Any

from ..errors import JournalError
from .store import MIGRATIONS, VERSION, SqlJournal, without_password

try:
    import psycopg
except ImportError as missing:
    raise JournalError("a journal in PostgreSQL needs psycopg: pip install 'refundkit[postgres]'") from missing

_CONNECT_SECONDS = 10
_STATEMENT_SECONDS = 30
_LOCK = 7_265_664_573  # of ours alone: two processes do not make the table at once


class PostgresJournal(SqlJournal):
    """A journal in a PostgreSQL database; rows expire by its clock, whatever those of the hosts say."""

    _placeholder = "%s"
    _errors = (psycopg.Error, OSError)

    def __init__(self, url: str, *, lease: float = 600.0, wait: float = 30.0) -> None:
        self._url = url
        super().__init__(without_password(url), lease, wait)

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(
            self._url, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS,
            application_name="refundkit",
        )  # fmt: skip
        connection.execute(f"set statement_timeout = '{_STATEMENT_SECONDS}s'")
        connection.execute("set synchronous_commit = on")  # a role's default may be off, and lose what was committed
        return connection

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        if self._version(connection) == VERSION:
            return
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute("create table if not exists refundkit_journal_version (version integer not null)")
            version = self._version(connection)
            self._require_version(version)
            for number in range(version + 1, VERSION + 1):
                connection.execute(MIGRATIONS[number].encode())
            connection.execute("delete from refundkit_journal_version")
            connection.execute("insert into refundkit_journal_version values (%s)", (VERSION,))

    def _version(self, connection: psycopg.Connection[Any]) -> int:
        table = connection.execute("select to_regclass('refundkit_journal_version')").fetchone()
        row = (
            connection.execute("select version from refundkit_journal_version").fetchone()
            if table and table[0]
            else None
        )
        return int(row[0]) if row else 0

    def _begin(self, connection: psycopg.Connection[Any], *, reads: bool) -> None:
        connection.execute("begin read only" if reads else "begin")

    def _clock(self, run: Any) -> float:
        return float(run("select extract(epoch from clock_timestamp())").fetchall()[0][0])
