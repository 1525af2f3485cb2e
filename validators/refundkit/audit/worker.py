"""What a worker process does: messages of sorted rows in, findings out. It never sees DuckDB."""

from __future__ import annotations

import gc
import signal

import pyarrow as pa

from .kernel import Kernel, Tally
from .rows import add_places, group_by_order, judge_rows
from .settings import AuditSettings

_KERNEL: list[Kernel] = []


def start_worker(settings: AuditSettings) -> None:
    """Make a worker ready. An interrupt is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # models hold no cycles, and are many; what does hold some goes after every task
    _KERNEL[:] = [Kernel(settings)]


def judge_task(task: bytes) -> tuple[bytes, Tally]:
    """Judge the orders of one message of sorted rows."""
    kernel = _KERNEL[0]
    with pa.ipc.open_stream(task) as reader:
        for rows in group_by_order(reader):
            judge_rows(kernel, rows)
    batch, tally = kernel.take()
    gc.collect()
    gc.freeze()
    return encode_batches([add_places(batch)]), tally


def encode_batches(batches: list[pa.RecordBatch]) -> bytes:
    """Encode batches of one schema as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    text: bytes = sink.getvalue().to_pybytes()
    return text
