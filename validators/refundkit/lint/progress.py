"""How far a long run is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .sources import Part, extent

if TYPE_CHECKING:
    from tqdm import tqdm

AFTER = 2.0
"""The seconds that a run takes before it says how far it is."""


class Progress:
    """A bar on standard error, and only on a terminal: bytes done of all that there are."""

    def __init__(self, total: Callable[[], int]) -> None:
        self.total = total
        self.done = 0
        self.begun = time.monotonic()
        self.shown = sys.stderr is not None and sys.stderr.isatty()
        self.bar: tqdm[Any] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()

    def add(self, parts: Iterable[Part]) -> None:
        """These parts are checked."""
        if not self.shown:
            return
        done = sum(extent(part) for part in parts)
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
