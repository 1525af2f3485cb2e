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
_ANSWER = 10
_QUIET = {
    "spark.app.name": "refundkit audit",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2048",
}


@contextmanager
def started(master: str | None) -> Iterator[SparkSession]:
    """A session with nothing of Spark's on the terminal but what it says of lost executors and missing resources.

    A driver whose master is on this machine listens on loopback only. Raises SourceError.
    """
    _need_java()
    hosts = _hosts(master)
    _need_answer(master, hosts)
    given = dict(_QUIET)
    if master is not None:
        given["spark.master"] = master
    if all(map(_is_here, hosts)) and (hosts or (master or "").startswith("local")):
        given |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _unlogged():
        with _held() as interrupted:
            session = _launched(SparkConf().setAll(list(given.items())))
        try:
            if interrupted:
                raise KeyboardInterrupt
            with _noted():
                yield session
        finally:
            session.stop()


def _launched(conf: SparkConf) -> SparkSession:
    said: deque[str] = deque(maxlen=50)
    try:
        with _overheard(said):
            return SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:  # whatever keeps a JVM from starting
        raise SourceError(f"Spark does not start: {_reason(error, said)}") from error


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without Python's logging: Py4J logs an interrupt with its traceback."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _held() -> Iterator[list[int]]:
    """Interrupts that come in here are kept: a JVM that nobody waits for while it starts would never end."""
    kept: list[int] = []
    if current_thread() is not main_thread():
        yield kept
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: kept.append(number))
    try:
        yield kept
    finally:
        signal.signal(signal.SIGINT, before)  # not Spark's own, which would interrupt who ignores it


@contextmanager
def _noted() -> Iterator[None]:
    """An interrupt in here ends as one, though Py4J may make an error of its own of what it interrupts."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    kept: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        kept.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except Exception:
        if kept:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _need_java() -> None:
    """Raise SourceError without a Java that Spark can use; it takes the one of JAVA_HOME, or else of PATH."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java") if not home else shutil.which(Path(home, "bin", "java"))
    wanted = f"Spark needs Java {JAVA} or later"
    if java is None:
        where = f"JAVA_HOME={home} has none" if home else "there is none on this machine"
        raise SourceError(f"{wanted}, and {where}: install it, or set JAVA_HOME to where it is")
    try:
        told = subprocess.run([java, "-version"], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"{wanted}, and {java} does not run: {error}") from error
    found = re.search(r'version "(?:1\.)?([0-9]+)', told.stderr.decode("utf-8", "replace"))
    if found is None or int(found[1]) < JAVA:
        version = f"is {found[1]}" if found else "does not tell its version"
        raise SourceError(f"{wanted}, and {java} {version}: install it, or set JAVA_HOME to where it is")


def _hosts(master: str | None) -> list[tuple[str, int]]:
    """The addresses in the URL of a standalone cluster; none for other masters."""
    if master is None or not master.startswith("spark://"):
        return []
    found = []
    for one in master.removeprefix("spark://").split(","):
        host, _, port = one.rpartition(":")
        if not host or not port.isdecimal():
            raise SourceError(f"--master {master}: write spark://HOST:PORT")
        found.append((host, int(port)))
    return found


def _need_answer(master: str | None, hosts: list[tuple[str, int]]) -> None:
    """Raise SourceError where nobody listens: Spark itself would try for minutes."""
    reason = ""
    for address in hosts:
        try:
            socket.create_connection(address, _ANSWER).close()
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            return
    if hosts:
        raise SourceError(f"no Spark master answers at {master}: {reason}")


def _is_here(address: tuple[str, int]) -> bool:
    try:
        return address[0] == "localhost" or ip_address(address[0]).is_loopback
    except ValueError:
        return False


@contextmanager
def _overheard(said: deque[str]) -> Iterator[None]:
    """A JVM that starts in here writes its stderr to us: its lines are kept, what a person should know is passed on."""
    read, write = os.pipe()
    listener = Thread(target=_listen, args=(os.fdopen(read, "rb"), said), daemon=True)
    listener.start()
    own = os.dup(2)
    os.dup2(write, 2)
    os.close(write)
    try:
        yield
    except Exception:
        os.dup2(own, 2)
        listener.join(_ANSWER)  # the JVM is gone: all that it said
        raise
    finally:
        os.dup2(own, 2)
        os.close(own)


def _listen(stream: IO[bytes], said: deque[str]) -> None:
    with stream:
        for line in stream:
            said.append(line.decode("utf-8", "replace").rstrip())
            _, found, told = said[-1].partition(" TaskSchedulerImpl: ")
            if found:
                sys.stderr.write(f"refundkit: Spark: {told}\n")


def _reason(error: Exception, said: Iterable[str]) -> str:
    """Why there is no session, in one line: Spark's own exception, or what the JVM said last."""
    told = [line for line in said if line.strip() and not line.startswith(("WARNING", "\tat "))]
    java = getattr(error, "java_exception", None)
    if java is not None:
        return str(java.toString()).partition("\n")[0]
    return told[-1] if told else str(error).partition("\n")[0]
