"""A progress bar for a long run on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .sources import Part, measure_part

if TYPE_CHECKING:
    from tqdm import tqdm

AFTER = 2.0
"""Seconds after which a run shows its bar."""


class Progress:
    """A bar on standard error, if that is a terminal: bytes done of all bytes."""

    def __init__(self, total: Callable[[], int]) -> None:
        self.total = total
        self.done = 0
        self.begun = time.monotonic()
        self.is_shown = sys.stderr is not None and sys.stderr.isatty()
        self.bar: tqdm[Any] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()

    def add(self, parts: Iterable[Part]) -> None:
        """Count these parts as checked."""
        if not self.is_shown:
            return
        done = sum(measure_part(part) for part in parts)
        self.done += done
        if self.bar is not None:
            self.bar.update(done)
        elif time.monotonic() - self.begun >= AFTER:
            self.bar = self._begin()

    def _begin(self) -> tqdm[Any]:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # a thread only to redraw would outlive an interrupt
        bar: tqdm[Any] = tqdm(
            total=self.total(), initial=self.done, unit="B", unit_scale=True, file=sys.stderr, leave=False
        )
        return bar
