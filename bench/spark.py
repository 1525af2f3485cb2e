"""python -m bench.spark [--refunds 100000] [--workers 1,2] [--out FILE]: time and memory of the audit on Spark.

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
from .audit import REQUESTS_PER_ORDER, Meter, list_processes, read_findings

_SPARK_CLASS = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
_WARM_UP_ORDERS = 2_000  # orders
_DEPLOY = "org.apache.spark.deploy"
_MEMORY = "2g"


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """Start a master on loopback with so many workers of one core; yield its URL and the workers' process ids."""
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder / "local")}
    running: list[subprocess.Popen[str]] = []

    def start(name: str, ready_text: str, *flags: str) -> str:
        command = [
            _SPARK_CLASS,
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
            if ready_text in line:
                return line.split()[-1]
        raise SystemExit(f"{name} did not start")

    try:
        master = start("Master", "Starting Spark master at")
        for number in range(workers):
            flags = ("--cores", "1", "--memory", _MEMORY, "--work-dir", str(folder / f"work{number}"))
            start("Worker", "Successfully registered", *flags, master)
        yield master, [process.pid for process in running[1:]]
    finally:
        for process in reversed(running):
            for process_id in list_processes(process.pid):
                os.kill(process_id, signal.SIGKILL)
            process.wait()
            (process.stderr or sys.stdin).close()


def _sources(folder: Path) -> AuditFiles:
    requests, orders = (sorted(map(str, (folder / name).glob("*.parquet"))) for name in ("requests", "orders"))
    return AuditFiles(requests=requests, orders=orders)


def measure_audit(workers: int, large: Path, small: Path) -> dict[str, Any]:
    """Audit the large history on so many workers, and return time, memory and correctness."""
    with tempfile.TemporaryDirectory() as folder, cluster(workers, Path(folder)) as (master, processes):
        findings = Path(folder, "found.parquet")
        with session.start_session(master) as spark_session:
            settings = AuditSettings(statuses=True)
            spark.write_audit(spark_session, _sources(small), settings, findings, ".parquet")
            with Meter(os.getpid()) as meter:
                begun = time.perf_counter()
                tally = spark.write_audit(spark_session, _sources(large), settings, findings, ".parquet")
                seconds = time.perf_counter() - begun
        return {
            "workers": len(processes),
            "requests": tally.requests,
            "seconds": round(seconds, 2),
            "a_second": round(tally.requests / seconds),
            "peak_megabytes": round(meter.peak / 1e6),
            "exact": read_findings(findings) == read_findings(large / "planted.parquet"),
        }


def main(arguments: list[str]) -> int:
    """Measure every size on every number of workers. Returns 1 if findings differ from the planted ones."""
    parser = argparse.ArgumentParser(prog="python -m bench.spark", description=__doc__)
    parser.add_argument("--refunds", default="100000")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(".audit.spark.json"))
    options = parser.parse_args(arguments)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small")
        history.write(_WARM_UP_ORDERS, options.seed, small)
        for refunds in map(int, options.refunds.split(",")):
            large = Path(folder, str(refunds))
            history.write(round(refunds / REQUESTS_PER_ORDER), options.seed, large)
            for workers in map(int, options.workers.split(",")):
                runs.append(measure_audit(workers, large, small))
                print(json.dumps(runs[-1]), flush=True)
    report = {"engine": "spark", "memory": _MEMORY, "cores": os.cpu_count(), "runs": runs}
    options.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return int(not all(run["exact"] for run in runs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
