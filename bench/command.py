"""Runs a command and measures its wall time and the memory of its largest process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

BIN = Path(sys.executable).parent

# A process's peak includes its parent's memory at the fork, so a small process starts the one that is measured.
_MEASURING_SCRIPT = """\
import resource, subprocess, sys, time
begun = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(status, time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Run(NamedTuple):
    """The measurements of one run: exit status, seconds, and megabytes of the largest process."""

    status: int
    seconds: float
    peak: float


def run_command(arguments: Sequence[str]) -> Run:
    """Run a command once and return its measurements."""
    numbers = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURING_SCRIPT, *arguments], check=True, capture_output=True, text=True
    ).stdout.split()
    return Run(int(numbers[0]), float(numbers[1]), int(numbers[2]) / 1024)


def measure_medians(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median of each measurement; they take turns, so that a busy moment affects all of them."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(run())
    return {name: median(each) for name, each in times.items()}
