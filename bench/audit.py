"""python -m bench.audit [--refunds 10000,100000,1000000] [--out FILE]: time and memory of audits of growing size.

Each history is generated and audited by the installed command in its own process with --memory 512MB, or what --memory
says ("" for the command's default), and the findings are compared with the planted ones. Writes JSON that `python -m
bench` can print.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from . import history

# Requests of an order, on average over the APIs.
REQUESTS_PER_ORDER = 2.2
_NAMES = ["row", "code", "pointer"]


class Meter:
    """Measures the peak memory of a process and its descendants: the sum of their proportional set sizes, in bytes."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.peak = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Meter:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        self.thread.join()

    def _run(self) -> None:
        while not self.done.wait(0.25):
            self.peak = max(self.peak, sum(map(_memory_of, list_processes(self.process))))


def list_processes(process: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    processes = [process]
    for descendant in processes:
        for task in Path(f"/proc/{descendant}/task").glob("*/children"):
            processes.extend(map(int, _read_text(task).split()))
    return processes


def _memory_of(process: int) -> int:
    lines = _read_text(Path(f"/proc/{process}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def _read_text(path: Path) -> str:
    """Read a file of /proc; "" if the process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


def measure_audit(refunds: int, seed: int, folder: Path, memory: str) -> dict[str, Any]:
    """Generate a history of about so many refunds, audit it, and return time, memory and correctness."""
    started = time.perf_counter()
    requests = history.write(round(refunds / REQUESTS_PER_ORDER), seed, folder)
    generated = time.perf_counter() - started
    patterns = ["--requests", str(folder / "requests" / "*.parquet"), "--orders", str(folder / "orders" / "*.parquet")]
    flags = ["--out", str(folder / "found.parquet"), "--isolated", *(["--memory", memory] if memory else [])]
    command = [sys.executable, "-m", "refundkit", "audit", *patterns, *flags]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running, Meter(running.pid) as meter:
        status = running.wait()
    seconds = time.perf_counter() - started
    used = os.times()
    return {
        "requests": requests,
        "seconds": round(seconds, 2),
        "a_second": round(requests / seconds),
        "processor_seconds_so_far": round(used.children_user + used.children_system, 1),
        "peak_megabytes": round(meter.peak / 1e6),
        "generated_in": round(generated, 1),
        "status": status,
        "exact": read_findings(folder / "found.parquet") == read_findings(folder / "planted.parquet"),
    }


def read_findings(file: Path) -> list[tuple[Any, ...]]:
    from pyarrow import parquet

    rows = parquet.read_table(file, columns=_NAMES).to_pylist()
    return sorted(tuple(row[name] for name in _NAMES) for row in rows)


def main(arguments: list[str]) -> int:
    """Measure every size. Returns 1 if an audit's findings differ from the planted ones."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("--refunds", default="10000,100000,1000000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", default="512MB")
    parser.add_argument("--out", type=Path, default=Path(".audit.json"))
    options = parser.parse_args(arguments)
    runs = []
    for refunds in map(int, options.refunds.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(measure_audit(refunds, options.seed, Path(folder), options.memory))
        print(json.dumps(runs[-1]), flush=True)
    report = {"engine": "duckdb", "memory": options.memory or "default", "cores": os.cpu_count(), "runs": runs}
    options.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return int(not all(run["exact"] for run in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
