"""Orders, earlier refunds and requests as rows of one form, which an engine brings together by order and judges.

Sorted by order, kind, time and row, each order stands once before its requests: a join that never repeats its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from ..order_key import OrderKey, key_of_order, key_of_refunds
from . import files
from .columns import FINDINGS, REQUESTS
from .kernel import Kernel, Row, key_of_parts, key_of_row, read_rows

_ORDER, _EARLIER, _REQUEST = 0, 1, 2
# Rows of a piece of the findings file.
_GROUP = 1 << 14
SORTED = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("kind", pa.int8()),
        *(pa.field(one.name, pa.int64() if one.name == "time" else one.type) for one in REQUESTS),
    ]
)
"""REQUESTS with the order that they are of and their kind; `time` in microseconds since 1970. A row of an order or of
earlier refunds holds these and its own number; its `key` is null where it names no order of an API."""

PLACED = FINDINGS.append(pa.field("place", pa.int32()))
"""FINDINGS with the number of each among those of its request."""


def rows_of_orders(chunk: files.Chunk, numbers: Any) -> pa.RecordBatch:
    """Make rows of a chunk of orders. Raises SourceError for a column of another type."""
    texts = files.read_texts(chunk, "order")
    rows = zip(texts.to_pylist(), _read_words(chunk, "api"), _read_words(chunk, "order_id"), strict=True)
    keys = [None if text is None else key_of_order(text, api, order_id) for text, api, order_id in rows]
    return _make_context_rows(chunk, numbers, keys, _ORDER, "order", texts)


def rows_of_earlier(chunk: files.Chunk, numbers: Any) -> pa.RecordBatch:
    """Make rows of a chunk of earlier refunds. Raises SourceError for a column of another type."""
    texts = files.read_texts(chunk, "refunds")
    rows = zip(texts.to_pylist(), _read_words(chunk, "api"), _read_words(chunk, "order_id"), strict=True)
    keys = [None if text is None else key_of_refunds(text, api, order_id) for text, api, order_id in rows]
    return _make_context_rows(chunk, numbers, keys, _EARLIER, "refunds", texts)


def rows_of_requests(chunk: files.Chunk, numbers: Any) -> pa.RecordBatch:
    """Make rows of a chunk of requests. Raises SourceError for a wrong type of a column, a wrong time or status."""
    columns: dict[str, Any] = {name: files.read_texts(chunk, name) for name in files.HISTORY.names[2:-1]}
    columns["operation"] = files.read_texts(chunk, "operation")
    columns["time"], columns["status"] = files.read_times(chunk), files.read_statuses(chunk)
    columns["row"] = numbers
    parts = zip(*(columns[name].to_pylist() for name in ("operation", "path", "body")), strict=True)
    keys = [key_of_parts(_decode_word(operation), path, body) for operation, path, body in parts]
    columns["key"] = [f"?{row}" if key is None else key.text for row, key in zip(numbers, keys, strict=True)]
    return _make_batch(chunk.rows, _REQUEST, columns)


def _make_context_rows(
    chunk: files.Chunk, numbers: Any, keys: list[OrderKey | None], kind: int, name: str, texts: pa.Array
) -> pa.RecordBatch:
    columns = {"key": [None if one is None else one.text for one in keys], name: texts, "row": numbers}
    return _make_batch(chunk.rows, kind, columns)


def _read_words(chunk: files.Chunk, name: str) -> list[str | None]:
    return [_decode_word(value) for value in files.read_texts(chunk, name).to_pylist()]


def _decode_word(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def _make_batch(rows: int, kind: int, values: dict[str, Any]) -> pa.RecordBatch:
    """Rows of one kind on their way into the sort; what is not given is null."""
    values["kind"] = pa.repeat(pa.scalar(kind, pa.int8()), rows)
    columns = [
        pa.nulls(rows, field.type)
        if field.name not in values
        else values[field.name]
        if isinstance(values[field.name], pa.Array)
        else pa.array(values[field.name], field.type)
        for field in SORTED
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SORTED)


Rows = list[tuple[int, Row]]


def group_by_order(batches: Iterable[pa.RecordBatch]) -> Iterator[Rows]:
    """Group sorted rows by order, as pairs of kind and row; a group may be empty."""
    current: Rows = []
    key = None
    for batch in batches:
        kinds, keys = batch.column("kind").to_pylist(), batch.column("key").to_pylist()
        for kind, row_key, row in zip(kinds, keys, read_rows(batch), strict=True):
            if row_key != key:
                yield current
                current, key = [], row_key
            current.append((kind, row))
    yield current


def judge_rows(kernel: Kernel, rows: Rows) -> None:
    """Judge the requests among the rows of one order; the kernel keeps what it finds."""
    first = next((row for kind, row in rows if kind == _REQUEST), None)
    if first is not None:
        kernel.judge_order(key_of_row(first), list(_fill_context(rows)))


def _fill_context(rows: Rows) -> Iterator[Row]:
    """Yield the requests of an order, each with the order and earlier refunds unless it brings its own.

    Of an order that stands several times in its file the last one counts.
    """
    order = refunds = None
    for kind, row in rows:
        if kind == _ORDER:
            order = row.order
        elif kind == _EARLIER:
            refunds = row.refunds
        else:
            row.order = order if row.order is None else row.order
            row.refunds = refunds if row.refunds is None else row.refunds
            yield row


def add_places(batch: pa.RecordBatch) -> pa.RecordBatch:
    """FINDINGS, the findings of a request together, as PLACED."""
    places: list[int] = []
    before = None
    for row in batch.column("row").to_pylist():
        places.append(places[-1] + 1 if row == before else 0)
        before = row
    return batch.append_column("place", pa.array(places, pa.int32()))


def even_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Sorted findings in batches of one size, so that the same findings make the same file."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch.cast(FINDINGS))
        table = pa.Table.from_batches(waiting)
        while table.num_rows >= _GROUP:
            yield from table.slice(0, _GROUP).combine_chunks().to_batches()
            table = table.slice(_GROUP)
        waiting = table.to_batches()
    if waiting:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
