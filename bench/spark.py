"""python -m bench.spark [--refunds 100000] [--workers 1,2] [--out FILE]: the audit on Spark, by workers of one core.

A standalone master and its workers run on this machine; a session is started and warmed up on a small history before
anything is measured, so that seconds are those of the audit alone. Writes JSON as bench.audit does.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyspark
from refundkit.audit import session, spark
from refundkit.audit.settings import AuditFiles, AuditSettings

from . import history
from .audit import _EACH, Meter, _family, _found

_CLASS = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
_WARM = 2_000  # orders
_DEPLOY = "org.apache.spark.deploy"
_MEMORY = "2g"


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The URL of a master on loopback with so many workers of one core, and the processes of these."""
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder / "local")}
    running: list[subprocess.Popen[str]] = []

    def start(name: str, said: str, *flags: str) -> str:
        command = [
            _CLASS,
            f"{_DEPLOY}.{name.lower()}.{name}",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--webui-port",
            "0",
        ]
        running.append(
            subprocess.Popen(
                [*command, *flags], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
        )
        for line in running[-1].stderr or ():
            if said in line:
                return line.split()[-1]
        raise SystemExit(f"{name} did not start")

    try:
        master = start("Master", "Starting Spark master at")
        for number in range(workers):
            flags = ("--cores", "1", "--memory", _MEMORY, "--work-dir", str(folder / f"work{number}"))
            start("Worker", "Successfully registered", *flags, master)
        yield master, [one.pid for one in running[1:]]
    finally:
        for process in reversed(running):
            for one in _family(process.pid):
                os.kill(one, signal.SIGKILL)
            process.wait()
            (process.stderr or sys.stdin).close()


def _sources(folder: Path) -> AuditFiles:
    requests, orders = (sorted(map(str, (folder / name).glob("*.parquet"))) for name in ("requests", "orders"))
    return AuditFiles(requests=requests, orders=orders)


def measured(workers: int, large: Path, small: Path) -> dict[str, Any]:
    """Audit the large history on so many workers, and say what it cost."""
    with tempfile.TemporaryDirectory() as folder, cluster(workers, Path(folder)) as (master, processes):
        found = Path(folder, "found.parquet")
        with session.start_session(master) as own:
            spark.write_audit(own, _sources(small), AuditSettings(statuses=True), found, ".parquet")
            with Meter(os.getpid()) as meter:
                begun = time.perf_counter()
                tally = spark.write_audit(own, _sources(large), AuditSettings(statuses=True), found, ".parquet")
                seconds = time.perf_counter() - begun
        return {
            "workers": len(processes),
            "requests": tally.requests,
            "seconds": round(seconds, 2),
            "a_second": round(tally.requests / seconds),
            "peak_megabytes": round(meter.peak / 1e6),
            "exact": _found(found) == _found(large / "planted.parquet"),
        }


def main(arguments: list[str]) -> int:
    """Measure every size on every number of workers. Returns 1 where anything but what is planted was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.spark", description=__doc__)
    parser.add_argument("--refunds", default="100000")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(".audit.spark.json"))
    options = parser.parse_args(arguments)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small")
        history.write(_WARM, options.seed, small)
        for refunds in map(int, options.refunds.split(",")):
            large = Path(folder, str(refunds))
            history.write(round(refunds / _EACH), options.seed, large)
            for workers in map(int, options.workers.split(",")):
                runs.append(measured(workers, large, small))
                print(json.dumps(runs[-1]), flush=True)
    report = {"engine": "spark", "memory": _MEMORY, "cores": os.cpu_count(), "runs": runs}
    options.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return int(not all(one["exact"] for one in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
