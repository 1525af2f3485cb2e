"""Lets the refunds of one order go one after the other, in all threads and event loops of the process."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager

import httpx
from refundkit_apis._runtime.errors import NotSent

from ..order_key import key_of_request
from ..routes import Match, base_of


class _Place(Future[None]):
    """A place in the queue of an order, done when its turn has come; `task` is None for a sync call."""

    def __init__(self, task: asyncio.Task[object] | None = None) -> None:
        super().__init__()
        self.thread = threading.get_ident()
        self.task = task


class OrderQueue:
    """The refunds that are under way or wait, by order; the first of each order has its turn."""

    _lock: threading.Lock
    _places: dict[str, deque[_Place]]

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all refunds, as a forked process must: whoever had a turn did not come along."""
        self._lock = threading.Lock()
        self._places = {}

    def count(self, order: str) -> int:
        """Return how many refunds of an order are under way or wait."""
        with self._lock:
            return len(self._places.get(order, ()))

    @contextmanager
    def turn(self, order: str) -> Generator[None, None, None]:
        """Wait for the order's turn, and hold it. Raises NotSent if that would wait for itself."""
        place = _Place()
        self._enter(order, place)
        try:
            place.result()
            yield
        finally:
            self._leave(order, place)

    @asynccontextmanager
    async def turn_async(self, order: str) -> AsyncGenerator[None, None]:
        """As `turn`, without blocking the event loop."""
        place = _Place(asyncio.current_task())
        self._enter(order, place)
        try:
            await _wait(place)
            yield
        finally:
            self._leave(order, place)

    def _enter(self, order: str, place: _Place) -> None:
        with self._lock:
            places = self._places.setdefault(order, deque())
            if any(_waits_for(place, earlier) for earlier in places):
                raise NotSent(
                    "not sent: the refund would wait for itself. Another refund of the same order is under way right "
                    "here: refund it after that, not in on_report, an event hook or a blocking call of its event loop"
                )
            places.append(place)
            is_first = places[0] is place
        if is_first:
            place.set_result(None)

    def _leave(self, order: str, place: _Place) -> None:
        with self._lock:
            places = self._places.get(order, deque())
            if place not in places:  # the queue was cleared meanwhile
                return
            had_turn = places[0] is place
            places.remove(place)
            following = places[0] if places and had_turn else None
            if not places:
                del self._places[order]
        if following is not None:
            following.set_result(None)


def _waits_for(place: _Place, earlier: _Place) -> bool:
    """True if an earlier place cannot end before this one does: it is of the same task, or blocked by this call."""
    if place.task is not None and earlier.task is not None:
        return place.task is earlier.task
    return place.thread == earlier.thread


async def _wait(place: _Place) -> None:
    """Wait for the turn of a place. A cancelled task leaves the place as it is."""
    loop = asyncio.get_running_loop()
    turn: asyncio.Future[None] = loop.create_future()
    place.add_done_callback(lambda _: loop.call_soon_threadsafe(_wake, turn))
    await turn


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


QUEUE = OrderQueue()
"""The queue of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=QUEUE.clear)


def order_of(match: Match, request: httpx.Request) -> str:
    """Return the text that is equal for all requests about one order, under any spelling of them.

    Shops below different paths of one host share their queues: it is better to wait in vain than not to wait.
    """
    key = key_of_request(match.operation.name, match.path, None)
    order = f"{match.operation.api} {sorted(match.path.items())}" if key is None else key.text
    host = base_of(match.operation, str(request.url)).partition("/")[0]
    return f"{host} {order}".casefold()
