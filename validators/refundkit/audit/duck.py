"""The embedded engine: DuckDB brings the requests of an order together, worker processes judge them.

Orders, earlier refunds and requests go through one sort, by order, kind, time and row, out of core where they must.
What comes out is each order once, followed by its requests: a join that never repeats an order's text.
"""

from __future__ import annotations

import multiprocessing
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
from . import files, worker
from .columns import FINDINGS
from .kernel import Settings, Tally
from .orders import Key, of_order, of_refunds, of_request

# Rows of one task, and tasks for each worker that may wait: what is under way stays small.
_TASK, _WAITING = 1024, 3
# What DuckDB's sort wants for each of its threads.
_THREAD = 1_000_000_000
# Rows of a piece of the findings file.
_GROUP = 1 << 14


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an audit, each by its suffix."""

    requests: list[str]
    orders: list[str] = []
    refunds: list[str] = []


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """`memory` in bytes is about what reading and sorting may take; `jobs` worker processes judge, of 100 MB each."""

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
        if not tally.requests:
            raise SourceError(f"{', '.join(sources.requests)}: no request at all")
        tally.unplaced = reading.unplaced
        with _connected(resources, Path(folder, "spill")) as connection:
            try:
                files.write(target, out.suffix.lower(), _in_order(connection, kept))
            except duckdb.Error as error:
                raise reading.explained(error, resources) from error
    return tally


def _connected(resources: Resources, spill: Path) -> duckdb.DuckDBPyConnection:
    # Beyond its limit DuckDB takes what an order by of several threads, its buffers and Arrow's need.
    threads = max(1, min(resources.jobs, resources.memory // _THREAD))
    return duckdb.connect(
        config={
            "memory_limit": f"{resources.memory * 3 // 5 // 1_000_000}MB",
            "temp_directory": str(spill),
            "threads": threads,
            "preserve_insertion_order": False,
        }
    )


class _Reading:
    """The rows of all files on their way into the sort; an error there is kept: DuckDB passes on its text only."""

    def __init__(self, sources: Sources, progress: Progress) -> None:
        self.sources = sources
        self.progress = progress
        self.error: BaseException | None = None
        self.unplaced = 0

    def sorted(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """All rows by order, then the order itself before its earlier refunds and its requests in order of time."""
        rows = pa.RecordBatchReader.from_batches(worker.SORTED, self._kept(self._rows()))
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
        return self._context(chunk, keys, worker.ORDER, "order", texts)

    def _earlier(self, chunk: files.Chunk) -> pa.RecordBatch:
        texts = files.texts(chunk, "refunds")
        named = zip(texts.to_pylist(), _words(chunk, "api"), _words(chunk, "order_id"), strict=True)
        keys = [None if text is None else of_refunds(text, api, order_id) for text, api, order_id in named]
        return self._context(chunk, keys, worker.EARLIER, "refunds", texts)

    def _context(
        self, chunk: files.Chunk, keys: list[Key | None], kind: int, name: str, texts: pa.Array
    ) -> pa.RecordBatch:
        self.unplaced += keys.count(None)
        numbers = range(chunk.first, chunk.first + chunk.rows)
        given = {"key": [None if one is None else one.text for one in keys], name: texts, "row": numbers}
        return _batch(chunk.rows, kind, given)


def _words(chunk: files.Chunk, name: str) -> list[str | None]:
    return [_word(value) for value in files.texts(chunk, name).to_pylist()]


def _requests(chunk: files.Chunk, first: int) -> pa.RecordBatch:
    given: dict[str, Any] = files.given(chunk)
    given["row"] = range(first, first + chunk.rows)
    named = zip(*(given[name].to_pylist() for name in ("operation", "path", "body")), strict=True)
    keys = [of_request(_word(operation), path, body) for operation, path, body in named]
    given["key"] = [f"?{row}" if key is None else key.text for row, key in zip(given["row"], keys, strict=True)]
    return _batch(chunk.rows, worker.REQUEST, given)


def _word(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def _batch(rows: int, kind: int, given: dict[str, Any]) -> pa.RecordBatch:
    """Rows of one kind on their way into the sort; what is not given is null."""
    given["kind"] = pa.repeat(pa.scalar(kind, pa.int8()), rows)
    columns = [
        pa.nulls(rows, field.type)
        if field.name not in given
        else given[field.name]
        if isinstance(given[field.name], pa.Array)
        else pa.array(given[field.name], field.type)
        for field in worker.SORTED
    ]
    return pa.RecordBatch.from_arrays(columns, schema=worker.SORTED)


def _tasks(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The sorted rows in messages of whole orders."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        keys = batch.column("key")
        last = keys[-1]
        start = batch.num_rows - 1
        while start and keys[start - 1] == last:
            start -= 1
        if start == 0 and waiting and waiting[-1].column("key")[-1] == last:
            waiting.append(batch)  # one order goes on
            continue
        # Everything before the batch's last order is whole; so is that before it, if the order begins here.
        yield worker.message([*waiting, batch.slice(0, start)])
        waiting = [batch.slice(start)]
    if waiting:
        yield worker.message(waiting)


def _judged(
    batches: Iterable[pa.RecordBatch], settings: Settings, resources: Resources
) -> Iterator[tuple[bytes, Tally]]:
    """What the workers find in the sorted rows, in their order."""
    pool = ProcessPoolExecutor(
        resources.jobs, multiprocessing.get_context("spawn"), initializer=worker.begin, initargs=(settings,)
    )
    under_way: deque[Future[tuple[bytes, Tally]]] = deque()
    try:
        for task in _tasks(batches):
            under_way.append(pool.submit(worker.work, task))
            if len(under_way) > resources.jobs * _WAITING:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(kept: Path, results: Iterable[tuple[bytes, Tally]], tally: Tally, progress: Progress) -> None:
    """Write what the workers found to a file, as it comes."""
    from pyarrow import parquet

    with parquet.ParquetWriter(kept, worker.PLACED, compression="lz4") as writer:
        for message, own in results:
            with pa.ipc.open_stream(message) as reader:
                for batch in reader:
                    if batch.num_rows:
                        writer.write_batch(batch)
            tally.add(own)
            progress("judged", own.requests)


def _in_order(connection: duckdb.DuckDBPyConnection, kept: Path) -> Iterator[pa.RecordBatch]:
    """All findings by row and place, in batches of one size: the same findings make the same file."""
    relation = (
        connection.read_parquet(str(kept))
        .order("row, place")
        .project(", ".join(f'"{name}"' for name in FINDINGS.names))
    )
    waiting: list[pa.RecordBatch] = []
    for batch in relation.to_arrow_reader(_GROUP):
        waiting.append(batch.cast(FINDINGS))
        table = pa.Table.from_batches(waiting)
        while table.num_rows >= _GROUP:
            yield from table.slice(0, _GROUP).combine_chunks().to_batches()
            table = table.slice(_GROUP)
        waiting = table.to_batches()
    if waiting:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
