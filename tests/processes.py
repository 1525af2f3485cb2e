"""Runs the command in its own process, and reports its output, status and peak memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

WITHIN = 600
"""Seconds after which a process counts as hung. Far beyond any machine: how fast we are is measured in bench/."""
COMMAND = (sys.executable, "-m", "refundkit")


class Left(NamedTuple):
    """What a run left behind: `peak` is the most memory that it, or a process of its own, ever held, in MB."""

    status: int
    out: str
    err: str
    peak: float


def environment() -> dict[str, str]:
    """Return the environment of the tests, in which the command finds the same modules."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}


@contextmanager
def interruptible() -> Iterator[None]:
    """Let child processes that start here end by SIGINT, even if the tests ignore SIGINT.

    A shell starts what runs in its background so, and a child inherits it. A handler is not inherited: exec replaces it
    by the default. `preexec_fn` would do the same, but is a warning where there are threads.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def running(
    *arguments: str, folder: Path, command: tuple[str, ...] = COMMAND, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command in a folder, and kill it and its children at the end; `options` go to Popen."""
    options = {"env": environment(), **options}
    with interruptible():
        process = subprocess.Popen([*command, *arguments], cwd=folder, start_new_session=True, **options)
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[Any]) -> None:
    """Kill a process and its group, and close our ends of its pipes."""
    with suppress(ProcessLookupError):  # the whole group has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def run(*arguments: str, folder: Path, stdin: Path | None = None, command: tuple[str, ...] = COMMAND) -> Left:
    """Run the command in a folder to its end, or kill it after WITHIN seconds: then its status is -9."""
    with ExitStack() as stack:
        out, err, told = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        process = stack.enter_context(
            running(
                *(str(told.fileno()), *command, *arguments),
                folder=folder,
                command=(sys.executable, "-S", "-c", _MEASURED),
                stdin=stack.enter_context((stdin or Path(os.devnull)).open("rb")),
                stdout=out,
                stderr=err,
                pass_fds=(told.fileno(),),
            )
        )
        left = ended(process)
        texts = []
        for file in (out, err, told):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return Left(left, texts[0], texts[1], float(texts[2] or "nan"))


# A process counts as its own what its parent held when it was made, so the tests, which hold much, make none that is
# measured. Kilobytes, or bytes on a Mac.
_MEASURED = """\
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
os.write(int(sys.argv[1]), str(most).encode())
sys.exit(status if status >= 0 else 128 - status)
"""


def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process from `running`, or kill it after WITHIN seconds; return its exit status."""
    try:
        return process.wait(WITHIN)
    except subprocess.TimeoutExpired:
        kill(process)
        return process.returncode


def without_rights() -> tuple[str, ...]:
    """Return the command as run by a user who cannot read files without permission, even if the tests run as root."""
    return (sys.executable, "-c", _HUMBLE) if os.geteuid() == 0 else COMMAND


_HUMBLE = """\
import ctypes, os, sys
for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    if ctypes.CDLL(None).prctl(24, right, 0, 0, 0):  # PR_CAPBSET_DROP
        sys.exit(3)
os.execv(sys.executable, [sys.executable, "-m", "refundkit", *sys.argv[1:]])
"""
