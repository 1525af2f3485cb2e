"""The audit on Spark: the findings of the embedded engine to the byte, also when a worker is killed in the middle."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import util
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import processes
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pytest
from pyspark.sql import SparkSession
from refundkit.audit import session, spark
from refundkit.audit.columns import FINDINGS
from refundkit.audit.settings import AuditFiles, AuditSettings, Resources
from refundkit.cli import main
from refundkit.errors import SourceError
from test_audit import _plain, _random_history

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # bench is no installed package

from bench import history  # noqa: E402

pytestmark = [pytest.mark.audit, pytest.mark.spark]

PS = shutil.which("ps") or "/bin/ps"
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
Row = dict[str, Any]


def _wait(what: str, found: Callable[[], Any]) -> Any:
    """What `found` gives as soon as it gives something; a wait of WITHIN seconds is a hang."""
    end = time.monotonic() + processes.WITHIN
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"no {what} within {processes.WITHIN} seconds")


def _family(process: int) -> list[int]:
    """A process and all its descendants that have not ended."""
    told = subprocess.run([PS, "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True).stdout
    parents = [line.split() for line in told.splitlines()]
    found = [process]
    for one in found:
        found.extend(int(own) for own, parent, state in parents if int(parent) == one and state[0] != "Z")
    return found


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a process and its descendants."""
    for one in _family(process.pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its descendants, at once."""
    if process.poll() is None:
        _signal(process, signal.SIGKILL)
        process.wait()


# A cluster of one machine.


class Worker(NamedTuple):
    """A worker of the cluster, and where it keeps what its executors say."""

    process: subprocess.Popen[bytes]
    folder: Path

    def said(self) -> str:
        """All that its executors have said so far."""
        return "".join(one.read_text("utf-8", "replace") for one in sorted(self.folder.glob("app-*/*/stderr")))

    def is_in_the_middle(self) -> bool:
        """Whether it has done a task of one stage, and has begun one of a later stage that it has not done."""
        said = self.said()
        begun, done = (
            set(re.findall(rf"{word} task (\S+) in stage (\d+)\.0", said)) for word in ("Running", "Finished")
        )
        return any(int(stage) > int(first) for _, stage in begun - done for _, first in done)


class Cluster(NamedTuple):
    """A standalone master on loopback with two workers of one core."""

    master: str
    workers: list[Worker]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster while tests run."""
    tmp_path = tmp_path_factory.mktemp("cluster")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text("spark.shuffle.io.retryWait 200ms\n", "utf-8")
    environment = {
        **processes.environment(),
        "SPARK_CONF_DIR": str(tmp_path / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(tmp_path / "local"),
        "SPARK_DAEMON_MEMORY": "256m",
    }
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *flags: str) -> Callable[[str], str | None]:
        log = tmp_path / f"{name.lower()}{len(running)}.log"
        command = [
            str(CLASS),
            f"org.apache.spark.deploy.{name.lower()}.{name}",
            *("--host", "127.0.0.1", "--port", "0"),
        ]
        with log.open("wb") as stream:
            running.append(
                subprocess.Popen([*command, "--webui-port", "0", *flags], env=environment, stdout=stream, stderr=stream)
            )
        return lambda pattern: (re.findall(pattern, log.read_text("utf-8", "replace")) or [None])[-1]

    try:
        said = start("Master")
        master = _wait("master", lambda: said(r"Starting Spark master at (spark://127\.0\.0\.1:[1-9]\d*)"))
        workers, ready = [], []
        for number in range(2):
            folder = tmp_path / f"work{number}"
            flags = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder), master)
            ready.append(start("Worker", *flags))
            workers.append(Worker(running[-1], folder))
        for one in ready:
            _wait("worker", partial(one, "Successfully registered with master"))
        yield Cluster(master, workers, environment)
    finally:
        for process in reversed(running):
            _kill(process)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of about 10,000 refunds, and what the embedded engine finds in it."""
    folder = tmp_path_factory.mktemp("history")
    assert history.write(4_700, 7, folder) > 10_000
    assert main(_arguments(folder, "duckdb.parquet")) == 1
    return folder


def _arguments(folder: Path, out: str) -> list[str]:
    patterns = ["--requests", str(folder / "requests" / "*.parquet"), "--orders", str(folder / "orders" / "*.parquet")]
    return ["audit", *patterns, "--out", str(folder / out), "--isolated"]


@contextmanager
def _begun(cluster: Cluster, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command on the cluster, while it runs. What earlier ones left there goes."""
    for worker in cluster.workers:
        for folder in worker.folder.glob("app-*"):
            shutil.rmtree(folder)
    arguments = (*arguments, "--engine", "spark", "--master", cluster.master)
    with processes.running(*arguments, folder=ROOT, env=cluster.environment, **PIPES) as process:
        try:
            yield process
        finally:
            _kill(process)  # also the descendants that made groups of their own


def test_an_interrupt_leaves_nothing(written: Path, cluster: Cluster) -> None:
    """Ctrl-C while executors judge: exit 130, no file, no words, and the cluster is free again."""
    before = sorted(written.iterdir())
    with _begun(cluster, *_arguments(written, "never.parquet")) as running:
        _wait("task", lambda: any("Running task" in one.said() for one in cluster.workers))
        assert sorted(written.iterdir()) != before
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=processes.WITHIN)
    assert (running.returncode, out) == (130, b""), err
    assert b"Traceback" not in err
    assert sorted(written.iterdir()) == before
    _wait("end", lambda: not any(_executors(one) for one in cluster.workers))


def test_an_interrupt_while_it_starts_leaves_nothing(flags: list[str], tmp_path: Path) -> None:
    """Ctrl-C while there is no session yet: exit 130, and no JVM that goes on by itself."""
    before = sorted(tmp_path.iterdir())
    with processes.running(*flags, "--master", "local[1]", folder=tmp_path, stderr=subprocess.PIPE) as running:
        _wait("JVM", lambda: _jvms(running.pid))
        running.send_signal(signal.SIGINT)
        # It ends when nobody holds the other end any more.
        assert running.communicate(timeout=processes.WITHIN)[1] == b""
    assert running.returncode == 130
    assert sorted(tmp_path.iterdir()) == before


def _jvms(process: int) -> list[int]:
    """The descendants of a process that are not the question for Java's version."""
    return [one for one in _family(process)[1:] if "spark" in _command(one)]


def _command(process: int) -> str:
    return subprocess.run([PS, "-o", "args=", "-p", str(process)], check=False, capture_output=True, text=True).stdout


def _executors(worker: Worker) -> list[int]:
    return _family(worker.process.pid)[1:]


def _caught(worker: Worker) -> bool:
    """Whether the worker stands still in the middle, so that it does not end its task before it is killed."""
    if not worker.is_in_the_middle():
        return False
    _signal(worker.process, signal.SIGSTOP)
    if worker.is_in_the_middle():
        return True
    _signal(worker.process, signal.SIGCONT)
    return False


def test_a_killed_worker_changes_nothing(written: Path, cluster: Cluster) -> None:
    """Killed with its executor in the middle, its part is judged again: the same file, and all that is planted."""
    with _begun(cluster, *_arguments(written, "spark.parquet"), "--report", str(written / "spark.html")) as running:
        victim = _wait("task", lambda: next(filter(_caught, cluster.workers), None))
        assert running.poll() is None
        _kill(victim.process)
        out, err = running.communicate(timeout=processes.WITHIN)
    assert running.returncode == 1, err
    (other,) = (one for one in cluster.workers if one is not victim)
    assert victim.is_in_the_middle()
    assert re.search(r"Finished task \S+ in stage \d+\.[1-9]", other.said()), "nothing was done again"
    assert re.fullmatch(rb"(refundkit: Spark: .*\n)*", err)
    assert (written / "spark.parquet").read_bytes() == (written / "duckdb.parquet").read_bytes()
    names = ["row", "code", "pointer"]
    found, planted = (
        sorted(tuple(one[name] for name in names) for one in pq.read_table(written / file).to_pylist())
        for file in ("spark.parquet", "planted.parquet")
    )
    assert found == planted
    assert b"Audited 10," in out
    assert "RF203" in (written / "spark.html").read_text("utf-8")


# In one session of the tests' own.


@pytest.fixture(scope="module")
def local() -> Iterator[SparkSession]:
    """A session on two cores of this machine."""
    with session.start_session("local[2]") as found:
        yield found


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small history with ties, nulls and refused requests, in every form of file, in one file and in several."""
    folder = tmp_path_factory.mktemp("odd")
    rows = [row for seed in range(4) for row in _random_history(seed)]
    orders = list(dict.fromkeys(row["order"] for row in rows if row["order"]))
    Random(5).shuffle(orders)  # noqa: S311 - the same every time
    for row in rows:
        row["body"] = None if row["body"] in (b"\xff", b"") else row["body"]
        row["order"] = None
    names = [name for name in rows[0] if name not in ("order", "refunds")]
    half = len(rows) // 2
    for part, own in (("whole", rows), ("part-0", rows[:half]), ("part-1", rows[half:])):
        columns = {name: [_plain(name, row[name]) for row in own] for name in names}
        times = pa.array([row["time"] for row in own], pa.timestamp("us", "UTC"))
        pq.write_table(pa.table({**columns, "time": times}), folder / f"{part}.parquet", row_group_size=40)
        with (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerows([names, *zip(*columns.values(), strict=True)])
        lines = [json.dumps(dict(zip(names, values, strict=True))) for values in zip(*columns.values(), strict=True)]
        (folder / f"{part}.jsonl").write_text("\n".join(lines), "utf-8")
    table = pa.table({"order": [one.decode() for one in [*orders, b"nobody's"]]})
    pq.write_table(table, folder / "orders.parquet", row_group_size=7)
    lines = [one.decode() for one in orders if _is_object(one)]
    (folder / "orders.jsonl").write_text("\n".join(lines), "utf-8")  # as the API gave them
    earlier = {"api": "walmart", "order_id": "29613804123450", "refunds": "[]"}
    (folder / "earlier.jsonl").write_text(json.dumps(earlier) + "\n" + json.dumps({**earlier, "api": "x"}), "utf-8")
    return folder


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("requests", "suffix"),
    [
        ("whole.parquet", ".parquet"),
        ("whole.jsonl", ".jsonl"),
        ("whole.csv", ".csv"),
        ("part-*.parquet", ".jsonl"),
        ("part-*.jsonl", ".parquet"),
        ("part-*.csv", ".csv"),
    ],
)
def test_both_engines_write_the_same_file(
    local: SparkSession, odd: Path, monkeypatch: pytest.MonkeyPatch, requests: str, suffix: str
) -> None:
    """To the byte, whatever the files are; the row groups of a Parquet file are read apart."""
    from refundkit.audit import duck

    monkeypatch.setattr(spark, "_PIECE_SIZE", 1)
    named = {
        "requests": sorted(map(str, odd.glob(requests))),
        "orders": [str(odd / ("orders.jsonl" if requests.endswith("jsonl") else "orders.parquet"))],
        "refunds": [str(odd / "earlier.jsonl")],
    }
    settings = AuditSettings(statuses=True)
    one, two = odd / f"duckdb{suffix}", odd / f"spark{suffix}"
    embedded = duck.audit(AuditFiles(**named), settings, Resources(jobs=1), one)
    assert spark.write_audit(local, AuditFiles(**named), settings, two, suffix) == embedded
    assert embedded.unplaced
    assert two.read_bytes() == one.read_bytes()
    assert one.stat().st_size > 1000


def test_a_dataframe_of_findings(local: SparkSession, odd: Path) -> None:
    """In a job of one's own: the same findings, lazily, by the numbers that the requests bear."""
    assert (
        main(["audit", "--requests", str(odd / "whole.parquet"), *_context(odd), "--out", str(odd / "f.parquet")]) == 1
    )
    requests = local.read.parquet(str(odd / "whole.parquet"))
    numbered = local.createDataFrame(
        [(number, *row) for number, row in enumerate(requests.collect())], _numbered(requests)
    )
    orders = local.read.parquet(str(odd / "orders.parquet"))
    refunds = local.read.json(str(odd / "earlier.jsonl"))
    found = spark.findings(numbered.repartition(3), orders=orders, refunds=refunds)
    assert found.columns == FINDINGS.names
    wanted = pq.read_table(odd / "f.parquet").to_pylist()
    assert _sorted(found.toArrow().to_pylist()) == _sorted(wanted)
    unnumbered = spark.findings(requests, orders=orders).select("code", "pointer").toArrow().to_pylist()
    assert len(unnumbered) == len(wanted)


def _context(odd: Path) -> list[str]:
    return ["--orders", str(odd / "orders.parquet"), "--refunds", str(odd / "earlier.jsonl"), "--isolated"]


def _numbered(requests: Any) -> str:
    return ", ".join(["row bigint", *(f"{one.name} {one.dataType.simpleString()}" for one in requests.schema)])


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda one: [str(value) for value in one.values()])


def test_a_dataframe_that_is_none_of_requests_is_refused(local: SparkSession) -> None:
    """At once, before anything runs: a column that is missing, and one that is no text."""
    with pytest.raises(SourceError, match="no column 'time'"):
        spark.findings(local.createDataFrame([("x",)], "operation string"))
    with pytest.raises(SourceError, match="the column 'body' is struct"):
        spark.findings(
            local.createDataFrame(
                [("x", "2025-01-01", ("y",))], "operation string, time string, body struct<a: string>"
            )
        )


def test_bad_input_is_said_with_its_place(local: SparkSession, tmp_path: Path) -> None:
    """What an executor finds wrong reaches the user in the same words."""
    line = '{"operation": "x", "time": "%s"}\n'
    (tmp_path / "r.jsonl").write_text(line % "2025-01-01" * 3 + line % "soon", "utf-8")
    sources = AuditFiles(requests=[str(tmp_path / "r.jsonl")])
    with pytest.raises(SourceError, match=r"r\.jsonl: row 4: the time 'soon' is no ISO 8601"):
        spark.write_audit(local, sources, AuditSettings(), tmp_path / "f.csv", ".csv")
    (tmp_path / "r.jsonl").write_text("", "utf-8")
    with pytest.raises(SourceError, match="no request at all"):
        spark.write_audit(local, sources, AuditSettings(), tmp_path / "f.csv", ".csv")


# What keeps it from starting.


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    """An audit of one request on Spark."""
    (tmp_path / "r.jsonl").write_text('{"operation": "x", "time": "2025-01-01"}', "utf-8")
    files = ["--requests", str(tmp_path / "r.jsonl"), "--out", str(tmp_path / "f.csv")]
    return ["audit", *files, "--isolated", "--engine", "spark"]


def _fails(flags: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of an audit that could not begin; nothing is written."""
    folder = Path(flags[flags.index("--out") + 1]).parent
    before = sorted(folder.iterdir())
    assert main(flags) == 2
    assert sorted(folder.iterdir()) == before
    return capsys.readouterr().err


def test_without_java_it_says_so(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2 and the version that it takes: none in PATH, none in JAVA_HOME, and one that is too old."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Spark needs Java 17 or later, and there is none on this machine" in _fails(flags, capsys)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert f"JAVA_HOME={tmp_path} has none" in _fails(flags, capsys)
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    for version, says in (("1.8.0_402", "is 8"), ("11.0.22", "is 11"), ("x", "does not tell its version")):
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", "utf-8")
        java.chmod(0o755)
        assert f"{java} {says}" in _fails(flags, capsys)


def test_a_master_that_does_not_answer_is_exit_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """At once, with its address; a URL that is none is said too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = _fails([*flags, "--master", f"spark://127.0.0.1:{port}"], capsys)
    assert f"no Spark master answers at spark://127.0.0.1:{port}: Connection refused" in said
    assert "write spark://HOST:PORT" in _fails([*flags, "--master", "spark://nowhere"], capsys)


def test_what_is_no_master_is_exit_2(flags: list[str], tmp_path: Path) -> None:
    """Spark's own words, without its log."""
    left = processes.run(*flags, "--master", "nonsense", folder=tmp_path)
    assert left.status == 2
    assert left.err.startswith("refundkit: Spark does not start: ")
    assert left.err.count("\n") == 1
    assert "aster" in left.err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--jobs", "2"], "--jobs 2: only with --engine duckdb"),
        (["--memory", "1GB"], "--memory 1GB: only with --engine duckdb"),
        (["--engine", "duckdb", "--master", "local"], "--master local: only with --engine spark"),
        (["--engine", "hadoop"], "invalid choice"),
    ],
)
def test_a_flag_of_the_other_engine_is_exit_2(
    flags: list[str], capsys: pytest.CaptureFixture[str], more: list[str], says: str
) -> None:
    """It would mean nothing."""
    assert says in _fails([*flags, *more], capsys)


def test_without_the_extra_it_says_what_to_install(
    flags: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PySpark comes with refundkit[spark]."""
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert "pip install 'refundkit[spark]'" in _fails(flags, capsys)
