"""The command's own Spark session: what it needs to start, and what a person hears of it."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from threading import Thread, current_thread, main_thread
from typing import IO

from pyspark import SparkConf
from pyspark.sql import SparkSession

from ..errors import SourceError

JAVA = 17
"""The oldest Java that Spark runs on."""

# Seconds for a master to answer.
_TIMEOUT = 10
_CONFIGURATION = {
    "spark.app.name": "refundkit audit",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2048",
}


@contextmanager
def start_session(master: str | None) -> Iterator[SparkSession]:
    """Start a session that prints nothing but Spark's messages about lost executors and missing resources.

    A driver whose master is on this machine listens on loopback only. Raises SourceError.
    """
    _require_java()
    hosts = _parse_master(master)
    _require_master(master, hosts)
    configuration = dict(_CONFIGURATION)
    if master is not None:
        configuration["spark.master"] = master
    if all(map(_is_local, hosts)) and (hosts or (master or "").startswith("local")):
        configuration |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _silence_logging():
        with _defer_interrupt() as interrupted:
            session = _launch(SparkConf().setAll(list(configuration.items())))
        try:
            if interrupted:
                raise KeyboardInterrupt
            with _keep_interrupt():
                yield session
        finally:
            session.stop()


def _launch(conf: SparkConf) -> SparkSession:
    jvm_lines: deque[str] = deque(maxlen=50)
    try:
        with _capture_stderr(jvm_lines):
            return SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:  # whatever keeps a JVM from starting
        raise SourceError(f"Spark does not start: {_find_reason(error, jvm_lines)}") from error


@contextmanager
def _silence_logging() -> Iterator[None]:
    """Silence Python's logging: Py4J logs an interrupt with its traceback."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _defer_interrupt() -> Iterator[list[int]]:
    """Collect interrupts and go on: a JVM that is left alone while it starts would never end."""
    interrupts: list[int] = []
    if current_thread() is not main_thread():
        yield interrupts
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)  # not Spark's own, which would interrupt who ignores it


@contextmanager
def _keep_interrupt() -> Iterator[None]:
    """An interrupt in here ends as one, though Py4J may make an error of its own of what it interrupts."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    interrupts: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except Exception:
        if interrupts:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _require_java() -> None:
    """Raise SourceError without a Java that Spark can use; it takes the one of JAVA_HOME, or else of PATH."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java") if not home else shutil.which(Path(home, "bin", "java"))
    requirement = f"Spark needs Java {JAVA} or later"
    if java is None:
        where = f"JAVA_HOME={home} has none" if home else "there is none on this machine"
        raise SourceError(f"{requirement}, and {where}: install it, or set JAVA_HOME to where it is")
    try:
        result = subprocess.run([java, "-version"], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"{requirement}, and {java} does not run: {error}") from error
    version = re.search(r'version "(?:1\.)?([0-9]+)', result.stderr.decode("utf-8", "replace"))
    if version is None or int(version[1]) < JAVA:
        problem = f"is {version[1]}" if version else "does not tell its version"
        raise SourceError(f"{requirement}, and {java} {problem}: install it, or set JAVA_HOME to where it is")


def _parse_master(master: str | None) -> list[tuple[str, int]]:
    """Return the addresses in the URL of a standalone cluster; none for other masters."""
    if master is None or not master.startswith("spark://"):
        return []
    hosts = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise SourceError(f"--master {master}: write spark://HOST:PORT")
        hosts.append((host, int(port)))
    return hosts


def _require_master(master: str | None, hosts: list[tuple[str, int]]) -> None:
    """Raise SourceError where nobody listens: Spark itself would try for minutes."""
    reason = ""
    for address in hosts:
        try:
            socket.create_connection(address, _TIMEOUT).close()
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            return
    if hosts:
        raise SourceError(f"no Spark master answers at {master}: {reason}")


def _is_local(address: tuple[str, int]) -> bool:
    try:
        return address[0] == "localhost" or ip_address(address[0]).is_loopback
    except ValueError:
        return False


@contextmanager
def _capture_stderr(jvm_lines: deque[str]) -> Iterator[None]:
    """Collect the stderr of a JVM that starts in this block, and print what a person should know."""
    read, write = os.pipe()
    listener = Thread(target=_listen, args=(os.fdopen(read, "rb"), jvm_lines), daemon=True)
    listener.start()
    stderr = os.dup(2)
    os.dup2(write, 2)
    os.close(write)
    try:
        yield
    except Exception:
        os.dup2(stderr, 2)
        listener.join(_TIMEOUT)  # the JVM is gone: all that it said
        raise
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _listen(stream: IO[bytes], jvm_lines: deque[str]) -> None:
    with stream:
        for line in stream:
            jvm_lines.append(line.decode("utf-8", "replace").rstrip())
            _, separator, message = jvm_lines[-1].partition(" TaskSchedulerImpl: ")
            if separator:
                sys.stderr.write(f"refundkit: Spark: {message}\n")


def _find_reason(error: Exception, jvm_lines: Iterable[str]) -> str:
    """Return in one line why there is no session: Spark's exception, or the JVM's last line."""
    lines = [line for line in jvm_lines if line.strip() and not line.startswith(("WARNING", "\tat "))]
    java = getattr(error, "java_exception", None)
    if java is not None:
        return str(java.toString()).partition("\n")[0]
    return lines[-1] if lines else str(error).partition("\n")[0]
