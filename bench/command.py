"""One run of a command, measured from outside: wall time, and the most memory that any of its processes held."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

BIN = Path(sys.executable).parent

# A process counts as its own what its parent held when it was made, so a small one makes the one that is measured.
_MEASURED = """\
import resource, subprocess, sys, time
begun = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(status, time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Run(NamedTuple):
    """Exit status, seconds, and megabytes of the largest process (Linux counts in kilobytes)."""

    status: int
    seconds: float
    peak: float


def measured(arguments: Sequence[str]) -> Run:
    """Runs a command once."""
    told = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURED, *arguments], check=True, capture_output=True, text=True
    ).stdout.split()
    return Run(int(told[0]), float(told[1]), int(told[2]) / 1024)


def medians(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each of several measurements, taken in turn so that a busy moment meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(run())
    return {name: median(each) for name, each in times.items()}
