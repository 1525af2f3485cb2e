"""A PostgreSQL server of the tests' own, on a socket in a temporary folder; it knows no network and ends with them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

_PLACES = "/usr/lib/postgresql/*/bin"
# The tests kill processes and connections, and no machine: the disk need not keep up.
_SETTINGS = "listen_addresses='' fsync=off max_connections=60 shared_buffers=16MB"


@cache
def find_programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, of the newest version where there are several."""
    command = shutil.which("initdb")
    if command is not None and Path(command).resolve().with_name("pg_ctl").exists():
        return Path(command).resolve().parent
    places = sorted(Path("/").glob(_PLACES.lstrip("/")), key=lambda place: int(place.parent.name.partition(".")[0]))
    return places[-1] if places else None


def missing() -> str:
    """Return what the tests need and this machine lacks; "" if nothing."""
    if find_spec("psycopg") is None:
        return "the Python package psycopg is not here"
    return "" if find_programs() is not None else "PostgreSQL is not here (Debian's package postgresql)"


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server, and yield the URL of its database."""
    with stoppable() as (url, _):
        yield url


@contextmanager
def stoppable() -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a server, and yield the URL of its database and a function that stops it before the end."""
    programs = find_programs()
    assert programs is not None
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:  # a socket has a short path
        folder = Path(name)
        user = _prepare(folder)
        data = str(folder / "data")
        _run(user, programs / "initdb", "-D", data, "-U", "refundkit", "-A", "trust", "-E", "UTF8", "--locale=C")
        settings = " ".join(f"-c {setting}" for setting in [f"unix_socket_directories='{folder}'", *_SETTINGS.split()])
        control = (programs / "pg_ctl", "-D", data, "-w", "-t", "120")
        _run(user, *control, "-l", str(folder / "log"), "-o", settings, "start")
        is_running = [True]

        def stop() -> None:
            if is_running.pop():
                is_running.append(False)
                _run(user, *control, "-m", "immediate", "stop")
            else:
                is_running.append(False)

        try:
            yield f"postgresql://refundkit@/postgres?host={quote(name, safe='')}", stop
        finally:
            stop()


def _prepare(folder: Path) -> int | None:
    """Return the user to run as: PostgreSQL refuses root, so the folder is given to nobody."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("nobody").pw_uid
    os.chown(folder, user, -1)
    return user


def _run(user: int | None, *command: str | Path) -> None:
    """Run a program of PostgreSQL's; a server that it starts would keep a pipe open, so its output goes nowhere."""
    subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        cwd="/",
        user=user,
        extra_groups=None if user is None else [],
    )
