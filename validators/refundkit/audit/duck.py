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

import duckdb
import pyarrow as pa

from ..errors import SourceError
from . import files, rows, worker
from .columns import FINDINGS
from .kernel import Tally
from .settings import AuditFiles, AuditSettings, Resources

# Rows of one task, and tasks for each worker that may wait: what is under way stays small.
_TASK_ROWS, _TASKS_WAITING = 1024, 3
# What DuckDB's sort wants for each of its threads.
_THREAD_MEMORY = 1_000_000_000


Progress = Callable[[str, int], None]


def audit(
    sources: AuditFiles,
    settings: AuditSettings,
    resources: Resources,
    out: Path,
    progress: Progress = lambda phase, rows: None,
) -> Tally:
    """Audit a history and write its findings to `out`, by row and place. `progress` hears of rows read and judged.

    Raises SourceError for files that cannot be read, a worker that died and memory that is too little; nothing is
    written then, nor when it is interrupted.
    """
    tally = Tally()
    with files.open_draft(out) as target, tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        unsorted = Path(folder, "found.parquet")
        with _connect(resources, Path(folder, "spill")) as connection:
            reading = _Reading(sources, progress)
            try:
                _collect(unsorted, _judge_tasks(reading.sort(connection), settings, resources), tally, progress)
            except (duckdb.Error, pa.ArrowException) as error:
                raise reading.explain_error(error, resources) from error
            except BrokenProcessPool as error:
                message = "a worker process was killed, perhaps for want of memory: nothing is written"
                raise SourceError(f"{message}; run again with fewer --jobs or less --memory") from error
        if not tally.requests:
            raise SourceError(f"{files.show_names(sources.requests)}: no request at all")
        tally.unplaced = reading.unplaced
        with _connect(resources, Path(folder, "spill")) as connection:
            try:
                files.write_findings(target, out.suffix.lower(), _sort_findings(connection, unsorted))
            except duckdb.Error as error:
                raise reading.explain_error(error, resources) from error
    return tally


def _connect(resources: Resources, spill: Path) -> duckdb.DuckDBPyConnection:
    # A process takes about 250 MB more than DuckDB's limit: the libraries, Arrow's batches, results on their way.
    threads = max(1, min(resources.jobs, resources.memory // _THREAD_MEMORY))
    connection = duckdb.connect(
        config={
            "memory_limit": f"{resources.memory * 3 // 5 // 1_000_000}MB",
            "temp_directory": str(spill),
            "threads": threads,
            "preserve_insertion_order": False,
        }
    )
    connection.execute("SET enable_progress_bar = false")  # a query of two seconds would write to standard output
    return connection


class _Reading:
    """Reads the rows of all files into the sort; keeps an error, of which DuckDB passes on the text only."""

    def __init__(self, sources: AuditFiles, progress: Progress) -> None:
        self.sources = sources
        self.progress = progress
        self.error: BaseException | None = None
        self.unplaced = 0

    def sort(self, connection: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
        """Sort all rows by order: the order itself, then its earlier refunds, then its requests by time."""
        reader = pa.RecordBatchReader.from_batches(rows.SORTED, self._keep_error(self._read_rows()))
        relation = connection.from_arrow(reader).order("key, kind, time NULLS LAST, row")
        yield from relation.to_arrow_reader(_TASK_ROWS)

    def explain_error(self, error: Exception, resources: Resources) -> BaseException:
        """Return the error that made DuckDB stop, ours if it was one."""
        if self.error is not None:
            return self.error
        if isinstance(error, duckdb.OutOfMemoryException):
            megabytes = resources.memory // 1_000_000
            return SourceError(f"{megabytes} MB are too little for the sort: give it more with --memory")
        return SourceError(f"DuckDB: {str(error).partition(chr(10))[0]}")

    def _keep_error(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except BaseException as error:
            self.error = error
            raise

    def _read_rows(self) -> Iterator[pa.RecordBatch]:
        for columns, make_rows, paths in (
            (files.ORDERS, rows.rows_of_orders, self.sources.orders),
            (files.EARLIER, rows.rows_of_earlier, self.sources.refunds),
        ):
            for index, file in enumerate(paths):
                for chunk in files.read_chunks(file, columns):
                    begin = (index << 40) + chunk.first  # of what stands in several files the last file's counts
                    batch = make_rows(chunk, range(begin, begin + chunk.rows))
                    self.unplaced += batch.column("key").null_count
                    yield batch
        first = 0
        for file in self.sources.requests:
            for chunk in files.read_chunks(file, files.HISTORY):
                yield rows.rows_of_requests(chunk, range(first, first + chunk.rows))
                first += chunk.rows
                self.progress("read", chunk.rows)


def _make_tasks(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Make tasks of the sorted rows: messages of whole orders."""
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
        yield worker.encode_batches([*waiting, batch.slice(0, start)])
        waiting = [batch.slice(start)]
    if waiting:
        yield worker.encode_batches(waiting)


def _judge_tasks(
    batches: Iterable[pa.RecordBatch], settings: AuditSettings, resources: Resources
) -> Iterator[tuple[bytes, Tally]]:
    """Have the workers judge the sorted rows; yield their findings in order."""
    pool = ProcessPoolExecutor(
        resources.jobs, multiprocessing.get_context("spawn"), initializer=worker.start_worker, initargs=(settings,)
    )
    under_way: deque[Future[tuple[bytes, Tally]]] = deque()
    try:
        for task in _make_tasks(batches):
            under_way.append(pool.submit(worker.judge_task, task))
            if len(under_way) > resources.jobs * _TASKS_WAITING:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collect(unsorted: Path, results: Iterable[tuple[bytes, Tally]], tally: Tally, progress: Progress) -> None:
    """Write what the workers found to a file, as it comes."""
    from pyarrow import parquet

    with parquet.ParquetWriter(unsorted, rows.PLACED, compression="lz4") as writer:
        for message, part in results:
            with pa.ipc.open_stream(message) as reader:
                for batch in reader:
                    if batch.num_rows:
                        writer.write_batch(batch)
            tally.add(part)
            progress("judged", part.requests)


def _sort_findings(connection: duckdb.DuckDBPyConnection, unsorted: Path) -> Iterator[pa.RecordBatch]:
    """Sort all findings by row and place, in batches of one size: the same findings make the same file."""
    relation = (
        connection.read_parquet(str(unsorted))
        .order("row, place")
        .project(", ".join(f'"{name}"' for name in FINDINGS.names))
    )
    yield from rows.even_batches(relation.to_arrow_reader(_TASK_ROWS))
