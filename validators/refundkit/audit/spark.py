"""The cluster engine: Spark brings the requests of an order together, and its executors judge them.

Only findings leave the executors. Spark needs Java 17 or later on every machine, and on the workers the same Python as
here with the same `pip install 'refundkit[spark]'`; rules of your own need their files there, under the same path.
Spark runs the `python3` of a worker's PATH unless PYSPARK_PYTHON names another; the command takes its own.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pyarrow as pa
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from ..config import Config
from ..errors import SourceError
from . import files
from .columns import FINDINGS, MOMENT
from .kernel import Kernel, Tally
from .rows import (
    PLACED,
    SORTED,
    add_places,
    even_batches,
    group_by_order,
    judge_rows,
    rows_of_earlier,
    rows_of_orders,
    rows_of_requests,
)
from .session import start_session
from .settings import AuditFiles, AuditSettings

# What was looked at comes along with the findings, so that it counts once whatever is judged again.
_FINDINGS_AND_TALLY = pa.schema([*(field.with_nullable(True) for field in PLACED), pa.field("tally", pa.binary())])
_PACKED = pa.schema([pa.field("tally", pa.binary()), pa.field("findings", pa.binary())])
_TYPES = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.int8(): "tinyint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    MOMENT: "timestamp",
}
_TALLY = msgspec.msgpack.Decoder(Tally, dec_hook=lambda kind, value: kind.__origin__(value))
# Requests that are judged before their findings go on, rows that are read at a time, bytes of a piece of a file.
_REQUESTS_AT_ONCE, _BATCH_ROWS, _PIECE_SIZE = 8192, 2048, 32 << 20


# For people who are in a notebook or a job already.


def findings(
    requests: DataFrame,
    *,
    orders: DataFrame | None = None,
    refunds: DataFrame | None = None,
    config: Config | None = None,
    orders_as_of: str = "after",
) -> DataFrame:
    """The findings of a history, in no order and computed when asked for: the columns of `refundkit audit`'s file.

    The columns are those of its input files: `requests` has `operation` and `time` (a timestamp, or ISO 8601 text) and
    may have path, query, headers, body, order, refunds (JSON as text or bytes) and status; `orders` has `order` and may
    have order_id and api; `refunds` has api, order_id and refunds. A column `row` numbers the requests, to find those
    of the findings again; else they bear the numbers of monotonically_increasing_id(). Of an order that is there
    several times the last one counts. `config` is that of check(); `orders_as_of` as the command has it.

        from refundkit.audit.spark import findings

        requests = spark.read.parquet("s3a://shop/refund-requests/")
        orders = spark.read.parquet("s3a://shop/orders/")
        found = findings(requests, orders=orders)
        found.where("severity = 'error'").groupBy("code", "currency").count().show()

    Raises SourceError for a column that is missing or of another type. The workers need refundkit and pyarrow.
    """
    if orders_as_of not in ("after", "before"):
        raise ValueError(f"orders_as_of is 'after' or 'before', not {orders_as_of!r}")
    settings = AuditSettings(
        config=Config() if config is None else config,
        statuses="status" in requests.columns,
        carried=orders_as_of == "before",
    )
    rows = _rows_of_frame(requests, _REQUESTS)
    if orders is not None:
        rows = rows.unionAll(_rows_of_frame(orders, _ORDERS))
    if refunds is not None:
        rows = rows.unionAll(_rows_of_frame(refunds, _EARLIER))
    return _judge_rows(rows, settings).where("tally is null").select(*FINDINGS.names)


_REQUESTS, _ORDERS, _EARLIER = "requests", "orders", "earlier refunds"
_COLUMNS = {_REQUESTS: files.HISTORY, _ORDERS: files.ORDERS, _EARLIER: files.EARLIER}
_ROWS: dict[str, Callable[[files.Chunk, Any], pa.RecordBatch]] = {
    _REQUESTS: rows_of_requests,
    _ORDERS: rows_of_orders,
    _EARLIER: rows_of_earlier,
}


def _rows_of_frame(frame: DataFrame, kind: str) -> DataFrame:
    columns = _COLUMNS[kind]
    for name in columns.required:
        if name not in frame.columns:
            raise SourceError(f"no column {name!r}; a DataFrame of {kind} has {', '.join(columns.required)}")
    present = [sql.col(name) for name in columns.names if name in frame.columns]
    number = sql.col("row").cast("bigint") if "row" in frame.columns else sql.monotonically_increasing_id()
    numbered = frame.select(number.alias("row"), *present)
    none = pa.RecordBatch.from_pylist([], schema=numbered.limit(0).toArrow().schema)
    list(_number_rows(kind, [none]))  # says what is wrong with the types, before anything runs
    return numbered.mapInArrow(partial(_number_rows, kind), _to_ddl(SORTED))


def _number_rows(kind: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of a DataFrame with their numbers in the column `row`."""
    for batch in batches:
        numbers = batch.column("row").to_pylist()
        columns = {name: batch.column(name) for name in batch.schema.names if name != "row"}
        first = numbers[0] if numbers else 0
        yield _drop_nameless_texts(_ROWS[kind](files.Chunk(f"the {kind}", first, len(numbers), columns), numbers))


# The command.


class _Piece(msgspec.Struct, frozen=True):
    """A part of a file that one task reads: the number of its first row, and of a Parquet file its row groups."""

    kind: str
    file: str
    first: int
    groups: tuple[int, ...] | None = None


def audit(sources: AuditFiles, settings: AuditSettings, master: str | None, out: Path) -> Tally:
    """Audit a history on a cluster and write its findings to `out`, by row and place, as the embedded engine does.

    Without a `master` it is that of Spark's own configuration. Raises SourceError for files that cannot be read,
    without Java, and where the cluster does not answer or gives up; nothing is written then, nor when interrupted.
    """
    with files.open_draft(out) as target, start_session(master) as session:
        return write_audit(session, sources, settings, target, out.suffix.lower())


def write_audit(
    session: SparkSession, sources: AuditFiles, settings: AuditSettings, target: Path, suffix: str
) -> Tally:
    """Audit as `audit` does, in a session that runs already, to a file in the form that the suffix names."""
    tally = Tally()
    try:
        pieces = list(_find_pieces(session, sources))
        packed = _judge_rows(_run_pieces(session, pieces, _read_pieces, SORTED), settings)
        packed = packed.repartition(1).sortWithinPartitions("row", "place").mapInArrow(_pack_findings, _to_ddl(_PACKED))
        files.write_findings(target, suffix, _unpack_findings(packed, tally))
    except (PySparkException, Py4JError) as error:
        raise SourceError(_explain_error(error)) from error
    if not tally.requests:
        raise SourceError(f"{files.show_names(sources.requests)}: no request at all")
    return tally


def _run_pieces(
    session: SparkSession, pieces: list[_Piece], read: Callable[..., Iterator[pa.RecordBatch]], schema: pa.Schema
) -> DataFrame:
    """Run `read` on each piece, each in a task of its own."""
    count = len(pieces)
    return session.range(0, count, 1, max(1, count)).mapInArrow(partial(read, pieces), _to_ddl(schema))


def _find_pieces(session: SparkSession, sources: AuditFiles) -> Iterator[_Piece]:
    for kind, paths in ((_ORDERS, sources.orders), (_EARLIER, sources.refunds)):
        for index, file in enumerate(paths):
            # Later files have larger numbers: of an order that stands several times the last one counts.
            yield from _split_file(kind, file, index << 40)
    lengths = _count_rows(session, sources.requests)
    first = 0
    for file in sources.requests:
        yield from _split_file(_REQUESTS, file, first)
        first += lengths.get(file, 0)


def _split_file(kind: str, path: str, first: int) -> Iterator[_Piece]:
    """Split a file into pieces: Parquet into row groups, enough of them to be worth a task."""
    file = str(Path(path).absolute())
    next(files.read_chunks(file, _COLUMNS[kind]), None)  # says what is wrong with the file as such
    if Path(file).suffix.lower() != files.PARQUET:
        yield _Piece(kind, file, first)
        return
    groups: list[int] = []
    size = rows = 0
    for index, (count, large) in enumerate(_read_row_groups(file)):
        groups.append(index)
        size, rows = size + large, rows + count
        if size >= _PIECE_SIZE:
            yield _Piece(kind, file, first, tuple(groups))
            first, groups, size, rows = first + rows, [], 0, 0
    if groups:
        yield _Piece(kind, file, first, tuple(groups))


def _read_row_groups(file: str) -> list[tuple[int, int]]:
    """Rows and bytes of the row groups of a Parquet file."""
    from pyarrow import parquet

    metadata = parquet.read_metadata(file)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    return [(one.num_rows, one.total_byte_size) for one in groups]


def _count_rows(session: SparkSession, paths: list[str]) -> dict[str, int]:
    """Count the rows of every file but the last; the cluster counts what Parquet does not say."""
    lengths, unknown = {}, []
    for file in paths[:-1]:
        if Path(file).suffix.lower() == files.PARQUET:
            lengths[file] = sum(rows for rows, _ in _read_row_groups(file))
        else:
            unknown.append(file)
    if unknown:
        pieces = [_Piece(_REQUESTS, str(Path(file).absolute()), 0) for file in unknown]
        counted = _run_pieces(session, pieces, _count_pieces, _COUNTED).collect()
        lengths.update((unknown[one["index"]], one["rows"]) for one in counted)
    return lengths


_COUNTING = files.Columns(_REQUESTS, (), ("operation",))
_COUNTED = pa.schema([pa.field("index", pa.int64()), pa.field("rows", pa.int64())])


def _count_pieces(pieces: list[_Piece], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for index in batch.column("id").to_pylist():
            rows = sum(chunk.rows for chunk in files.read_chunks(pieces[index].file, _COUNTING))
            yield pa.RecordBatch.from_pydict({"index": [index], "rows": [rows]}, schema=_COUNTED)


def _read_pieces(pieces: list[_Piece], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for index in batch.column("id").to_pylist():
            piece = pieces[index]
            is_whole = piece.groups is None
            for chunk in files.read_chunks(piece.file, _COLUMNS[piece.kind]) if is_whole else _read_groups(piece):
                first = piece.first + chunk.first
                yield _drop_nameless_texts(_ROWS[piece.kind](chunk, range(first, first + chunk.rows)))


def _read_groups(piece: _Piece) -> Iterator[files.Chunk]:
    """Read the rows of some row groups, numbered from 0."""
    from pyarrow import parquet

    first = 0
    with parquet.ParquetFile(piece.file, buffer_size=1 << 20, pre_buffer=False) as opened:
        present = [name for name in _COLUMNS[piece.kind].names if name in opened.schema_arrow.names]
        for batch in opened.iter_batches(_BATCH_ROWS, row_groups=piece.groups, columns=present):
            yield files.Chunk(piece.file, first, batch.num_rows, {name: batch.column(name) for name in present})
            first += batch.num_rows


def _drop_nameless_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Drop the texts of rows that name no order: they are only counted, all in one place."""
    keys = batch.column("key")
    if not keys.null_count:
        return batch
    for name in ("order", "refunds"):
        index = batch.schema.get_field_index(name)
        texts = pa.compute.if_else(keys.is_valid(), batch.column(name), pa.scalar(None, pa.binary()))
        batch = batch.set_column(index, SORTED.field(name), texts)
    return batch


def _judge_rows(rows: DataFrame, settings: AuditSettings) -> DataFrame:
    """Judge rows of every kind; return findings and tallies."""
    config = msgspec.structs.replace(settings.config, folder=str(Path(settings.config.folder).absolute()))
    settings = attrs.evolve(settings, config=config)  # executors run in folders of their own
    return (
        rows.repartition("key")
        .sortWithinPartitions("key", "kind", sql.col("time").asc_nulls_last(), "row")
        .mapInArrow(partial(_judge_batches, settings), _to_ddl(_FINDINGS_AND_TALLY))
    )


def _judge_batches(settings: AuditSettings, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    kernel = Kernel(settings)
    nameless = 0

    def count_nameless() -> Iterator[pa.RecordBatch]:
        nonlocal nameless
        for batch in batches:
            nameless += batch.column("key").null_count
            yield batch

    with _pause_collector():
        for rows in group_by_order(count_nameless()):
            judge_rows(kernel, rows)
            if kernel.tally.requests >= _REQUESTS_AT_ONCE:
                yield from _take_findings(kernel, 0)
        yield from _take_findings(kernel, nameless)


@contextmanager
def _pause_collector() -> Iterator[None]:
    """Pause the garbage collector: models hold no cycles, and are many."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _take_findings(kernel: Kernel, nameless: int) -> Iterator[pa.RecordBatch]:
    batch, tally = kernel.take()
    gc.collect()
    tally.unplaced = nameless
    if batch.num_rows:
        yield add_places(batch).append_column("tally", pa.nulls(batch.num_rows, pa.binary())).cast(_FINDINGS_AND_TALLY)
    values = {"row": [-1], "tally": [msgspec.msgpack.encode(tally)]}
    columns = [pa.array(values.get(field.name, [None]), field.type) for field in _FINDINGS_AND_TALLY]
    yield pa.RecordBatch.from_arrays(columns, schema=_FINDINGS_AND_TALLY)


def _pack_findings(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pack all findings in order into few large values: Spark hands over values one by one."""
    tally = Tally()

    def drop_tallies() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            tallies = batch.column("tally")
            for encoded in tallies.drop_null().to_pylist():
                tally.add(_TALLY.decode(encoded))
            if tallies.null_count:
                yield batch.filter(tallies.is_null()).select(FINDINGS.names)

    for batch in even_batches(drop_tallies()):
        yield _make_values(None, _compress_batch(batch))
    yield _make_values(msgspec.msgpack.encode(tally), None)


def _make_values(tally: bytes | None, findings: bytes | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"tally": [tally], "findings": [findings]}, schema=_PACKED)


def _compress_batch(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    text: bytes = sink.getvalue().to_pybytes()
    return text


def _unpack_findings(packed: DataFrame, tally: Tally) -> Iterator[pa.RecordBatch]:
    for row in packed.toLocalIterator():
        if row["tally"] is not None:
            tally.add(_TALLY.decode(bytes(row["tally"])))
        else:
            with pa.ipc.open_stream(bytes(row["findings"])) as reader:
                yield from reader


def _to_ddl(schema: pa.Schema) -> str:
    """An Arrow schema in Spark's words."""
    return ", ".join(f"`{field.name}` {_TYPES[field.type]}" for field in schema)


_TRACE = "Traceback (most recent call last):\n"


def _explain_error(error: Exception) -> str:
    """Return the message for a failed job; of an unforeseen error only its kind: its words may quote data."""
    text = str(error.java_exception.toString()) if isinstance(error, Py4JJavaError) else str(error)
    _, separator, trace = text.rpartition(_TRACE)
    if not separator:
        return f"Spark gave up: {trace.partition(chr(10))[0]}"
    kind, _, words = next((line for line in trace.splitlines() if line[:1].strip()), "").partition(": ")
    if kind.rpartition(".")[2] in ("SourceError", "ConfigError", "RuleError"):
        return words
    if kind.endswith("ModuleNotFoundError"):
        return (
            f"Spark's workers lack a module: {words}; they need pip install 'refundkit[spark]' in the Python they run"
        )
    return f"Spark gave up: {kind} in a worker"
