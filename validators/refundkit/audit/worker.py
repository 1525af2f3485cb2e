"""What a worker process does: messages of sorted rows in, findings out. It never sees DuckDB."""

from __future__ import annotations

import gc
import signal

import pyarrow as pa

from .kernel import Kernel, Settings, Tally
from .rows import by_order, judge, placed

_KERNEL: list[Kernel] = []


def begin(settings: Settings) -> None:
    """Make a worker ready. An interrupt is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # models hold no cycles, and are many; what does hold some goes after every task
    _KERNEL[:] = [Kernel(settings)]


def work(task: bytes) -> tuple[bytes, Tally]:
    """Judge the orders of one message of sorted rows."""
    kernel = _KERNEL[0]
    with pa.ipc.open_stream(task) as reader:
        for rows in by_order(reader):
            judge(kernel, rows)
    found, tally = kernel.taken()
    gc.collect()
    gc.freeze()
    return message([placed(found)]), tally


def message(batches: list[pa.RecordBatch]) -> bytes:
    """Batches of one schema as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    text: bytes = sink.getvalue().to_pybytes()
    return text
