"""What a ready client needs of the connection that it stands on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, TypeVar

import httpx
from refundkit_apis._runtime.client import Client, Response

T = TypeVar("T")
Timeout: TypeAlias = float | httpx.Timeout | None
"""Of one call: seconds, or httpx's own; None is the connection's."""


class Caller(Protocol):
    """An open sync connection to one API."""

    @property
    def client(self) -> Client:
        """The connection as the generated operations take it."""

    def call(
        self,
        name: str,
        function: Callable[..., Response[T]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """The success model of an operation; `function` is its generated `sync_detailed`. Raises RefundError."""


class AsyncCaller(Protocol):
    """An open async connection to one API."""

    @property
    def client(self) -> Client:
        """The connection as the generated operations take it."""

    async def call(
        self,
        name: str,
        function: Callable[..., Awaitable[Response[T]]],
        *ids: str,
        timeout: Timeout = None,
        key: str = "",
        **arguments: Any,
    ) -> T:
        """As Caller.call, with the generated `asyncio_detailed`."""
