"""How much work a call does: counted and not timed, so that every machine gives the same number."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


def lines_run(act: Callable[[], object]) -> int:
    """Count the lines of Python that a call runs, each as often as it runs."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    with _uncollected():
        sys.settrace(trace)
        try:
            act()
        finally:
            sys.settrace(before)
    return count


def calls_made(act: Callable[[], object]) -> int:
    """Count the calls of Python functions within a call."""
    count = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    with _uncollected():
        sys.setprofile(profile)
        try:
            act()
        finally:
            sys.setprofile(before)
    return count


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector, which calls functions too, from running at a moment of its own choice."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
