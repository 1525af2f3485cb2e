"""What a worker process does: messages of sorted rows in, findings out. It never sees DuckDB."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterable, Iterator

import pyarrow as pa

from .columns import FINDINGS, REQUESTS
from .kernel import Kernel, Request, Settings, Tally, requests
from .orders import of_request

ORDER, EARLIER, REQUEST = 0, 1, 2
"""The kinds of rows, in the order in which they come within one order of a shop."""

SORTED = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("kind", pa.int8()),
        *(pa.field(one.name, pa.int64() if one.name == "time" else one.type) for one in REQUESTS),
    ]
)
"""The rows of a message: REQUESTS with the key of the order; an order or its earlier refunds is a row before them."""

PLACED = FINDINGS.append(pa.field("place", pa.int32()))
"""The findings of a message, each with its number among those of its request."""


def message(batches: list[pa.RecordBatch]) -> bytes:
    """Batches of one schema as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    text: bytes = sink.getvalue().to_pybytes()
    return text


_KERNEL: list[Kernel] = []


def begin(settings: Settings) -> None:
    """Make a worker ready. An interrupt is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # models hold no cycles, and are many; what does hold some goes after every task
    _KERNEL[:] = [Kernel(settings)]


def work(task: bytes) -> tuple[bytes, Tally]:
    """Judge the orders of one message."""
    kernel = _KERNEL[0]
    with pa.ipc.open_stream(task) as reader:
        for rows in _by_order(reader):
            first = next((one for kind, one in rows if kind == REQUEST), None)
            if first is not None:
                kernel.history(of_request(first.operation, first.path, first.body), list(_filled(rows)))
    found, tally = kernel.taken()
    gc.collect()
    gc.freeze()
    return message([found.append_column("place", _places(found))]), tally


Rows = list[tuple[int, Request]]


def _by_order(reader: Iterable[pa.RecordBatch]) -> Iterator[Rows]:
    """The rows of each order."""
    current: Rows = []
    key = None
    for batch in reader:
        kinds, keys = batch.column("kind").to_pylist(), batch.column("key").to_pylist()
        for kind, own, one in zip(kinds, keys, requests(batch), strict=True):
            if own != key:
                yield current
                current, key = [], own
            current.append((kind, one))
    yield current


def _filled(rows: Rows) -> Iterator[Request]:
    """The requests of an order, each with the order and the earlier refunds where it brings none of its own.

    Of an order that stands several times in its file the last one counts.
    """
    order = refunds = None
    for kind, one in rows:
        if kind == ORDER:
            order = one.order
        elif kind == EARLIER:
            refunds = one.refunds
        else:
            one.order = order if one.order is None else one.order
            one.refunds = refunds if one.refunds is None else one.refunds
            yield one


def _places(found: pa.RecordBatch) -> pa.Array:
    """The number of each finding among those of its request."""
    places: list[int] = []
    before = None
    for row in found.column("row").to_pylist():
        places.append(places[-1] + 1 if row == before else 0)
        before = row
    return pa.array(places, pa.int32())
