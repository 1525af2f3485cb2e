"""Files of requests, orders and earlier refunds -> Arrow record batches; findings -> a file. By suffix."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from ..errors import JournalError, SourceError
from ..journal.entry import COUNTING, Entry
from ..journal.store import without_password
from ..lint.paths import LINES, expand_paths
from ..reading.keys import UNREADABLE
from ..text import without_bom
from .columns import FINDINGS, REQUESTS

PARQUET, CSV = ".parquet", ".csv"
JOURNALS = (".sqlite", ".sqlite3", ".db")
SUFFIXES = (PARQUET, *sorted(LINES), CSV)
_BATCH = 2048
_BLOCK = 8 << 20
_LINE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_SECOND = 1_000_000
# What stands in the column `order` of a line: a text, or an order in its wrapper. Other objects are in theirs.
_IN_COLUMN = re.compile(rb'"|\{\s*"order"\s*:')


class Columns(msgspec.Struct, frozen=True):
    """The columns that a kind of file must have, and those that it may have."""

    kind: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


HISTORY = Columns("requests", ("operation", "time"), ("path", "query", "headers", "body", "order", "refunds", "status"))
ORDERS = Columns("orders", ("order",), ("order_id", "api"))
EARLIER = Columns("earlier refunds", ("api", "order_id", "refunds"))


class Chunk(msgspec.Struct, frozen=True):
    """Some rows of a file: its columns that are there, and the number of the first row in the file, 0-based."""

    file: str
    first: int
    rows: int
    columns: dict[str, pa.Array]

    def where(self, index: int) -> str:
        """Return the file and row for a message, 1-based."""
        return f"{self.file}: row {self.first + index + 1}"


def expand_files(patterns: list[str]) -> list[str]:
    """Expand paths and patterns into files. Raises SourceError for none and for an unknown suffix."""
    return _require_suffixes(expand_paths(patterns), SUFFIXES)


def expand_requests(patterns: list[str]) -> list[str]:
    """Expand paths and patterns into files as `expand_files` does; they, and addresses, may be journals."""
    addresses = [pattern for pattern in patterns if "://" in pattern]
    paths = [pattern for pattern in patterns if pattern not in addresses]
    return [*_require_suffixes(expand_paths(paths), (*SUFFIXES, *JOURNALS)), *addresses]


def _require_suffixes(files: list[str], suffixes: tuple[str, ...]) -> list[str]:
    for file in files:
        if Path(file).suffix.lower() not in suffixes:
            raise SourceError(f"{file}: the suffix is none of {', '.join(suffixes)}")
    return files


def is_journal(file: str) -> bool:
    """True for the name of a journal of sent refunds: its rows are requests."""
    return "://" in file or Path(file).suffix.lower() in JOURNALS


def show_names(files: Iterable[str]) -> str:
    """Return the names of files and journals for a message, without passwords."""
    return ", ".join(without_password(file) if "://" in file else file for file in files)


def has_column(file: str, name: str) -> bool:
    """Whether a file has a column; of JSON Lines, whether one of its first lines has it. Raises SourceError."""
    first = next(read_chunks(file, Columns("", (), (name,))), None)
    return first is not None and name in first.columns


def read_chunks(file: str, columns: Columns) -> Iterator[Chunk]:
    """Read the rows of a file in order, in chunks. Raises SourceError where it cannot be read or lacks a column."""
    suffix = Path(file).suffix.lower()
    reader = {PARQUET: _read_parquet, CSV: _read_csv}.get(suffix, _read_json_lines)
    if is_journal(file):
        reader = _read_journal
    first = 0
    try:
        for rows, arrays in reader(file, columns):
            yield Chunk(show_names([file]), first, rows, arrays)
            first += rows
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror or error}") from error
    except pa.ArrowException as error:
        raise SourceError(f"{file}: cannot be read as {suffix[1:]}: {str(error).partition(chr(10))[0]}") from error


def _read_parquet(file: str, columns: Columns) -> Iterator[tuple[int, dict[str, pa.Array]]]:
    from pyarrow import parquet

    with parquet.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False) as opened:
        present = _find_columns(file, columns, opened.schema_arrow.names)
        for batch in opened.iter_batches(_BATCH, columns=list(present)):
            yield batch.num_rows, {name: batch.column(name) for name in present}


def _read_csv(file: str, columns: Columns) -> Iterator[tuple[int, dict[str, pa.Array]]]:
    from pyarrow import csv

    convert = csv.ConvertOptions(
        check_utf8=False,
        column_types=dict.fromkeys(columns.names, pa.binary()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    parse = csv.ParseOptions(newlines_in_values=True)
    reading = csv.ReadOptions(block_size=_BLOCK, use_threads=False)
    with csv.open_csv(file, read_options=reading, parse_options=parse, convert_options=convert) as opened:
        present = _find_columns(file, columns, opened.schema.names)
        for block in opened:
            for start in range(0, block.num_rows, _BATCH):
                batch = block.slice(start, _BATCH)
                yield batch.num_rows, {name: batch.column(name) for name in present}


def _find_columns(file: str, columns: Columns, names: list[str]) -> tuple[str, ...]:
    for name in columns.required:
        if name not in names:
            required = ", ".join(columns.required)
            raise SourceError(f"{file}: no column {name!r}; a file of {columns.kind} has {required}")
    return tuple(name for name in columns.names if name in names)


def _read_json_lines(file: str, columns: Columns) -> Iterator[tuple[int, dict[str, pa.Array]]]:
    rows: list[dict[str, Any]] = []
    with Path(file).open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                rows.append(_read_line(file, number, line, columns))
            if len(rows) == _BATCH:
                yield len(rows), _make_arrays(rows, columns)
                rows = []
    if rows:
        yield len(rows), _make_arrays(rows, columns)


def _read_journal(file: str, columns: Columns) -> Iterator[tuple[int, dict[str, pa.Array]]]:
    """Read the refunds of a journal that left, as requests without headers; those that were made have a status 2xx."""
    from .. import journal

    try:
        with journal.open_existing(file) as opened:
            rows: list[dict[str, Any]] = []
            for entry in opened.entries():
                if entry.left_at is not None:
                    rows.append(_read_entry(entry))
                if len(rows) == _BATCH:
                    yield len(rows), _make_arrays(rows, columns)
                    rows = []
            if rows:
                yield len(rows), _make_arrays(rows, columns)
    except JournalError as error:
        raise SourceError(str(error)) from error


def _read_entry(entry: Entry) -> dict[str, bytes | None]:
    is_success = entry.status is not None and 200 <= entry.status < 300
    counts = entry.state in COUNTING
    status = entry.status if is_success == counts else 200 if counts else 0
    return {
        "operation": entry.operation.encode(),
        "time": datetime.fromtimestamp(entry.left_at or 0.0, UTC).isoformat().encode(),
        "path": msgspec.json.encode(entry.path),
        "query": msgspec.json.encode(entry.query),
        "body": entry.body.encode() or None,
        "status": str(status or 0).encode(),
    }


def _read_line(file: str, number: int, line: bytes, columns: Columns) -> dict[str, Any]:
    """One line by column: a text as it is, everything else as its JSON; a text that holds JSON is that JSON."""
    try:
        members = _LINE.decode(without_bom(line))
    except UNREADABLE as error:
        raise SourceError(f"{file}:{number}: no JSON object: {error}") from None
    if columns is ORDERS and not (
        members.keys() & {"order_id", "api"} or _IN_COLUMN.match(bytes(members.get("order", b"")))
    ):
        return {"order": line.strip()}
    for name in columns.required:
        if name not in members:
            raise SourceError(
                f"{file}:{number}: no {name!r}; a line of {columns.kind} has {', '.join(columns.required)}"
            )
    return {name: _read_member(bytes(members[name])) for name in columns.names if name in members}


def _read_member(raw: bytes) -> bytes | None:
    if raw == b"null":
        return None
    try:
        return _TEXT.decode(raw).encode() if raw.startswith(b'"') else raw
    except UNREADABLE:
        return raw


def _make_arrays(rows: list[dict[str, Any]], columns: Columns) -> dict[str, pa.Array]:
    present = {name for row in rows for name in row}
    return {name: pa.array([row.get(name) for row in rows], pa.binary()) for name in columns.names if name in present}


def read_texts(chunk: Chunk, name: str) -> pa.Array:
    """Read a column as bytes, nulls where the file lacks it. Raises SourceError for a column of another type."""
    column = chunk.columns.get(name)
    if column is None:
        return pa.nulls(chunk.rows, pa.binary())
    column = _decode_dictionary(column)
    kind = column.type
    if _is_text(kind):
        return column.cast(pa.binary())
    if name in ("order_id", "status") and pa.types.is_integer(kind):
        return column.cast(pa.string()).cast(pa.binary())
    raise SourceError(f"{chunk.file}: the column {name!r} is {kind}, not text; write its JSON as text")


def read_times(chunk: Chunk) -> pa.Array:
    """Read the column `time` as microseconds since 1970, from timestamps or ISO 8601 text; without a zone it is UTC."""
    column = _decode_dictionary(chunk.columns["time"])
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    if not _is_text(column.type):
        raise SourceError(f"{chunk.file}: the column 'time' is {column.type}, neither a timestamp nor ISO 8601 text")
    moments = [_parse_time(chunk, index, text) for index, text in enumerate(read_texts(chunk, "time").to_pylist())]
    return pa.array(moments, pa.int64())


def _decode_dictionary(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_null(kind) or kind in _TEXTS


_TEXTS = (pa.binary(), pa.string(), pa.large_binary(), pa.large_string(), pa.binary_view(), pa.string_view())


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _parse_time(chunk: Chunk, index: int, value: bytes | None) -> int | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.decode())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        since = moment - _EPOCH
    except (ValueError, OverflowError):
        shown = value[:40].decode("utf-8", "replace")
        raise SourceError(f"{chunk.where(index)}: the time {shown!r} is no ISO 8601 date-time") from None
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds


def read_statuses(chunk: Chunk) -> pa.Array:
    """Read the column `status` as numbers."""
    column = chunk.columns.get("status")
    if column is None:
        return pa.nulls(chunk.rows, pa.int32())
    try:
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            return column.cast(pa.int32())
        return read_texts(chunk, "status").cast(pa.string()).cast(pa.int32())
    except pa.ArrowInvalid:
        raise SourceError(f"{chunk.file}: the column 'status' holds something else than HTTP statuses") from None


def read_request_columns(chunk: Chunk) -> dict[str, pa.Array]:
    """Read the columns of a chunk in the types of REQUESTS, the time as a number, without `row`."""
    columns = {
        name: read_texts(chunk, name) for name in ("operation", "path", "query", "headers", "body", "order", "refunds")
    }
    return {**columns, "time": read_times(chunk), "status": read_statuses(chunk)}


def to_requests(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Convert a batch to REQUESTS; it may have text for bytes, ISO 8601 for times, and lack optional columns.

    Raises SourceError for a column that is missing or of another type.
    """
    if batch.schema.equals(REQUESTS):
        return batch
    present = _find_columns(
        "requests", Columns("requests", ("row", *HISTORY.required), HISTORY.optional), batch.schema.names
    )
    chunk = Chunk("requests", 0, batch.num_rows, {name: batch.column(name) for name in present})
    columns = {**read_request_columns(chunk), "row": batch.column("row").cast(pa.int64())}
    return pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in REQUESTS], schema=REQUESTS)


# Findings out.


@contextmanager
def open_draft(file: Path) -> Iterator[Path]:
    """Open a new file beside the target; it replaces the target at the end, or is removed after an error."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise SourceError(f"{file}: cannot be written: {error.strerror}") from error
    os.close(handle)
    path = Path(name)
    try:
        yield path
        path.chmod(0o644)
        path.replace(file)
    finally:
        path.unlink(missing_ok=True)


def write_findings(path: Path, suffix: str, batches: Iterable[pa.RecordBatch]) -> None:
    """Write findings in the form that the suffix names. Raises SourceError."""
    _WRITERS.get(suffix, _write_lines)(path, batches)


def _write_parquet(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(path, FINDINGS, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def _write_csv(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    from pyarrow import csv

    schema = pa.schema([pa.field("time", pa.string()) if field.name == "time" else field for field in FINDINGS])
    with csv.CSVWriter(path, schema) as writer:
        for batch in batches:
            times = pa.array([_format_time(field) for field in _read_microseconds(batch)], pa.string())
            columns = [_defuse(column) for column in batch.set_column(1, schema.field("time"), times).columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _defuse(column: pa.Array) -> pa.Array:
    """Put an apostrophe before each text that a spreadsheet would take for a formula; numbers are none."""
    if not pa.types.is_string(column.type):
        return column
    compute = pa.compute
    begins_formula = compute.match_substring_regex(column, r"^[=+\-@\t\r]")
    is_number = compute.match_substring_regex(column, r"^[+-]?[0-9]+(\.[0-9]+)?$")
    is_formula = compute.and_not(begins_formula, is_number)
    return compute.if_else(is_formula, compute.binary_join_element_wise("'", column, ""), column)


def _write_lines(path: Path, batches: Iterable[pa.RecordBatch]) -> None:
    with path.open("wb") as stream:
        for batch in batches:
            moments = [_format_time(one) for one in _read_microseconds(batch)]
            columns = [moments if name == "time" else batch.column(name).to_pylist() for name in batch.schema.names]
            for values in zip(*columns, strict=True):
                row = dict(zip(batch.schema.names, values, strict=True))
                stream.write(msgspec.json.encode(row) + b"\n")


_WRITERS: dict[str, Callable[[Path, Iterable[pa.RecordBatch]], None]] = {PARQUET: _write_parquet, CSV: _write_csv}


def _read_microseconds(batch: pa.RecordBatch) -> list[int | None]:
    moments: list[int | None] = batch.column("time").cast(pa.int64()).to_pylist()
    return moments


def _format_time(moment: int | None) -> str | None:
    if moment is None:
        return None
    seconds, fraction = divmod(moment, _SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:06}Z"
