"""The embedded engine: DuckDB brings the requests of an order together, worker processes judge them.

Orders, earlier refunds and requests go through one sort, by order, kind, time and row, out of core where they must.
What comes out is each order once, followed by its requests: a join that never repeats an order's text.
"""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from ..sources import SourceError
from . import files
from .columns import FINDINGS, REQUESTS
from .kernel import Kernel, Request, Settings, Tally, rows_of
from .orders import Key, of_order, of_request

_ORDER, _EARLIER, _REQUEST = 0, 1, 2
_SORTED = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("kind", pa.int8()),
        *(pa.field(one.name, pa.int64() if one.name == "time" else one.type) for one in REQUESTS),
    ]
)
_PLACED = FINDINGS.append(pa.field("place", pa.int32()))
# Rows of one task, and tasks for each worker that may wait: what is under way stays small.
_TASK, _WAITING = 1024, 3
_LEAST = 256 << 20


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an audit, each by its suffix."""

    requests: list[str]
    orders: list[str] = []
    refunds: list[str] = []


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """`memory` in bytes is what DuckDB may use before it spills to disk; `jobs` worker processes judge."""

    memory: int = 1 << 30
    jobs: int = 1


Progress = Callable[[str, int], None]


def audit(
    sources: Sources, settings: Settings, resources: Resources, out: Path, progress: Progress = lambda phase, rows: None
) -> Tally:
    """Audit a history and write its findings to `out`, by row and place. `progress` hears of rows read and judged.

    Raises SourceError for files that cannot be read, a worker that died and memory that is too little; nothing is
    written then, nor when it is interrupted.
    """
    tally = Tally()
    with files.draft(out) as target, tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        kept = Path(folder, "found.parquet")
        with _connected(resources, Path(folder, "spill")) as connection:
            reading = _Reading(sources, progress)
            try:
                _collect(kept, _judged(reading.sorted(connection), settings, resources), tally, progress)
            except (duckdb.Error, pa.ArrowException) as error:
                raise reading.explained(error, resources) from error
            except BrokenProcessPool as error:
                message = "a worker process was killed, perhaps for want of memory: nothing is written"
                raise SourceError(f"{message}; run again with fewer --jobs or less --memory") from error
        tally.unplaced = reading.unplaced
        with _connected(resources, Path(folder, "spill")) as connection:
            try:
                files.write(target, out.suffix.lower(), _in_order(connection, kept))
            except duckdb.Error as error:
                raise reading.explained(error, resources) from error
    return tally


def _connected(resources: Resources, spill: Path) -> duckdb.DuckDBPyConnection:
    threads = max(1, min(resources.jobs, resources.memory // _LEAST))
    return duckdb.connect(
        config={
            "memory_limit": f"{resources.memory // 1_000_000}MB",
            "temp_directory": str(spill),
            "threads": threads,
            "preserve_insertion_order": False,
        }
    )


class _Reading:
    """The rows of all files on their way into the sort; an error there is kept, since DuckDB passes on its text only."""

    def __init__(self, sources: Sources, progress: Progress) -> None:
        self.sources = sources
        self.progress = progress
        self.error: BaseException | None = None
        self.unplaced = 0

    def sorted(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """All rows by order, then the order itself before its earlier refunds and its requests in order of time."""
        rows = pa.RecordBatchReader.from_batches(_SORTED, self._kept(self._rows()))
        relation = connection.from_arrow(rows).order("key, kind, time NULLS LAST, row")
        yield from relation.to_arrow_reader(_TASK)

    def explained(self, error: Exception, resources: Resources) -> BaseException:
        """The error that made DuckDB stop, where it was one of ours."""
        if self.error is not None:
            return self.error
        if isinstance(error, duckdb.OutOfMemoryException):
            megabytes = resources.memory // 1_000_000
            return SourceError(f"{megabytes} MB are too little for the sort: give it more with --memory")
        return SourceError(f"DuckDB: {str(error).partition(chr(10))[0]}")

    def _kept(self, rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from rows
        except BaseException as error:
            self.error = error
            raise

    def _rows(self) -> Iterator[pa.RecordBatch]:
        for file in self.sources.orders:
            for chunk in files.chunks(file, files.ORDERS):
                yield self._orders(chunk)
        for file in self.sources.refunds:
            for chunk in files.chunks(file, files.EARLIER):
                yield self._earlier(chunk)
        first = 0
        for file in self.sources.requests:
            for chunk in files.chunks(file, files.HISTORY):
                yield _requests(chunk, first)
                first += chunk.rows
                self.progress("read", chunk.rows)

    def _orders(self, chunk: files.Chunk) -> pa.RecordBatch:
        texts = files.texts(chunk, "order")
        ids, apis = _words(chunk, "order_id"), _words(chunk, "api")
        keys = [
            None if text is None else of_order(text, api, order_id)
            for text, api, order_id in zip(texts.to_pylist(), apis, ids, strict=True)
        ]
        return self._context(chunk, keys, _ORDER, "order", texts)

    def _earlier(self, chunk: files.Chunk) -> pa.RecordBatch:
        pairs = zip(_words(chunk, "api"), _words(chunk, "order_id"), strict=True)
        keys = [of_order(b"{}", api, order_id) for api, order_id in pairs]
        return self._context(chunk, keys, _EARLIER, "refunds", files.texts(chunk, "refunds"))

    def _context(
        self, chunk: files.Chunk, keys: list[Key | None], kind: int, name: str, texts: pa.Array
    ) -> pa.RecordBatch:
        self.unplaced += keys.count(None)
        numbers = range(chunk.first, chunk.first + chunk.rows)
        given = {"key": [None if one is None else one.text for one in keys], name: texts, "row": numbers}
        return _batch(chunk.rows, kind, given)


def _words(chunk: files.Chunk, name: str) -> list[str | None]:
    values = files.texts(chunk, name).to_pylist()
    return [None if value is None else value.decode("utf-8", "replace") for value in values]


def _requests(chunk: files.Chunk, first: int) -> pa.RecordBatch:
    given: dict[str, Any] = {name: files.texts(chunk, name) for name in files.HISTORY.names[2:-1]}
    given["operation"] = files.texts(chunk, "operation")
    given["time"], given["status"] = files.times(chunk), files.statuses(chunk)
    given["row"] = range(first, first + chunk.rows)
    named = zip(*(given[name].to_pylist() for name in ("operation", "path")), _bodies(given["body"]), strict=True)
    keys = [of_request(_name(operation), path, body()) for operation, path, body in named]
    given["key"] = [f"?{row}" if key is None else key.text for row, key in zip(given["row"], keys, strict=True)]
    return _batch(chunk.rows, _REQUEST, given)
