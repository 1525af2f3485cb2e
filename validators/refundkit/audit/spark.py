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
from .kernel import Kernel, Settings, Tally
from .rows import PLACED, SORTED, by_order, evened, judge, of_earlier, of_orders, of_requests, placed
from .session import started

# What was looked at comes along with the findings, so that it counts once whatever is judged again.
_JUDGED = pa.schema([*(field.with_nullable(True) for field in PLACED), pa.field("tally", pa.binary())])
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
_TAKEN, _BATCH, _PIECE = 8192, 2048, 32 << 20


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an audit, each by its suffix; every worker finds them under the same path."""

    requests: list[str]
    orders: list[str] = []
    refunds: list[str] = []


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
    settings = Settings(
        config=Config() if config is None else config,
        statuses="status" in requests.columns,
        carried=orders_as_of == "before",
    )
    rows = _of_frame(requests, _REQUESTS)
    if orders is not None:
        rows = rows.unionAll(_of_frame(orders, _ORDERS))
    if refunds is not None:
        rows = rows.unionAll(_of_frame(refunds, _EARLIER))
    return _judged(rows, settings).where("tally is null").select(*FINDINGS.names)


_REQUESTS, _ORDERS, _EARLIER = "requests", "orders", "earlier refunds"
_COLUMNS = {_REQUESTS: files.HISTORY, _ORDERS: files.ORDERS, _EARLIER: files.EARLIER}
_ROWS: dict[str, Callable[[files.Chunk, Any], pa.RecordBatch]] = {
    _REQUESTS: of_requests,
    _ORDERS: of_orders,
    _EARLIER: of_earlier,
}


def _of_frame(frame: DataFrame, kind: str) -> DataFrame:
    columns = _COLUMNS[kind]
    for name in columns.required:
        if name not in frame.columns:
            raise SourceError(f"no column {name!r}; a DataFrame of {kind} has {', '.join(columns.required)}")
    present = [sql.col(name) for name in columns.names if name in frame.columns]
    number = sql.col("row").cast("bigint") if "row" in frame.columns else sql.monotonically_increasing_id()
    numbered = frame.select(number.alias("row"), *present)
    none = pa.RecordBatch.from_pylist([], schema=numbered.limit(0).toArrow().schema)
    list(_numbered(kind, [none]))  # says what is wrong with the types, before anything runs
    return numbered.mapInArrow(partial(_numbered, kind), _ddl(SORTED))


def _numbered(kind: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of a DataFrame with their numbers in the column `row`."""
    for batch in batches:
        numbers = batch.column("row").to_pylist()
        columns = {name: batch.column(name) for name in batch.schema.names if name != "row"}
        first = numbers[0] if numbers else 0
        yield _slim(_ROWS[kind](files.Chunk(f"the {kind}", first, len(numbers), columns), numbers))


# The command.


class _Piece(msgspec.Struct, frozen=True):
    """A part of a file that one task reads: the number of its first row, and of a Parquet file its row groups."""

    kind: str
    file: str
    first: int
    groups: tuple[int, ...] | None = None


def audit(sources: Sources, settings: Settings, master: str | None, out: Path) -> Tally:
    """Audit a history on a cluster and write its findings to `out`, by row and place, as the embedded engine does.

    Without a `master` it is that of Spark's own configuration. Raises SourceError for files that cannot be read,
    without Java, and where the cluster does not answer or gives up; nothing is written then, nor when interrupted.
    """
    with files.draft(out) as target, started(master) as session:
        return write(session, sources, settings, target, out.suffix.lower())


def write(session: SparkSession, sources: Sources, settings: Settings, target: Path, suffix: str) -> Tally:
    """As `audit`, in a session that is there, to a file of any name in the form that the suffix names."""
    tally = Tally()
    try:
        pieces = list(_pieces(session, sources))
        packed = _judged(_spread(session, pieces, _read, SORTED), settings)
        packed = packed.repartition(1).sortWithinPartitions("row", "place").mapInArrow(_pack, _ddl(_PACKED))
        files.write(target, suffix, _unpacked(packed, tally))
    except (PySparkException, Py4JError) as error:
        raise SourceError(_explained(error)) from error
    if not tally.requests:
        raise SourceError(f"{', '.join(sources.requests)}: no request at all")
    return tally


def _spread(
    session: SparkSession, pieces: list[_Piece], read: Callable[..., Iterator[pa.RecordBatch]], schema: pa.Schema
) -> DataFrame:
    """What `read` makes of each piece, each in a task of its own."""
    count = len(pieces)
    return session.range(0, count, 1, max(1, count)).mapInArrow(partial(read, pieces), _ddl(schema))


def _pieces(session: SparkSession, sources: Sources) -> Iterator[_Piece]:
    for kind, named in ((_ORDERS, sources.orders), (_EARLIER, sources.refunds)):
        for index, file in enumerate(named):
            # Later files have larger numbers: of an order that stands several times the last one counts.
            yield from _of_file(kind, file, index << 40)
    lengths = _lengths(session, sources.requests)
    first = 0
    for file in sources.requests:
        yield from _of_file(_REQUESTS, file, first)
        first += lengths.get(file, 0)


def _of_file(kind: str, named: str, first: int) -> Iterator[_Piece]:
    """The pieces of a file: of Parquet its row groups, so many together that they are worth a task."""
    file = str(Path(named).absolute())
    next(files.chunks(file, _COLUMNS[kind]), None)  # says what is wrong with the file as such
    if Path(file).suffix.lower() != files.PARQUET:
        yield _Piece(kind, file, first)
        return
    groups: list[int] = []
    size = rows = 0
    for index, (count, large) in enumerate(_row_groups(file)):
        groups.append(index)
        size, rows = size + large, rows + count
        if size >= _PIECE:
            yield _Piece(kind, file, first, tuple(groups))
            first, groups, size, rows = first + rows, [], 0, 0
    if groups:
        yield _Piece(kind, file, first, tuple(groups))


def _row_groups(file: str) -> list[tuple[int, int]]:
    """Rows and bytes of the row groups of a Parquet file."""
    from pyarrow import parquet

    told = parquet.read_metadata(file)
    groups = [told.row_group(index) for index in range(told.num_row_groups)]
    return [(one.num_rows, one.total_byte_size) for one in groups]


def _lengths(session: SparkSession, named: list[str]) -> dict[str, int]:
    """The rows of each file that another one follows; who knows them only after reading is asked of the cluster."""
    found, asked = {}, []
    for file in named[:-1]:
        if Path(file).suffix.lower() == files.PARQUET:
            found[file] = sum(rows for rows, _ in _row_groups(file))
        else:
            asked.append(file)
    if asked:
        pieces = [_Piece(_REQUESTS, str(Path(file).absolute()), 0) for file in asked]
        counted = _spread(session, pieces, _count, _COUNTED).collect()
        found.update((asked[one["index"]], one["rows"]) for one in counted)
    return found


_COUNTING = files.Columns(_REQUESTS, (), ("operation",))
_COUNTED = pa.schema([pa.field("index", pa.int64()), pa.field("rows", pa.int64())])


def _count(pieces: list[_Piece], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for index in batch.column("id").to_pylist():
            rows = sum(chunk.rows for chunk in files.chunks(pieces[index].file, _COUNTING))
            yield pa.RecordBatch.from_pydict({"index": [index], "rows": [rows]}, schema=_COUNTED)


def _read(pieces: list[_Piece], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for index in batch.column("id").to_pylist():
            piece = pieces[index]
            whole = piece.groups is None
            for chunk in files.chunks(piece.file, _COLUMNS[piece.kind]) if whole else _of_groups(piece):
                first = piece.first + chunk.first
                yield _slim(_ROWS[piece.kind](chunk, range(first, first + chunk.rows)))


def _of_groups(piece: _Piece) -> Iterator[files.Chunk]:
    """The rows of some row groups; their numbers begin at 0."""
    from pyarrow import parquet

    first = 0
    with parquet.ParquetFile(piece.file, buffer_size=1 << 20, pre_buffer=False) as opened:
        present = [name for name in _COLUMNS[piece.kind].names if name in opened.schema_arrow.names]
        for batch in opened.iter_batches(_BATCH, row_groups=piece.groups, columns=present):
            yield files.Chunk(piece.file, first, batch.num_rows, {name: batch.column(name) for name in present})
            first += batch.num_rows


def _slim(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows, those that name no order without their text: they are only counted, all of them in one place."""
    keys = batch.column("key")
    if not keys.null_count:
        return batch
    for name in ("order", "refunds"):
        index = batch.schema.get_field_index(name)
        texts = pa.compute.if_else(keys.is_valid(), batch.column(name), pa.scalar(None, pa.binary()))
        batch = batch.set_column(index, SORTED.field(name), texts)
    return batch


def _judged(rows: DataFrame, settings: Settings) -> DataFrame:
    """The findings in rows of every kind, and what was looked at."""
    here = msgspec.structs.replace(settings.config, folder=str(Path(settings.config.folder).absolute()))
    settings = msgspec.structs.replace(settings, config=here)  # executors run in folders of their own
    return (
        rows.repartition("key")
        .sortWithinPartitions("key", "kind", sql.col("time").asc_nulls_last(), "row")
        .mapInArrow(partial(_judge, settings), _ddl(_JUDGED))
    )


def _judge(settings: Settings, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    kernel = Kernel(settings)
    nameless = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal nameless
        for batch in batches:
            nameless += batch.column("key").null_count
            yield batch

    with _uncollected():
        for rows in by_order(counted()):
            judge(kernel, rows)
            if kernel.tally.requests >= _TAKEN:
                yield from _taken(kernel, 0)
        yield from _taken(kernel, nameless)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles all the time: models hold none, and are many."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _taken(kernel: Kernel, nameless: int) -> Iterator[pa.RecordBatch]:
    found, tally = kernel.taken()
    gc.collect()
    tally.unplaced = nameless
    if found.num_rows:
        yield placed(found).append_column("tally", pa.nulls(found.num_rows, pa.binary())).cast(_JUDGED)
    told = {"row": [-1], "tally": [msgspec.msgpack.encode(tally)]}
    columns = [pa.array(told.get(field.name, [None]), field.type) for field in _JUDGED]
    yield pa.RecordBatch.from_arrays(columns, schema=_JUDGED)


def _pack(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """All findings in order, in few large values: Spark hands over values one by one."""
    tally = Tally()

    def without() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            told = batch.column("tally")
            for one in told.drop_null().to_pylist():
                _add(tally, one)
            if told.null_count:
                yield batch.filter(told.is_null()).select(FINDINGS.names)

    for batch in evened(without()):
        yield _values(None, _message(batch))
    yield _values(msgspec.msgpack.encode(tally), None)


def _add(tally: Tally, told: bytes) -> None:
    own = _TALLY.decode(told)
    tally.add(own)
    tally.unplaced += own.unplaced


def _values(tally: bytes | None, findings: bytes | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"tally": [tally], "findings": [findings]}, schema=_PACKED)


def _message(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    text: bytes = sink.getvalue().to_pybytes()
    return text


def _unpacked(packed: DataFrame, tally: Tally) -> Iterator[pa.RecordBatch]:
    for row in packed.toLocalIterator():
        if row["tally"] is not None:
            _add(tally, bytes(row["tally"]))
        else:
            with pa.ipc.open_stream(bytes(row["findings"])) as reader:
                yield from reader


def _ddl(schema: pa.Schema) -> str:
    """An Arrow schema in Spark's words."""
    return ", ".join(f"`{field.name}` {_TYPES[field.type]}" for field in schema)


_TRACE = "Traceback (most recent call last):\n"


def _explained(error: Exception) -> str:
    """What to tell of a failed job; of a Python error that nobody foresaw its kind alone: its words may quote data."""
    text = str(error.java_exception.toString()) if isinstance(error, Py4JJavaError) else str(error)
    _, found, trace = text.rpartition(_TRACE)
    if not found:
        return f"Spark gave up: {trace.partition(chr(10))[0]}"
    kind, _, words = next((line for line in trace.splitlines() if line[:1].strip()), "").partition(": ")
    if kind.rpartition(".")[2] in ("SourceError", "ConfigError", "RuleError"):
        return words
    if kind.endswith("ModuleNotFoundError"):
        return (
            f"Spark's workers lack a module: {words}; they need pip install 'refundkit[spark]' in the Python they run"
        )
    return f"Spark gave up: {kind} in a worker"
